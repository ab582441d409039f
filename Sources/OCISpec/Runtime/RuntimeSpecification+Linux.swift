extension RuntimeSpecification {
    /// What only Linux has.
    public struct Linux: JSONCodable, Hashable {
        /// The user IDs of a new user namespace.
        public var uidMappings: [RuntimeSpecification.IDMapping]
        /// The group IDs of a new user namespace.
        public var gidMappings: [RuntimeSpecification.IDMapping]
        /// Kernel parameters by name, for example `net.ipv4.ip_forward`.
        public var sysctl: [String: String]
        /// The limits of the container's cgroup.
        public var resources: Resources?
        /// The cgroup, absolute: below the root of each hierarchy; nil or relative: the runtime chooses.
        public var cgroupsPath: String?
        /// The namespaces that the container does not share with the runtime.
        public var namespaces: [Namespace]
        /// Device nodes in the container.
        public var devices: [Device]
        /// Network devices of the runtime's namespace, by name, that move into the container's.
        public var netDevices: [String: NetworkDevice]
        /// The system call filter; nil: none.
        public var seccomp: Seccomp?
        /// The propagation of the root mount: `shared`, `slave`, `private` or `unbindable`.
        public var rootfsPropagation: String?
        /// Paths in the container that cannot be read.
        public var maskedPaths: [String]
        /// Paths in the container that cannot be written to.
        public var readonlyPaths: [String]
        /// The SELinux context of the mounts.
        public var mountLabel: String?
        /// Cache and memory bandwidth through resctrl.
        public var intelRdt: IntelRdt?
        /// The NUMA memory policy.
        public var memoryPolicy: MemoryPolicy?
        /// The execution domain.
        public var personality: Personality?
        /// The clocks of a new time namespace: `monotonic` and `boottime`.
        public var timeOffsets: [String: TimeOffset]

        /// Makes the value from its members.
        public init(
            uidMappings: [RuntimeSpecification.IDMapping] = [], gidMappings: [RuntimeSpecification.IDMapping] = [],
            sysctl: [String: String] = [:], resources: Resources? = nil, cgroupsPath: String? = nil,
            namespaces: [Namespace] = [], devices: [Device] = [], netDevices: [String: NetworkDevice] = [:],
            seccomp: Seccomp? = nil, rootfsPropagation: String? = nil, maskedPaths: [String] = [],
            readonlyPaths: [String] = [], mountLabel: String? = nil, intelRdt: IntelRdt? = nil,
            memoryPolicy: MemoryPolicy? = nil, personality: Personality? = nil,
            timeOffsets: [String: TimeOffset] = [:]
        ) {
            self.uidMappings = uidMappings
            self.gidMappings = gidMappings
            self.sysctl = sysctl
            self.resources = resources
            self.cgroupsPath = cgroupsPath
            self.namespaces = namespaces
            self.devices = devices
            self.netDevices = netDevices
            self.seccomp = seccomp
            self.rootfsPropagation = rootfsPropagation
            self.maskedPaths = maskedPaths
            self.readonlyPaths = readonlyPaths
            self.mountLabel = mountLabel
            self.intelRdt = intelRdt
            self.memoryPolicy = memoryPolicy
            self.personality = personality
            self.timeOffsets = timeOffsets
        }
    }
}

extension RuntimeSpecification.Linux {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        uidMappings = try object.optional("uidMappings") ?? []
        gidMappings = try object.optional("gidMappings") ?? []
        sysctl = try object.optional("sysctl") ?? [:]
        resources = try object.optional("resources")
        cgroupsPath = try object.nonEmpty("cgroupsPath")
        namespaces = try object.optional("namespaces") ?? []
        devices = try object.optional("devices") ?? []
        netDevices = try object.optional("netDevices") ?? [:]
        seccomp = try object.optional("seccomp")
        rootfsPropagation = try object.nonEmpty("rootfsPropagation")
        maskedPaths = try object.optional("maskedPaths") ?? []
        readonlyPaths = try object.optional("readonlyPaths") ?? []
        mountLabel = try object.nonEmpty("mountLabel")
        intelRdt = try object.optional("intelRdt")
        memoryPolicy = try object.optional("memoryPolicy")
        personality = try object.optional("personality")
        timeOffsets = try object.optional("timeOffsets") ?? [:]
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.setUnlessEmpty("uidMappings", to: uidMappings)
        object.setUnlessEmpty("gidMappings", to: gidMappings)
        object.setUnlessEmpty("sysctl", to: sysctl)
        object.set("resources", to: resources)
        object.set("cgroupsPath", to: cgroupsPath)
        object.setUnlessEmpty("namespaces", to: namespaces)
        object.setUnlessEmpty("devices", to: devices)
        object.setUnlessEmpty("netDevices", to: netDevices)
        object.set("seccomp", to: seccomp)
        object.set("rootfsPropagation", to: rootfsPropagation)
        object.setUnlessEmpty("maskedPaths", to: maskedPaths)
        object.setUnlessEmpty("readonlyPaths", to: readonlyPaths)
        object.set("mountLabel", to: mountLabel)
        object.set("intelRdt", to: intelRdt)
        object.set("memoryPolicy", to: memoryPolicy)
        object.set("personality", to: personality)
        object.setUnlessEmpty("timeOffsets", to: timeOffsets)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux {
    /// A namespace of the container: a new one, or one that exists already.
    public struct Namespace: JSONCodable, Hashable {
        /// What it isolates.
        public var type: Kind
        /// The namespace's file to join, an absolute path on the host; nil: a new one.
        public var path: String?

        /// Makes the value from its members.
        public init(type: Kind, path: String? = nil) {
            self.type = type
            self.path = path
        }
    }
}

extension RuntimeSpecification.Linux.Namespace {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        type = try object.required("type")
        path = try object.nonEmpty("path")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("type", to: type)
        object.set("path", to: path)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Namespace {
    /// What a namespace isolates.
    public enum Kind: String, JSONCodable, Hashable, CaseIterable {
        /// Process IDs.
        case pid
        /// Network devices, addresses, ports.
        case network
        /// Mounts.
        case mount
        /// System V IPC and POSIX message queues.
        case ipc
        /// The host name.
        case uts
        /// User and group IDs, and capabilities.
        case user
        /// The view of the cgroup tree.
        case cgroup
        /// The monotonic and the boot-time clock.
        case time
    }
}

extension RuntimeSpecification.Linux {
    /// A network device that moves into the container.
    public struct NetworkDevice: JSONCodable, Hashable {
        /// Its name in the container; nil: the same.
        public var name: String?

        /// Makes the value from its members.
        public init(name: String? = nil) {
            self.name = name
        }
    }
}

extension RuntimeSpecification.Linux.NetworkDevice {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        name = try object.nonEmpty("name")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("name", to: name)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux {
    /// What is added to a clock.
    public struct TimeOffset: JSONCodable, Hashable {
        /// Seconds.
        public var secs: Int64
        /// Nanoseconds, added to them.
        public var nanosecs: UInt32

        /// Makes the value from its members.
        public init(secs: Int64 = 0, nanosecs: UInt32 = 0) {
            self.secs = secs
            self.nanosecs = nanosecs
        }
    }
}

extension RuntimeSpecification.Linux.TimeOffset {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        secs = try object.optional("secs") ?? 0
        nanosecs = try object.optional("nanosecs") ?? 0
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("secs", to: secs, unless: 0)
        object.set("nanosecs", to: nanosecs, unless: 0)
        return .object(object)
    }
}
