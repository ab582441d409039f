internal import LinuxSystem
internal import OCISpec

/// What the command line says to `checkpoint` and `restore`, in runc's words and crun's.
struct CheckpointOptions {
    /// Absolute, or relative to the working folder.
    var imagePath: String
    var workPath: String?
    var parentPath: String?
    var isPreDump: Bool
    /// What criu is told of it.
    var criu: CRIUOptions

    /// What both commands know.
    static let shared: [Option] = [
        .value("image-path"), .value("work-path"), .flag("tcp-established"), .flag("ext-unix-sk"), .flag("shell-job"),
        .flag("file-locks"), .value("manage-cgroups-mode"), .value("empty-ns"), .flag("auto-dedup"),
        .value("network-lock"), .flag("help", "h"),
        .refused("lazy-pages", "pages that come later need a server that stays; dump and restore them whole"),
    ]

    /// Reads them.
    ///
    /// - Throws: `LaunchError`.
    init(_ options: Options) throws(LaunchError) {
        imagePath = options["image-path"] ?? "checkpoint"
        guard !imagePath.isEmpty else { throw LaunchError("cannot use --image-path: it is empty") }
        workPath = options["work-path"].flatMap { $0.isEmpty ? nil : $0 }
        parentPath = options["parent-path"].flatMap { $0.isEmpty ? nil : $0 }
        isPreDump = options.has("pre-dump")
        criu = CRIUOptions()
        criu.leavesRunning = options.has("leave-running")
        criu.takesExternalSockets = options.has("ext-unix-sk")
        criu.keepsConnections = options.has("tcp-established")
        criu.skipsConnectionsInFlight = options.has("tcp-skip-in-flight")
        criu.closesConnections = options.has("tcp-close")
        criu.isShellJob = options.has("shell-job")
        criu.takesFileLocks = options.has("file-locks")
        criu.linksDeletedFiles = options.has("link-remap")
        criu.removesDuplicates = options.has("auto-dedup")
        criu.securityProfile = options["lsm-profile"]
        criu.securityMountContext = options["lsm-mount-context"]
        for name in options.all("empty-ns") where name != "network" {
            throw LaunchError("cannot use --empty-ns \(name): criu leaves the content of a network namespace out only")
        }
        if let mode = options["manage-cgroups-mode"] { criu.cgroupMode = try Self.cgroupMode(mode) }
        if let lock = options["network-lock"] { criu.networkLock = try Self.networkLock(lock) }
    }

    private static func cgroupMode(_ name: String) throws(LaunchError) -> CRIUOptions.CgroupMode {
        switch name {
        case "": .default
        case "soft": .soft
        case "full": .full
        case "strict": .strict
        case "ignore": .ignore
        default:
            throw LaunchError("cannot use --manage-cgroups-mode \(name): use soft, full, strict or ignore")
        }
    }

    private static func networkLock(_ name: String) throws(LaunchError) -> CRIUOptions.NetworkLock {
        switch name {
        case "iptables": .iptables
        case "nftables": .nftables
        case "skip": .skip
        default: throw LaunchError("cannot use --network-lock \(name): use iptables, nftables or skip")
        }
    }

    /// criu's own configuration for containers: the file that an annotation names (an empty name: none), or else runc's.
    static func configurationFile(_ annotations: [String: String]) -> String? {
        guard let named = annotations["org.criu.config"] else { return "/etc/criu/runc.conf" }
        return named.isEmpty ? nil : named
    }
}
