public import OCISpec

/// `--device-cgroup-rule`.
public enum DeviceRuleText {
    /// Parses `TYPE MAJOR:MINOR PERMISSIONS`, such as `c 42:* rmw`; `a` stands for all devices.
    ///
    /// - Throws: `ConfigurationError`.
    public static func rule(
        _ text: String, option: String
    ) throws(ConfigurationError) -> RuntimeSpecification.Linux.Resources.DeviceRule {
        let failure = ConfigurationError(
            option, text, "it is no rule", accepted: "give TYPE MAJOR:MINOR PERMISSIONS, like \"c 42:* rmw\"")
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 3 else { throw failure }
        let numbers = words[1].split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard numbers.count == 2, ["a", "b", "c"].contains(words[0]), !words[2].isEmpty,
            words[2].allSatisfy({ "rwm".contains($0) })
        else { throw failure }
        var parsed: [Int64?] = []
        for number in numbers {
            guard number != "*" else {
                parsed.append(nil)
                continue
            }
            // dev_t has 12 and 20 bits for them (kdev_t.h).
            guard number.allSatisfy(\.isASCIIDigit), let value = Int64(number), value < 1 << 20 else { throw failure }
            parsed.append(value)
        }
        return .init(
            allow: true, type: words[0] == "a" ? .all : words[0] == "b" ? .block : .character, major: parsed[0],
            minor: parsed[1], access: words[2])
    }
}
