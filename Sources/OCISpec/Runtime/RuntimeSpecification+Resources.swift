extension RuntimeSpecification.Linux {
    /// The limits of a container's cgroup.
    ///
    /// Everything that is nil or empty stays as it is.
    public struct Resources: JSONCodable, Hashable {
        /// What the container may do with devices, in this order.
        public var devices: [DeviceRule]
        /// Memory.
        public var memory: Memory?
        /// CPU time.
        public var cpu: CPU?
        /// Processes.
        public var pids: PIDs?
        /// Block devices.
        public var blockIO: BlockIO?
        /// Huge pages.
        public var hugepageLimits: [HugepageLimit]
        /// Network traffic, cgroup v1 only.
        public var network: Network?
        /// RDMA devices by name.
        public var rdma: [String: RDMA]
        /// Values for files of cgroup v2, by file name.
        public var unified: [String: String]

        /// Makes the value from its members.
        public init(
            devices: [DeviceRule] = [], memory: Memory? = nil, cpu: CPU? = nil, pids: PIDs? = nil,
            blockIO: BlockIO? = nil, hugepageLimits: [HugepageLimit] = [], network: Network? = nil,
            rdma: [String: RDMA] = [:], unified: [String: String] = [:]
        ) {
            self.devices = devices
            self.memory = memory
            self.cpu = cpu
            self.pids = pids
            self.blockIO = blockIO
            self.hugepageLimits = hugepageLimits
            self.network = network
            self.rdma = rdma
            self.unified = unified
        }
    }
}

extension RuntimeSpecification.Linux.Resources {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        devices = try object.optional("devices") ?? []
        memory = try object.optional("memory")
        cpu = try object.optional("cpu")
        pids = try object.optional("pids")
        blockIO = try object.optional("blockIO")
        hugepageLimits = try object.optional("hugepageLimits") ?? []
        network = try object.optional("network")
        rdma = try object.optional("rdma") ?? [:]
        unified = try object.optional("unified") ?? [:]
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.setUnlessEmpty("devices", to: devices)
        object.set("memory", to: memory)
        object.set("cpu", to: cpu)
        object.set("pids", to: pids)
        object.set("blockIO", to: blockIO)
        object.setUnlessEmpty("hugepageLimits", to: hugepageLimits)
        object.set("network", to: network)
        object.setUnlessEmpty("rdma", to: rdma)
        object.setUnlessEmpty("unified", to: unified)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Resources {
    /// Limits of memory in bytes; -1: unlimited.
    public struct Memory: JSONCodable, Hashable {
        /// The hard limit.
        public var limit: Int64?
        /// The soft limit.
        public var reservation: Int64?
        /// The limit of memory and swap together.
        public var swap: Int64?
        /// The limit of kernel memory, deprecated.
        public var kernel: Int64?
        /// The limit of the TCP buffers, cgroup v1 only.
        public var kernelTCP: Int64?
        /// How readily pages are swapped, from 0 to 100, cgroup v1 only.
        public var swappiness: UInt64?
        /// Whether processes wait instead of being killed, cgroup v1 only.
        public var disableOOMKiller: Bool?
        /// Whether child cgroups are counted in, cgroup v1 only.
        public var useHierarchy: Bool?
        /// Whether an update to a limit below the current use is refused.
        public var checkBeforeUpdate: Bool?

        /// Makes the value from its members.
        public init(
            limit: Int64? = nil, reservation: Int64? = nil, swap: Int64? = nil, kernel: Int64? = nil,
            kernelTCP: Int64? = nil, swappiness: UInt64? = nil, disableOOMKiller: Bool? = nil,
            useHierarchy: Bool? = nil, checkBeforeUpdate: Bool? = nil
        ) {
            self.limit = limit
            self.reservation = reservation
            self.swap = swap
            self.kernel = kernel
            self.kernelTCP = kernelTCP
            self.swappiness = swappiness
            self.disableOOMKiller = disableOOMKiller
            self.useHierarchy = useHierarchy
            self.checkBeforeUpdate = checkBeforeUpdate
        }
    }
}

extension RuntimeSpecification.Linux.Resources.Memory {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        limit = try object.optional("limit")
        reservation = try object.optional("reservation")
        swap = try object.optional("swap")
        kernel = try object.optional("kernel")
        kernelTCP = try object.optional("kernelTCP")
        swappiness = try object.optional("swappiness")
        disableOOMKiller = try object.optional("disableOOMKiller")
        useHierarchy = try object.optional("useHierarchy")
        checkBeforeUpdate = try object.optional("checkBeforeUpdate")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("limit", to: limit)
        object.set("reservation", to: reservation)
        object.set("swap", to: swap)
        object.set("kernel", to: kernel)
        object.set("kernelTCP", to: kernelTCP)
        object.set("swappiness", to: swappiness)
        object.set("disableOOMKiller", to: disableOOMKiller)
        object.set("useHierarchy", to: useHierarchy)
        object.set("checkBeforeUpdate", to: checkBeforeUpdate)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Resources {
    /// Limits of CPU time.
    public struct CPU: JSONCodable, Hashable {
        /// The weight against other cgroups, from 2 to 262144; the kernel's default is 1024.
        public var shares: UInt64?
        /// Microseconds of CPU time in each period; -1: unlimited.
        public var quota: Int64?
        /// Microseconds of unused time that can be saved up.
        public var burst: UInt64?
        /// The period in microseconds.
        public var period: UInt64?
        /// Microseconds of real-time scheduling in each of its periods, cgroup v1 only.
        public var realtimeRuntime: Int64?
        /// The period of real-time scheduling in microseconds, cgroup v1 only.
        public var realtimePeriod: UInt64?
        /// The CPUs, a list such as `0-3,7`.
        public var cpus: String?
        /// The memory nodes, such a list too.
        public var mems: String?
        /// 1: run only when nobody else wants to; 0: as usual.
        public var idle: Int64?

