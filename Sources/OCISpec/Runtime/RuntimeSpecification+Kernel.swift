extension RuntimeSpecification.Linux {
    /// The execution domain, as in `personality(2)`.
    public struct Personality: JSONCodable, Hashable {
        /// The domain.
        public var domain: Domain
        /// Flags; the specification defines none.
        public var flags: [String]

        /// Makes the value from its members.
        public init(domain: Domain, flags: [String] = []) {
            self.domain = domain
            self.flags = flags
        }
    }
}

extension RuntimeSpecification.Linux.Personality {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        domain = try object.required("domain")
        flags = try object.optional("flags") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("domain", to: domain)
        object.setUnlessEmpty("flags", to: flags)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Personality {
    /// An execution domain.
    public enum Domain: String, JSONCodable, Hashable, CaseIterable {
        /// The usual one.
        case linux = "LINUX"
        /// `uname` tells of a 32-bit machine.
        case linux32 = "LINUX32"
    }
}

extension RuntimeSpecification.Linux {
    /// Cache and memory bandwidth through the resctrl filesystem.
    public struct IntelRdt: JSONCodable, Hashable {
        /// The class of service, a folder's name below resctrl.
        public var closID: String?
        /// Lines for the schemata file.
        public var schemata: [String]
        /// The `L3:` line, when `schemata` is empty.
        public var l3CacheSchema: String?
        /// The `MB:` line, when `schemata` is empty.
        public var memBwSchema: String?
        /// Whether the container gets a monitoring group.
        public var enableMonitoring: Bool

        /// Makes the value from its members.
        public init(
            closID: String? = nil, schemata: [String] = [], l3CacheSchema: String? = nil, memBwSchema: String? = nil,
            enableMonitoring: Bool = false
        ) {
            self.closID = closID
            self.schemata = schemata
            self.l3CacheSchema = l3CacheSchema
            self.memBwSchema = memBwSchema
            self.enableMonitoring = enableMonitoring
        }
    }
}

extension RuntimeSpecification.Linux.IntelRdt {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        closID = try object.nonEmpty("closID")
        schemata = try object.optional("schemata") ?? []
        l3CacheSchema = try object.nonEmpty("l3CacheSchema")
        memBwSchema = try object.nonEmpty("memBwSchema")
        enableMonitoring = try object.optional("enableMonitoring") ?? false
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("closID", to: closID)
        object.setUnlessEmpty("schemata", to: schemata)
        object.set("l3CacheSchema", to: l3CacheSchema)
        object.set("memBwSchema", to: memBwSchema)
        object.set("enableMonitoring", to: enableMonitoring, unless: false)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux {
    /// The NUMA memory policy, as in `set_mempolicy(2)`.
    public struct MemoryPolicy: JSONCodable, Hashable {
        /// The mode.
        public var mode: Mode
        /// The nodes, a list such as `0-1,3`.
        public var nodes: String?
        /// Flags.
        public var flags: [Flag]

        /// Makes the value from its members.
        public init(mode: Mode, nodes: String? = nil, flags: [Flag] = []) {
            self.mode = mode
            self.nodes = nodes
            self.flags = flags
        }
    }
}

extension RuntimeSpecification.Linux.MemoryPolicy {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        mode = try object.required("mode")
        nodes = try object.nonEmpty("nodes")
        flags = try object.optional("flags") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("mode", to: mode)
        object.set("nodes", to: nodes)
        object.setUnlessEmpty("flags", to: flags)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.MemoryPolicy {
    /// A mode of the memory policy.
    public enum Mode: String, JSONCodable, Hashable, CaseIterable {
        /// The system's.
        case `default` = "MPOL_DEFAULT"
        /// Only these nodes.
        case bind = "MPOL_BIND"
        /// These nodes in turn.
        case interleave = "MPOL_INTERLEAVE"
        /// These nodes in turn, by weight.
        case weightedInterleave = "MPOL_WEIGHTED_INTERLEAVE"
        /// One node first.
        case preferred = "MPOL_PREFERRED"
        /// These nodes first.
        case preferredMany = "MPOL_PREFERRED_MANY"
        /// The node of the CPU.
        case local = "MPOL_LOCAL"
    }
}

extension RuntimeSpecification.Linux.MemoryPolicy {
    /// A flag of the memory policy.
    public enum Flag: String, JSONCodable, Hashable, CaseIterable {
        /// Pages move between the nodes of `bind`.
        case numaBalancing = "MPOL_F_NUMA_BALANCING"
        /// Nodes are counted within the allowed ones.
        case relativeNodes = "MPOL_F_RELATIVE_NODES"
        /// Nodes keep their numbers when the allowed ones change.
        case staticNodes = "MPOL_F_STATIC_NODES"
    }
}
