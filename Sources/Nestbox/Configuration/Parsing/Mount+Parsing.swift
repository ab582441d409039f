internal import OCISpec

extension MountConfiguration {
    /// Parses `type=…,source=…,target=…`, the value of `--mount`.
    ///
    /// - Parameters:
    ///   - text: The value.
    ///   - option: The flag's name, for errors.
    ///   - workingDirectory: What a source that starts with `.` is relative to.
    /// - Throws: `ConfigurationError`.
    public init(mount text: String, option: String, workingDirectory: String) throws(ConfigurationError) {
        let fields = try Self.fields(text, option: option)
        let type = fields.last { $0.key == "type" }?.value ?? Kind.volume.rawValue
        guard let kind = Kind(rawValue: type.asciiLowercased) else {
            throw ConfigurationError(
                option, text, "there is no type \(ConfigurationError.quoted(type))",
                accepted: "give bind, volume or tmpfs")
        }
        self.init(kind: kind, target: "")
        var seen: Set<String> = []
        for field in fields {
            let key = Self.aliases[field.key] ?? field.key
            guard seen.insert(key).inserted else {
                throw ConfigurationError(option, text, "\(key) is given twice")
            }
            if let dash = key.firstIndex(of: "-"), let owner = Kind(rawValue: String(key[..<dash])), owner != kind {
                throw ConfigurationError(option, text, "\(key) does not go with type=\(kind.rawValue)")
            }
            try apply(key, field.value, option: option, text: text, workingDirectory: workingDirectory)
        }
        try finishMount(option: option, text: text)
    }

    private static let aliases = [
        "src": "source", "dst": "target", "destination": "target", "ro": "readonly",
    ]

    private mutating func apply(
        _ key: String, _ value: String?, option: String, text: String, workingDirectory: String
    ) throws(ConfigurationError) {
        switch (key, value) {
        case ("readonly", _):
            readOnly = try Self.flag(value, option: "\(option) readonly")
        case ("volume-nocopy", _):
            volumeNoCopy = try Self.flag(value, option: "\(option) volume-nocopy")
        case ("bind-nonrecursive", _):
            recursion = try Self.flag(value, option: "\(option) bind-nonrecursive") ? .disabled : .enabled
        case ("bind-create-src", _):
            createSource = try Self.flag(value, option: "\(option) bind-create-src")
        case (_, nil):
            throw ConfigurationError(
                option, text, "the field \(ConfigurationError.quoted(key)) has no value", accepted: "give KEY=VALUE")
        case ("type", _), ("consistency", _):
            break
        case ("source", let value?):
            source = kind == .bind && Self.isRelative(value) ? Self.absolute(value, workingDirectory) : value
        case ("target", let value?):
            target = try Self.target(value, option: option, value: text)
        case ("bind-propagation", let value?):
            guard let mode = Propagation(rawValue: value) else {
                throw ConfigurationError(
                    option, text, "there is no propagation \(ConfigurationError.quoted(value))",
                    accepted: "give private, rprivate, shared, rshared, slave or rslave")
            }
            propagation = mode
        case ("bind-recursive", let value?):
            guard let mode = Recursion(rawValue: value) else {
                throw ConfigurationError(
                    option, text, "there is no bind-recursive \(ConfigurationError.quoted(value))",
                    accepted: "give enabled, disabled, writable or readonly")
            }
            recursion = mode
        case ("volume-subpath", let value?):
            volumeSubpath = value
        case ("volume-driver", "local"):
            break
        case ("tmpfs-size", let value?):
            tmpfsSize = try OptionNumber.bytes(value, option: "\(option) tmpfs-size")
        case ("tmpfs-mode", let value?):
            tmpfsMode = try Self.mode(value, option: "\(option) tmpfs-mode")
        case ("volume-driver", _), ("volume-opt", _), ("volume-label", _):
            throw ConfigurationError(option, text, "\(key) is not supported: volumes are local folders without options")
        default:
            throw ConfigurationError(
                option, text, "there is no field \(ConfigurationError.quoted(key))",
                accepted: "give type, source, target, readonly, bind-propagation, bind-recursive, bind-create-src, "
                    + "volume-nocopy, volume-subpath, tmpfs-size or tmpfs-mode")
        }
    }

