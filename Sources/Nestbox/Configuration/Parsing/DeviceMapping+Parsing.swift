internal import OCISpec

extension DeviceMapping {
    /// Parses `HOST[:CONTAINER][:PERMISSIONS]`, the value of `--device`.
    ///
    /// - Throws: `ConfigurationError`.
    public init(parsing text: String, option: String) throws(ConfigurationError) {
        let accepted = "give HOST-PATH[:CONTAINER-PATH[:rwm]], like /dev/fuse"
        let parts = text.parts(UInt8(ascii: ":"))
        guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
            throw ConfigurationError(option, text, "it is no device mapping", accepted: accepted)
        }
        let host = try NameText.absolutePath(parts[0], option: option, value: text, what: "the device")
        var container = host
        var permissions = "rwm"
        if parts.count == 2, Self.arePermissions(parts[1]) {
            permissions = parts[1]
        } else if parts.count >= 2 {
            container = try NameText.absolutePath(
                parts[1], option: option, value: text, what: "the path in the container")
        }
        if parts.count == 3 {
            guard Self.arePermissions(parts[2]) else {
                throw ConfigurationError(
                    option, text, "\(ConfigurationError.quoted(parts[2])) are no permissions",
                    accepted: "give some of r, w and m")
            }
            permissions = parts[2]
        }
        self.init(hostPath: host, containerPath: container, permissions: permissions)
    }

    private static func arePermissions(_ text: String) -> Bool {
        !text.isEmpty && text.allSatisfy { "rwm".contains($0) } && Set(text).count == text.count
    }
}

extension DeviceRate {
    /// Parses `PATH:RATE`; the rate may have a unit when `bytes` is true.
    ///
    /// - Throws: `ConfigurationError`.
    public init(parsing text: String, bytes: Bool, option: String) throws(ConfigurationError) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else {
            throw ConfigurationError(
                option, text, "there is no rate",
                accepted: "give DEVICE:\(bytes ? "RATE, like /dev/sda:10m" : "NUMBER")")
        }
        let path = try NameText.absolutePath(String(text[..<colon]), option: option, value: text, what: "the device")
        let rate = String(text[text.utf8.index(after: colon)...])
        let number: Int64 =
            bytes
            ? try OptionNumber.bytes(rate, option: option)
            : try OptionNumber.integer(rate, option: option, in: 0...Int64.max)
        self.init(path: path, rate: UInt64(number))
    }
}

extension Ulimit {
    /// The limits that setrlimit(2) knows, by their names in `--ulimit`.
    public static let names: Set<String> = [
        "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss",
        "rtprio", "rttime", "sigpending", "stack",
    ]

    /// Parses `NAME=SOFT[:HARD]`; -1 and `unlimited` set no limit.
    ///
    /// - Throws: `ConfigurationError`.
    public init(parsing text: String, option: String) throws(ConfigurationError) {
        let accepted = "give NAME=SOFT[:HARD], like nofile=1024:4096"
        let (key, value) = try NameText.keyValue(text, option: option, required: true)
        let name = key.asciiLowercased
        guard Self.names.contains(name) else {
            throw ConfigurationError(
                option, text, "there is no limit \(ConfigurationError.quoted(key))",
                accepted: "give one of \(Self.names.sorted().joined(separator: ", "))")
        }
        let parts = value.parts(UInt8(ascii: ":"))
        let limits = parts.compactMap { part -> UInt64? in
            if part == "-1" || part == "unlimited" { return .max }
            return part.allSatisfy(\.isASCIIDigit) ? UInt64(part) : nil
        }
        guard limits.count == parts.count, let soft = limits.first, let hard = limits.last, limits.count <= 2 else {
            throw ConfigurationError(option, text, "it is no limit", accepted: accepted)
        }
        guard soft <= hard else {
            throw ConfigurationError(option, text, "the soft limit is above the hard limit", accepted: accepted)
        }
        self.init(name: name, soft: soft, hard: hard)
    }
}
