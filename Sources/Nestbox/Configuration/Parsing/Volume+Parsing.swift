internal import OCISpec

extension MountConfiguration {
    /// Parses `[SOURCE:]TARGET[:OPTIONS]`, the value of `-v`.
    ///
    /// - Parameters:
    ///   - text: The value.
    ///   - option: The flag's name, for errors.
    ///   - workingDirectory: What a source that starts with `.` is relative to.
    /// - Throws: `ConfigurationError`.
    public init(volume text: String, option: String, workingDirectory: String) throws(ConfigurationError) {
        let accepted = "give [SOURCE:]TARGET[:OPTIONS], like /srv/data:/data:ro"
        let parts = text.parts(UInt8(ascii: ":"))
        guard parts.count <= 3, parts.allSatisfy({ !$0.isEmpty }) else {
            throw ConfigurationError(
                option, text, parts.count > 3 ? "it has too many colons" : "a part of it is empty", accepted: accepted)
        }
        let target = try Self.target(parts[parts.count == 1 ? 0 : 1], option: option, value: text)
        if parts.count == 1 {
            self.init(kind: .volume, target: target)
            return
        }
        let source = parts[0]
        if source.first == "/" || Self.isRelative(source) {
            self.init(kind: .bind, source: Self.absolute(source, workingDirectory), target: target)
            createSource = true
        } else {
            guard NameText.isName(source) else {
                throw ConfigurationError(
                    option, text, "\(ConfigurationError.quoted(source)) is no volume's name",
                    accepted: "give letters, digits, _, . and -; a folder of the host starts with / or ./")
            }
            self.init(kind: .volume, source: source, target: target)
        }
        if parts.count == 3 { try applyVolumeOptions(parts[2], option: option, value: text) }
    }

    private mutating func applyVolumeOptions(
        _ text: String, option: String, value: String
    ) throws(ConfigurationError) {
        var seen: Set<String> = []
        for word in text.parts(UInt8(ascii: ",")) {
            let group: String
            switch word {
            case "ro", "rw":
                group = "ro or rw"
                readOnly = word == "ro"
            case "nocopy":
                group = word
                guard kind == .volume else {
                    throw ConfigurationError(option, value, "nocopy is for volumes, not for folders of the host")
                }
                volumeNoCopy = true
            case "z", "Z":
                // SELinux labels: a container of Nestbox has none, so there is nothing to relabel for.
                group = "z or Z"
            case "cached", "delegated", "consistent":
                // Docker Desktop's hints about file sharing with a virtual machine; they change nothing on Linux.
                group = "consistency"
            case "rbind", "bind":
                group = "rbind or bind"
                guard kind == .bind else {
                    throw ConfigurationError(option, value, "\(word) is for folders of the host, not for volumes")
                }
                recursion = word == "bind" ? .disabled : .enabled
            default:
                guard let mode = Propagation(rawValue: word) else {
                    throw ConfigurationError(
                        option, value, "there is no option \(ConfigurationError.quoted(word))",
                        accepted: "give ro, rw, nocopy, z, Z, bind, rbind or a propagation like rslave")
                }
                guard kind == .bind else {
                    throw ConfigurationError(option, value, "\(word) is for folders of the host, not for volumes")
                }
                group = "propagation"
                propagation = mode
            }
            guard seen.insert(group).inserted else {
                throw ConfigurationError(
                    option, value, "\(ConfigurationError.quoted(word)) comes after another \(group)")
            }
        }
    }

    /// Parses `TARGET[:OPTIONS]`, the value of `--tmpfs`.
    ///
    /// - Throws: `ConfigurationError`.
    public init(tmpfs text: String, option: String) throws(ConfigurationError) {
        let parts = text.parts(UInt8(ascii: ":"), maxSplits: 1)
        self.init(kind: .tmpfs, target: try Self.target(parts[0], option: option, value: text))
        guard parts.count == 2, !parts[1].isEmpty else { return }
        var opposites = ["exec": "noexec", "suid": "nosuid", "dev": "nodev"]
        for (allowed, refused) in opposites { opposites[refused] = allowed }
        for word in parts[1].parts(UInt8(ascii: ",")) {
            let pair = word.parts(UInt8(ascii: "="), maxSplits: 1)
            switch (pair[0], pair.count == 2 ? pair[1] : nil) {
            case ("ro", nil):
                readOnly = true
            case ("rw", nil):
                readOnly = false
            case ("size", let size?):
                try applyTmpfsSize(size, option: "\(option) size")
            case ("mode", let mode?):
                tmpfsMode = try Self.mode(mode, option: "\(option) mode")
            case ("uid", let number?), ("gid", let number?), ("nr_inodes", let number?), ("nr_blocks", let number?):
                _ = try OptionNumber.bytes(number, option: "\(option) \(pair[0])")
                tmpfsOptions.append(word)
            case ("exec", nil), ("noexec", nil), ("suid", nil), ("nosuid", nil), ("dev", nil), ("nodev", nil):
                tmpfsOptions.removeAll { $0 == word || $0 == opposites[word] }
                tmpfsOptions.append(word)
            case ("async", nil), ("sync", nil), ("atime", nil), ("noatime", nil), ("diratime", nil),
                ("nodiratime", nil), ("relatime", nil), ("norelatime", nil), ("strictatime", nil),
                ("nostrictatime", nil):
                tmpfsOptions.append(word)
            default:
                throw ConfigurationError(
                    option, text, "there is no option \(ConfigurationError.quoted(word))",
                    accepted:
                        "give ro, rw, size=, mode=, uid=, gid=, nr_inodes=, exec, noexec, suid, nosuid, dev, nodev")
            }
        }
    }

    private mutating func applyTmpfsSize(_ size: String, option: String) throws(ConfigurationError) {
        guard size.last == "%" else {
            tmpfsSize = try OptionNumber.bytes(size, option: option)
            return
        }
        let percent: Int = try OptionNumber.integer(
            String(size.dropLast()), option: option, in: 1...100, meaning: "percent of the memory")
        tmpfsOptions.append("size=\(percent)%")
    }

    /// The permissions of a tmpfs' root, in octal.
    static func mode(_ text: String, option: String) throws(ConfigurationError) -> UInt32 {
        guard let mode = UInt32(text, radix: 8), mode <= 0o7777, text.first != "+" else {
            throw ConfigurationError(option, text, "these are no permissions", accepted: "give octal digits, like 1777")
        }
        return mode
    }

    /// Where a mount goes: absolute, cleaned, not the root itself.
    static func target(_ text: String, option: String, value: String) throws(ConfigurationError) -> String {
        let path = try NameText.absolutePath(text, option: option, value: value, what: "the path in the container")
        guard path != "/" else {
            throw ConfigurationError(option, value, "the container's / cannot be mounted over")
        }
        return path
    }

    /// `.`, `..`, or what starts with `./` or `../`.
    static func isRelative(_ text: String) -> Bool {
        text == "." || text == ".." || text.hasPrefix("./") || text.hasPrefix("../")
    }

    static func absolute(_ text: String, _ workingDirectory: String) -> String {
        NameText.clean(text.utf8.first == UInt8(ascii: "/") ? text : workingDirectory + "/" + text)
    }
}
