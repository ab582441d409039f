internal import CCap

/// One privilege of the superuser, capabilities(7), by its number in `linux/capability.h`.
public struct Capability: Hashable, Sendable, CustomStringConvertible {
    /// The number, 0…63.
    ///
    /// Numbers newer than libcap and than the kernel are allowed.
    public let number: Int

    /// The capability of that number; nil outside 0…63, which is what the kernel's masks have room for.
    public init?(number: Int) {
        guard 0..<64 ~= number else { return nil }
        self.number = number
    }

    private init(_ number: Int) {
        self.number = number
    }

    /// Reads `CAP_CHOWN`, `chown`, or a number such as `CAP_41` or `41` for one that libcap has no name for.
    ///
    /// - Throws: `CapabilityError` with the nearest valid name.
    public init(name: String) throws(CapabilityError) {
        let short = Self.shortName(name)
        if let number = Int(short), let capability = Capability(number: number), short.utf8.first != UInt8(ascii: "+") {
            self = capability
            return
        }
        var value: cap_value_t = -1
        // Only letters and underscores reach libcap: it would also take `0x15` or ` 21`.
        let isWord = !short.isEmpty && short.utf8.allSatisfy { $0 == UInt8(ascii: "_") || 97...122 ~= $0 }
        guard isWord, ("cap_" + short).withCString({ cap_from_name($0, &value) }) == 0,
            let capability = Capability(number: Int(value))
        else {
            throw CapabilityError(name: name, nearest: Self.nearestName(to: short))
        }
        self = capability
    }

    /// The name as the OCI runtime specification writes it, for example `CAP_CHOWN`; `CAP_41` without a name.
    public var name: String {
        guard let text = cap_to_name(cap_value_t(number)) else { return "CAP_\(number)" }
        defer { cap_free(text) }
        let name = String(cString: text)
        return name.utf8.first.map { 97...122 ~= $0 } == true ? name.uppercased() : "CAP_\(number)"
    }

    /// The same as ``name``.
    public var description: String { name }

    /// Lower case, without the prefix.
    private static func shortName(_ name: String) -> String {
        // Byte by byte: names are ASCII, and what is read at each start need not know of Unicode.
        var bytes: [UInt8] = []
        for byte in name.utf8 { bytes.append(65...90 ~= byte ? byte | 0x20 : byte) }
        if bytes.starts(with: "cap_".utf8) { bytes.removeFirst(4) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The valid name with the fewest letters changed; nil when more than half of the letters differ.
    private static func nearestName(to short: String) -> String? {
        let wanted = Array(short.utf8.prefix(64))
        var best: (distance: Int, name: String)?
        for number in 0...Int(CAP_LAST_CAP) {
            let name = Capability(number).name
            let distance = editDistance(wanted, Array(shortName(name).utf8))
            if distance < best?.distance ?? .max { best = (distance, name) }
        }
        guard let best, best.distance * 2 <= wanted.count else { return nil }
        return best.name
    }

    /// How many bytes have to be inserted, removed or changed to make one from the other.
    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (byte == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}

/// A capability name that does not exist.
public struct CapabilityError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name as it was given.
    public var name: String
    /// The valid name that looks most like it.
    public var nearest: String?

    /// One line, for example `unknown capability "NET_ADMN"; did you mean CAP_NET_ADMIN?`.
    public var description: String {
        let hint =
            nearest.map { "did you mean \($0)?" } ?? "names are listed in capabilities(7), and ALL means every one"
        return "unknown capability \"\(name)\"; \(hint)"
    }
}

extension Capability {
    /// Change the owner of files.
    public static let chown = Capability(Int(CAP_CHOWN))
    /// Ignore file permissions.
    public static let dacOverride = Capability(Int(CAP_DAC_OVERRIDE))
    /// Ignore permissions for reading and searching; open by file handle.
    public static let dacReadSearch = Capability(Int(CAP_DAC_READ_SEARCH))
    /// Act as the owner of any file.
    public static let fowner = Capability(Int(CAP_FOWNER))
    /// Keep set-user-ID bits on change.
    public static let fsetid = Capability(Int(CAP_FSETID))
    /// Signal any process.
    public static let kill = Capability(Int(CAP_KILL))
    /// Change group IDs.
    public static let setgid = Capability(Int(CAP_SETGID))
    /// Change user IDs.
    public static let setuid = Capability(Int(CAP_SETUID))
    /// Change capabilities within the bounding set.
    public static let setpcap = Capability(Int(CAP_SETPCAP))
    /// Bind ports below 1024.
    public static let netBindService = Capability(Int(CAP_NET_BIND_SERVICE))
    /// Configure the network.
    public static let netAdmin = Capability(Int(CAP_NET_ADMIN))
    /// Raw and packet sockets.
    public static let netRaw = Capability(Int(CAP_NET_RAW))
    /// Load kernel modules.
    public static let sysModule = Capability(Int(CAP_SYS_MODULE))
    /// Access I/O ports.
    public static let sysRawIO = Capability(Int(CAP_SYS_RAWIO))
    /// chroot(2).
    public static let sysChroot = Capability(Int(CAP_SYS_CHROOT))
    /// Trace any process.
    public static let sysPtrace = Capability(Int(CAP_SYS_PTRACE))
    /// Process accounting.
    public static let sysPacct = Capability(Int(CAP_SYS_PACCT))
    /// Mounts, namespaces and much else.
    public static let sysAdmin = Capability(Int(CAP_SYS_ADMIN))
    /// Reboot.
    public static let sysBoot = Capability(Int(CAP_SYS_BOOT))
    /// Raise priorities, place memory.
    public static let sysNice = Capability(Int(CAP_SYS_NICE))
    /// Exceed resource limits.
    public static let sysResource = Capability(Int(CAP_SYS_RESOURCE))
    /// Set the clock.
    public static let sysTime = Capability(Int(CAP_SYS_TIME))
    /// Virtual hang-up of terminals.
    public static let sysTTYConfig = Capability(Int(CAP_SYS_TTY_CONFIG))
    /// Make device nodes.
    public static let mknod = Capability(Int(CAP_MKNOD))
    /// Write to the audit log.
    public static let auditWrite = Capability(Int(CAP_AUDIT_WRITE))
    /// Give capabilities to files.
    public static let setfcap = Capability(Int(CAP_SETFCAP))
    /// Read the kernel's log.
    public static let syslog = Capability(Int(CAP_SYSLOG))
    /// Performance monitoring.
    public static let perfmon = Capability(Int(CAP_PERFMON))
    /// Load BPF programs.
    public static let bpf = Capability(Int(CAP_BPF))
    /// Checkpoint and restore.
    public static let checkpointRestore = Capability(Int(CAP_CHECKPOINT_RESTORE))
}
