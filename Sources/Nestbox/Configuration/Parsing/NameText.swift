internal import OCISpec

/// Names and paths that come from outside, and the one place that decides which are good.
public enum NameText {
    /// A container's or volume's name: `[A-Za-z0-9][A-Za-z0-9_.-]+`, at most 255 characters.
    public static func isName(_ text: some StringProtocol, minimum: Int = 2) -> Bool {
        guard let first = text.first, first.isASCIIAlphanumeric, (minimum...255).contains(text.utf8.count) else {
            return false
        }
        return text.allSatisfy { $0.isASCIIAlphanumeric || $0 == "_" || $0 == "." || $0 == "-" }
    }

    /// A container's name.
    ///
    /// - Throws: `ConfigurationError`.
    public static func containerName(_ text: String, option: String) throws(ConfigurationError) -> String {
        guard isName(text) else {
            throw ConfigurationError(
                option, text, "it is no name",
                accepted: "give 2 to 255 letters, digits, _, . and -, the first a letter or digit")
        }
        return text
    }

    /// A host or domain name: at most 64 letters, digits, `_`, `.` and `-` (the kernel's limit).
    ///
    /// - Throws: `ConfigurationError`.
    public static func hostname(_ text: String, option: String) throws(ConfigurationError) -> String {
        let accepted = "give at most 64 letters, digits, _, . and -, the first a letter or digit"
        guard text.utf8.count <= 64 else {
            throw ConfigurationError(option, text, "it is longer than 64 bytes", accepted: accepted)
        }
        guard isName(text, minimum: 1) else {
            throw ConfigurationError(option, text, "it is no host name", accepted: accepted)
        }
        return text
    }

    /// An absolute path, cleaned of `//`, `.` and `..`.
    ///
    /// - Throws: `ConfigurationError` when it is relative or too long.
    public static func absolutePath(_ text: String, option: String, value: String? = nil, what: String)
        throws(ConfigurationError) -> String
    {
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw ConfigurationError(
                option, value ?? text, "\(what) \(ConfigurationError.quoted(text)) is no absolute path",
                accepted: "start it with /")
        }
        guard text.utf8.count < 4096 else {
            throw ConfigurationError(option, value ?? text, "\(what) is longer than 4095 bytes")
        }
        return clean(text)
    }

    /// `path` without empty and `.` components, each `..` taken with the component before it, as Go's `path.Clean`.
    public static func clean(_ path: String) -> String {
        let absolute = path.utf8.first == UInt8(ascii: "/")
        var parts: [String] = []
        for part in path.parts(UInt8(ascii: "/")) where !part.isEmpty && part != "." {
            if part != ".." {
                parts.append(part)
            } else if let last = parts.last, last != ".." {
                parts.removeLast()
            } else if !absolute {
                parts.append(part)
            }
        }
        let joined = parts.joined(separator: "/")
        return absolute ? "/" + joined : (joined.isEmpty ? "." : joined)
    }

    /// A user or group specification, checked for form only: it is looked up in the container's own files.
    ///
    /// - Throws: `ConfigurationError`.
    public static func user(_ text: String, option: String) throws(ConfigurationError) -> String {
        let parts = text.parts(UInt8(ascii: ":"))
        let good =
            parts.count <= 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.count <= 256
                    && part.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "/" }
            }
        guard good else {
            throw ConfigurationError(
                option, text, "it is no user", accepted: "give a name or id, and a group after a colon, like 1000:100")
        }
        return text
    }

    /// A group's name or id.
    ///
    /// - Throws: `ConfigurationError`.
    public static func group(_ text: String, option: String) throws(ConfigurationError) -> String {
        guard !text.utf8.contains(UInt8(ascii: ":")), (try? user(text, option: option)) != nil else {
            throw ConfigurationError(option, text, "it is no group", accepted: "give a group's name or id")
        }
        return text
    }

    /// Splits `key=value`; the key may not be empty.
    ///
    /// - Throws: `ConfigurationError` when there is no key, or no `=` where one is `required`.
    public static func keyValue(_ text: String, option: String, required: Bool) throws(ConfigurationError) -> (
        key: String, value: String
    ) {
        let parts = text.parts(UInt8(ascii: "="), maxSplits: 1)
        guard !parts[0].isEmpty else {
            throw ConfigurationError(option, text, "there is no name before the =", accepted: "give NAME=VALUE")
        }
        guard parts.count == 2 || !required else {
            throw ConfigurationError(option, text, "there is no =", accepted: "give NAME=VALUE")
        }
        return (parts[0], parts.count == 2 ? parts[1] : "")
    }

    /// A kernel parameter and its value.
    ///
    /// - Throws: `ConfigurationError` when the name is no dotted name; whether the kernel has it shows at the start.
    public static func sysctl(_ text: String, option: String) throws(ConfigurationError) -> (key: String, value: String)
    {
        let (key, value) = try keyValue(text, option: option, required: true)
        let parts = key.split(omittingEmptySubsequences: false) { $0 == "." || $0 == "/" }
        let good = parts.allSatisfy { part in
            !part.isEmpty && part.allSatisfy { $0.isASCIIAlphanumeric || $0 == "_" || $0 == "-" }
        }
        guard parts.count >= 2, good else {
            throw ConfigurationError(
                option, text, "\(ConfigurationError.quoted(key)) is no kernel parameter",
                accepted: "give a dotted name, like net.core.somaxconn=1024")
        }
        return (key, value)
    }
}