    /// What must hold between the fields.
    private mutating func finishMount(option: String, text: String) throws(ConfigurationError) {
        guard !target.isEmpty else {
            throw ConfigurationError(option, text, "there is no target", accepted: "add target=/path/in/the/container")
        }
        switch (kind, source) {
        case (.tmpfs, _?):
            throw ConfigurationError(option, text, "a tmpfs has no source")
        case (.bind, nil), (.bind, ""):
            throw ConfigurationError(option, text, "there is no source", accepted: "add source=/path/on/the/host")
        case (.bind, let path?):
            source = try NameText.absolutePath(path, option: option, value: text, what: "the source")
        case (.volume, ""):
            source = nil
        case (.volume, let name?):
            guard NameText.isName(name) else {
                throw ConfigurationError(
                    option, text, "\(ConfigurationError.quoted(name)) is no volume's name",
                    accepted: "give letters, digits, _, . and -, or type=bind for a folder of the host")
            }
        default: break
        }
        if let path = volumeSubpath {
            let cleaned = NameText.clean(path)
            guard !path.begins(with: "/"), cleaned != "..", !cleaned.begins(with: "../") else {
                throw ConfigurationError(
                    option, text, "volume-subpath leads out of the volume", accepted: "give a relative path without ..")
            }
            volumeSubpath = cleaned == "." ? nil : cleaned
        }
        guard recursion == .enabled || recursion == .disabled || readOnly else {
            throw ConfigurationError(
                option, text, "bind-recursive=\(recursion.rawValue) needs a read-only mount", accepted: "add readonly")
        }
        if recursion == .readonly, let propagation, propagation != .rprivate {
            throw ConfigurationError(
                option, text, "bind-recursive=readonly needs bind-propagation=rprivate, not \(propagation.rawValue)")
        }
    }

    private static func flag(_ value: String?, option: String) throws(ConfigurationError) -> Bool {
        guard let value else { return true }
        return try OptionNumber.boolean(value, option: option)
    }

    /// The fields of one line of CSV, as Go's `encoding/csv` reads it: a field in double quotes may hold commas, and `""`
    /// stands for one quote.
    private static func fields(
        _ text: String, option: String
    ) throws(ConfigurationError) -> [(key: String, value: String?)] {
        var fields: [[UInt8]] = [[]]
        var quoted = false
        var rest = Array(text.utf8)[...]
        let quote = UInt8(ascii: "\"")
        while let byte = rest.popFirst() {
            let last = fields.count - 1
            if quoted {
                if byte != quote {
                    fields[last].append(byte)
                } else if rest.first == quote {
                    fields[last].append(quote)
                    rest.removeFirst()
                } else if rest.isEmpty || rest.first == UInt8(ascii: ",") {
                    quoted = false
                } else {
                    throw ConfigurationError(
                        option, text, "something follows a closing quote", accepted: "put a comma after it")
                }
            } else if byte == UInt8(ascii: ",") {
                fields.append([])
            } else if byte == quote {
                guard fields[last].isEmpty else {
                    throw ConfigurationError(
                        option, text, "a quote stands inside a field",
                        accepted: "quote the whole field: \"source=/a,b\"")
                }
                quoted = true
            } else {
                fields[last].append(byte)
            }
        }
        guard !quoted else { throw ConfigurationError(option, text, "a quote is not closed") }
        var result: [(key: String, value: String?)] = []
        for bytes in fields {
            let pair = String(decoding: bytes, as: UTF8.self).parts(UInt8(ascii: "="), maxSplits: 1)
            guard !pair[0].isEmpty else {
                throw ConfigurationError(option, text, "a field is empty", accepted: "give KEY=VALUE,KEY=VALUE")
            }
            result.append((pair[0].asciiLowercased, pair.count == 2 ? pair[1] : nil))
        }
        return result
    }
}
