/// How criu is to dump or restore (its images/rpc.proto, `criu_opts`).
struct CRIUOptions: Hashable {
    /// What it does about cgroups.
    enum CgroupMode: Int64 {
        case ignore = 0
        case soft = 3
        case full = 4
        case strict = 5
        case `default` = 6
    }

    /// What keeps packets away from dumped TCP connections.
    enum NetworkLock: Int64 {
        case iptables = 1
        case nftables = 2
        case skip = 3
    }

    struct Pair: Hashable {
        var key: String
        var value: String
    }

    struct InheritedDescriptor: Hashable {
        var key: String
        /// As criu has it.
        var number: Int32
    }

    // Descriptors of this process, which criu opens through /proc.
    var imageFolder: Int32 = -1
    var workFolder: Int32?
    var logFile = ""
    var root = ""
    /// Relative to the image folder.
    var parentImage: String?
    var configurationFile: String?

    /// The process to be dumped.
    var process: Int32?
    var freezerCgroup: String?
    var externals: [String] = []
    /// When dumping: mount point and name; when restoring: name and the path on the host.
    var externalMounts: [Pair] = []
    var joinedNamespaces: [Pair] = []
    var inheritedDescriptors: [InheritedDescriptor] = []
    var cgroupRoot: String?
    var cgroupMode = CgroupMode.default
    var networkLock: NetworkLock?
    var securityProfile: String?
    var securityMountContext: String?

    var leavesRunning = false
    var takesExternalSockets = false
    var keepsConnections = false
    var skipsConnectionsInFlight = false
    var closesConnections = false
    var isShellJob = false
    var takesFileLocks = false
    var linksDeletedFiles = false
    var removesDuplicates = false
    var tracksMemory = false
    /// The network namespace's content is not criu's business.
    var hasEmptyNetwork = true
    var isRestore = false

    var message: ProtobufWriter {
        var message = ProtobufWriter()
        message.add(1, Int64(imageFolder))
        if let process { message.add(2, Int64(process)) }
        message.add(3, if: leavesRunning)
        message.add(4, if: takesExternalSockets)
        message.add(5, if: keepsConnections)
        message.add(6, if: isRestore)
        message.add(7, if: isShellJob)
        message.add(8, if: takesFileLocks)
        // Debugging messages: without them a log says little of what an error is about.
        message.add(9, 4)
        message.add(10, logFile)
        message.add(12, if: true)
        message.add(13, root)
        if let parentImage { message.add(14, parentImage) }
        message.add(15, if: tracksMemory)
        message.add(16, if: removesDuplicates)
        if let workFolder { message.add(17, Int64(workFolder)) }
        message.add(18, if: linksDeletedFiles)
        for mount in externalMounts { message.add(23, Self.message(mount)) }
        message.add(24, if: true)
        if let cgroupRoot {
            var root = ProtobufWriter()
            root.add(2, cgroupRoot)
            message.add(25, root)
        }
        // What is restored is a child of criu's parent, not of criu.
        message.add(26, if: isRestore)
        for descriptor in inheritedDescriptors {
            var inherited = ProtobufWriter()
            inherited.add(1, descriptor.key)
            inherited.add(2, Int64(descriptor.number))
            message.add(27, inherited)
        }
        message.add(34, cgroupMode.rawValue)
        for external in externals { message.add(37, external) }
        // CLONE_NEWNET
        if hasEmptyNetwork { message.add(38, 0x4000_0000) }
        for namespace in joinedNamespaces { message.add(39, Self.message(namespace)) }
        if let freezerCgroup { message.add(44, freezerCgroup) }
        message.add(46, if: skipsConnectionsInFlight)
        message.add(50, if: true)
        if let configurationFile { message.add(51, configurationFile) }
        message.add(52, if: closesConnections)
        if let securityProfile { message.add(53, securityProfile) }
        if let securityMountContext { message.add(63, securityMountContext) }
        if let networkLock { message.add(64, networkLock.rawValue) }
        return message
    }

    private static func message(_ pair: Pair) -> ProtobufWriter {
        var message = ProtobufWriter()
        message.add(1, pair.key)
        message.add(2, pair.value)
        return message
    }
}
