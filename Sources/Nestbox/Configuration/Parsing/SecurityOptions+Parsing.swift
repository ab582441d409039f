extension SecurityOptions {
    /// Takes one `--security-opt`.
    ///
    /// - Parameters:
    ///   - text: The value.
    ///   - option: The flag's name, for errors.
    ///   - readProfile: Reads the seccomp profile of that path.
    /// - Throws: `ConfigurationError`, or what `readProfile` throws.
    public mutating func apply(
        _ text: String, option: String, readProfile: (String) throws -> String
    ) throws {
        let separator = text.utf8.firstIndex { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ":") }
        let key = separator.map { String(text[..<$0]) } ?? text
        let value = separator.map { String(text[text.utf8.index(after: $0)...]) }
        switch (key, value) {
        case ("no-new-privileges", nil):
            noNewPrivileges = true
        case ("no-new-privileges", let value?):
            noNewPrivileges = try OptionNumber.boolean(value, option: "\(option) no-new-privileges")
        case ("seccomp", "unconfined"):
            seccomp = .unconfined
        case ("seccomp", "builtin"), ("seccomp", "default"):
            seccomp = .default
        case ("seccomp", let path?) where !path.isEmpty:
            seccomp = .profile(try readProfile(path))
        // There is no AppArmor profile and no SELinux label on a Nestbox container, so "none" is already true.
        case ("apparmor", "unconfined"), ("label", "disable"):
            break
        case ("apparmor", _):
            throw ConfigurationError(
                option, text, "AppArmor profiles are not supported", accepted: "give apparmor=unconfined")
        case ("label", _):
            throw ConfigurationError(option, text, "SELinux labels are not supported", accepted: "give label=disable")
        case ("systempaths", "unconfined"):
            systemPathsUnconfined = true
        default:
            throw ConfigurationError(
                option, text, "there is no such security option",
                accepted: "give no-new-privileges, seccomp=FILE, seccomp=unconfined or systempaths=unconfined")
        }
    }
}

/// Names of capabilities in `--cap-add` and `--cap-drop`.
public enum CapabilityList {
    /// `CAP_` and the name in capitals, or `ALL`.
    ///
    /// - Throws: `ConfigurationError` when it has not the form of a capability's name.
    public static func name(_ text: String, option: String) throws(ConfigurationError) -> String {
        let upper = text.asciiUppercased
        if upper == "ALL" || upper == "CAP_ALL" { return "ALL" }
        let name = upper.hasPrefix("CAP_") ? String(upper.dropFirst(4)) : upper
        guard !name.isEmpty, name.allSatisfy({ $0.isASCIILetter || $0 == "_" }) else {
            throw ConfigurationError(
                option, text, "it is no capability", accepted: "give a name like NET_ADMIN or CAP_NET_ADMIN, or ALL")
        }
        return "CAP_" + name
    }
}
