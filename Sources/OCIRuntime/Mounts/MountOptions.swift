internal import CLinux
internal import OCISpec

/// One option of a file system, `name` or `name=value`.
struct MountOption: Hashable {
    var name: String
    var value: String?
}

/// The options of an OCI mount, sorted by what they are for (runtime-spec, config.md "Mounts", and mount(8)).
struct MountOptions: Hashable {
    /// MOUNT_ATTR_* to set and to clear, on the mount itself.
    var set: UInt64 = 0
    var clear: UInt64 = 0
    /// The same for the mount and all below it (`rro`, `rnosuid`, …).
    var recursiveSet: UInt64 = 0
    var recursiveClear: UInt64 = 0
    /// MS_PRIVATE and kin.
    var propagation: UInt64 = 0
    var isPropagationRecursive = false
    /// A bind mount, with what is mounted below it or without.
    var isBind = false
    var isRecursive = false
    /// The bind gets an ID-mapped clone, or `ridmap` with all below it.
    var isIDMapped = false
    var isIDMapRecursive = false
    /// What is mounted there already gets other options.
    var isRemount = false
    /// A tmpfs gets a copy of what it hides.
    var copiesUp = false
    /// What is left is the file system's.
    var fileSystem: [MountOption] = []

    private enum Effect {
        case set(UInt64)
        case clear(UInt64)
        case time(UInt64)
    }

    private static func effect(of name: Substring) -> Effect? {
        switch name {
        case "ro": .set(NB_MOUNT_READ_ONLY)
        case "rw": .clear(NB_MOUNT_READ_ONLY)
        case "nosuid": .set(NB_MOUNT_NO_SUID)
        case "suid": .clear(NB_MOUNT_NO_SUID)
        case "nodev": .set(NB_MOUNT_NO_DEVICES)
        case "dev": .clear(NB_MOUNT_NO_DEVICES)
        case "noexec": .set(NB_MOUNT_NO_EXECUTE)
        case "exec": .clear(NB_MOUNT_NO_EXECUTE)
        case "nodiratime": .set(NB_MOUNT_NO_DIRECTORY_ACCESS_TIME)
        case "diratime": .clear(NB_MOUNT_NO_DIRECTORY_ACCESS_TIME)
        case "nosymfollow": .set(NB_MOUNT_NO_SYMLINK_FOLLOW)
        case "symfollow": .clear(NB_MOUNT_NO_SYMLINK_FOLLOW)
        case "noatime": .time(NB_MOUNT_NO_ACCESS_TIME)
        case "strictatime": .time(NB_MOUNT_STRICT_ACCESS_TIME)
        case "relatime", "atime", "norelatime", "nostrictatime": .time(0)
        default: nil
        }
    }

    private static func propagation(of name: String) -> (kind: UInt64, recursive: Bool)? {
        switch name {
        case "private": (NB_PROPAGATION_PRIVATE, false)
        case "rprivate": (NB_PROPAGATION_PRIVATE, true)
        case "slave": (NB_PROPAGATION_SLAVE, false)
        case "rslave": (NB_PROPAGATION_SLAVE, true)
        case "shared": (NB_PROPAGATION_SHARED, false)
        case "rshared": (NB_PROPAGATION_SHARED, true)
        case "unbindable": (NB_PROPAGATION_UNBINDABLE, false)
        case "runbindable": (NB_PROPAGATION_UNBINDABLE, true)
        default: nil
        }
    }

    /// Every option that is not a file system's own, for `features`.
    static let knownNames = [
        "async", "atime", "auto", "bind", "defaults", "dev", "diratime", "dirsync", "exec", "idmap",
        "iversion", "lazytime", "loud", "mand", "noatime", "noauto", "nodev",
        "nodiratime", "noexec", "noiversion", "nolazytime", "nomand", "norelatime", "nostrictatime", "nosuid",
        "nosymfollow", "nouser", "private", "ratime",
        "rbind", "rdev", "rdiratime", "relatime", "remount", "rexec", "ridmap", "rnoatime", "rnodev", "rnodiratime",
        "rnoexec", "rnorelatime", "rnostrictatime", "rnosuid", "rnosymfollow", "ro", "rprivate", "rrelatime", "rro",
        "rrw", "rshared", "rslave", "rstrictatime", "rsuid", "rsymfollow", "runbindable", "rw", "shared", "silent",
        "slave",
        "strictatime", "suid", "symfollow", "sync", "tmpcopyup", "unbindable",
    ]

    /// The kind and reach of a named propagation; nil for an unknown name.
    static func rootPropagation(_ name: String) -> (kind: UInt64, recursive: Bool)? { propagation(of: name) }

    init(_ options: [String]) {
        for option in options { add(option) }
    }

    private mutating func add(_ option: String) {
        if let propagation = Self.propagation(of: option) {
            self.propagation = propagation.kind
            isPropagationRecursive = propagation.recursive
            return
        }
        if let effect = Self.effect(of: option[...]) {
            Self.apply(effect, set: &set, clear: &clear)
            return
        }
        if option.first == "r", let effect = Self.effect(of: option.dropFirst()) {
            Self.apply(effect, set: &recursiveSet, clear: &recursiveClear)
            return
        }
        switch option {
        case "bind": isBind = true
        case "rbind": (isBind, isRecursive) = (true, true)
        case "idmap": isIDMapped = true
        case "ridmap": (isIDMapped, isIDMapRecursive) = (true, true)
        case "tmpcopyup": copiesUp = true
        case "remount": isRemount = true
        // Nothing is to be done: a default, or something of mount(8)'s; no call of the new mount API takes the last four.
        case "defaults", "async", "nouser", "auto", "noauto", "", "loud", "silent", "iversion", "noiversion": break
        default:
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            fileSystem.append(
                MountOption(name: String(parts[0]), value: parts.count > 1 ? String(parts[1]) : nil))
        }
    }

    private static func apply(_ effect: Effect, set: inout UInt64, clear: inout UInt64) {
        switch effect {
        case .set(let bits):
            set |= bits
            clear &= ~bits
        case .clear(let bits):
            set &= ~bits
            clear |= bits
        case .time(let mode):
            // The access time modes are values of one field, which is cleared as a whole (mount_setattr(2)).
            set = set & ~NB_MOUNT_ACCESS_TIMES | mode
            clear |= NB_MOUNT_ACCESS_TIMES
        }
    }
}

extension RuntimeSpecification.Mount {
    /// Whether it is a bind mount: by its options, or as Docker says it.
    var isBind: Bool { type == "bind" || options.contains("bind") || options.contains("rbind") }
}
