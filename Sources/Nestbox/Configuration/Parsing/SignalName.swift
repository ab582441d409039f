/// Signals by number and by name, as `kill` and `--stop-signal` take them.
public enum SignalName {
    /// The numbers of Linux on x86_64 and aarch64, first name first.
    private static let names: [String] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]
    private static let aliases: [String: Int32] = ["IOT": 6, "CLD": 17, "POLL": 29, "UNUSED": 31]
    /// The first and the last real-time signal that the C library leaves to programs.
    private static let realTime: ClosedRange<Int32> = 34...64

    /// The number of `text`: `9`, `KILL`, `SIGKILL`, `SIGRTMIN+3`, in any case; nil when it is no signal.
    public static func number(_ text: String) -> Int32? {
        if text.allSatisfy(\.isASCIIDigit) {
            return Int32(text).flatMap { (1...64).contains($0) ? $0 : nil }
        }
        let upper = text.asciiUppercased
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        if let index = names.firstIndex(of: name) { return Int32(index + 1) }
        if let number = aliases[name] { return number }
        for (prefix, sign, base) in [("RTMIN", "+", realTime.lowerBound), ("RTMAX", "-", realTime.upperBound)] {
            guard name.hasPrefix(prefix) else { continue }
            let rest = name.dropFirst(prefix.count)
            if rest.isEmpty { return base }
            guard rest.hasPrefix(sign), rest.dropFirst().allSatisfy(\.isASCIIDigit),
                let offset = Int32(rest.dropFirst())
            else { return nil }
            let number = sign == "+" ? base.addingReportingOverflow(offset) : base.subtractingReportingOverflow(offset)
            return !number.overflow && realTime.contains(number.partialValue) ? number.partialValue : nil
        }
        return nil
    }

    /// The number of `text`, given for `option`.
    ///
    /// - Throws: `ConfigurationError` when it is no signal.
    public static func number(_ text: String, option: String) throws(ConfigurationError) -> Int32 {
        guard let number = number(text) else {
            throw ConfigurationError(
                option, text, "there is no such signal", accepted: "give a name like SIGTERM, or a number from 1 to 64")
        }
        return number
    }

    /// The name of a number, for example `SIGTERM`; `SIGRTMIN+2` for real-time signals, else the number itself.
    public static func name(of number: Int32) -> String {
        if number >= 1, number <= names.count { return "SIG" + names[Int(number) - 1] }
        if realTime.contains(number) {
            return number == realTime.lowerBound ? "SIGRTMIN" : "SIGRTMIN+\(number - realTime.lowerBound)"
        }
        return String(number)
    }
}