        /// Makes the value from its members.
        public init(
            shares: UInt64? = nil, quota: Int64? = nil, burst: UInt64? = nil, period: UInt64? = nil,
            realtimeRuntime: Int64? = nil, realtimePeriod: UInt64? = nil, cpus: String? = nil, mems: String? = nil,
            idle: Int64? = nil
        ) {
            self.shares = shares
            self.quota = quota
            self.burst = burst
            self.period = period
            self.realtimeRuntime = realtimeRuntime
            self.realtimePeriod = realtimePeriod
            self.cpus = cpus
            self.mems = mems
            self.idle = idle
        }
    }
}

extension RuntimeSpecification.Linux.Resources.CPU {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        shares = try object.optional("shares")
        quota = try object.optional("quota")
        burst = try object.optional("burst")
        period = try object.optional("period")
        realtimeRuntime = try object.optional("realtimeRuntime")
        realtimePeriod = try object.optional("realtimePeriod")
        cpus = try object.nonEmpty("cpus")
        mems = try object.nonEmpty("mems")
        idle = try object.optional("idle")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("shares", to: shares)
        object.set("quota", to: quota)
        object.set("burst", to: burst)
        object.set("period", to: period)
        object.set("realtimeRuntime", to: realtimeRuntime)
        object.set("realtimePeriod", to: realtimePeriod)
        object.set("cpus", to: cpus)
        object.set("mems", to: mems)
        object.set("idle", to: idle)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Resources {
    /// The limit of the number of processes and threads.
    public struct PIDs: JSONCodable, Hashable {
        /// The most at once; -1: unlimited.
        public var limit: Int64?

        /// Makes the value from its members.
        public init(limit: Int64? = nil) {
            self.limit = limit
        }
    }
}

extension RuntimeSpecification.Linux.Resources.PIDs {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        limit = try object.optional("limit")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("limit", to: limit)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Resources {
    /// The limit of huge pages of one size.
    public struct HugepageLimit: JSONCodable, Hashable {
        /// The size of a page, for example `2MB`.
        public var pageSize: String
        /// The most bytes in such pages.
        public var limit: UInt64

        /// Makes the value from its members.
        public init(pageSize: String, limit: UInt64) {
            self.pageSize = pageSize
            self.limit = limit
        }
    }
}

extension RuntimeSpecification.Linux.Resources.HugepageLimit {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        pageSize = try object.required("pageSize")
        limit = try object.required("limit")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("pageSize", to: pageSize)
        object.set("limit", to: limit)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Resources {
    /// How network traffic is marked, cgroup v1 only.
    public struct Network: JSONCodable, Hashable {
        /// The class of packets.
        public var classID: UInt32?
        /// Priorities by network interface.
        public var priorities: [InterfacePriority]

        /// Makes the value from its members.
        public init(classID: UInt32? = nil, priorities: [InterfacePriority] = []) {
            self.classID = classID
            self.priorities = priorities
        }
    }
}

extension RuntimeSpecification.Linux.Resources.Network {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        classID = try object.optional("classID")
        priorities = try object.optional("priorities") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("classID", to: classID)
        object.setUnlessEmpty("priorities", to: priorities)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Resources.Network {
    /// The priority of traffic through one interface.
    public struct InterfacePriority: JSONCodable, Hashable {
        /// The interface.
        public var name: String
        /// The priority.
        public var priority: UInt32

        /// Makes the value from its members.
        public init(name: String, priority: UInt32) {
            self.name = name
            self.priority = priority
        }
    }
}

extension RuntimeSpecification.Linux.Resources.Network.InterfacePriority {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        name = try object.required("name")
        priority = try object.required("priority")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("name", to: name)
        object.set("priority", to: priority)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Resources {
    /// The limits of one RDMA device.
    public struct RDMA: JSONCodable, Hashable {
        /// The most handles; nil: unlimited.
        public var hcaHandles: UInt32?
        /// The most objects; nil: unlimited.
        public var hcaObjects: UInt32?

        /// Makes the value from its members.
        public init(hcaHandles: UInt32? = nil, hcaObjects: UInt32? = nil) {
            self.hcaHandles = hcaHandles
            self.hcaObjects = hcaObjects
        }
    }
}

extension RuntimeSpecification.Linux.Resources.RDMA {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        hcaHandles = try object.optional("hcaHandles")
        hcaObjects = try object.optional("hcaObjects")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("hcaHandles", to: hcaHandles)
        object.set("hcaObjects", to: hcaObjects)
        return .object(object)
    }
}
