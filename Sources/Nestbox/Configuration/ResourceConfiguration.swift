/// The limits of a container's cgroup; nil: no limit of that kind.
public struct ResourceConfiguration: Sendable, Hashable {
    /// The most memory, in bytes.
    public var memory: Int64?
    /// The memory that is protected when memory is short (v2) or the soft limit (v1), in bytes.
    public var memoryReservation: Int64?
    /// Memory and swap together, in bytes; -1: unlimited swap; nil: twice `memory`.
    public var memorySwap: Int64?
    /// How readily pages are swapped out, 0…100; cgroup v1 only.
    public var memorySwappiness: Int?
    /// Processor time in billionths of a processor: 1,500,000,000 is one and a half.
    public var nanoCPUs: Int64?
    /// The relative weight of processor time, 2…262144; 1024 is usual.
    public var cpuShares: Int64?
    /// The length of a scheduling period in microseconds, 1,000…1,000,000.
    public var cpuPeriod: Int64?
    /// The processor time in a period in microseconds; -1: unlimited.
    public var cpuQuota: Int64?
    /// The processors that may be used, in list form: `0-2,4`.
    public var cpusetCPUs: String?
    /// The memory nodes that may be used, in list form.
    public var cpusetMemories: String?
    /// The most processes and threads; -1: unlimited; nil: the engine's default.
    public var pidsLimit: Int64?
    /// The relative weight of block I/O, 10…1000.
    public var blockIOWeight: UInt16?
    /// The most bytes a second read from a device.
    public var deviceReadBytes: [DeviceRate]
    /// The most bytes a second written to a device.
    public var deviceWriteBytes: [DeviceRate]
    /// The most reads a second from a device.
    public var deviceReadOperations: [DeviceRate]
    /// The most writes a second to a device.
    public var deviceWriteOperations: [DeviceRate]

    /// No limits at all.
    public init() {
        deviceReadBytes = []
        deviceWriteBytes = []
        deviceReadOperations = []
        deviceWriteOperations = []
    }
}

/// A rate limit of one block device.
public struct DeviceRate: Sendable, Hashable {
    /// The device's absolute path on the host.
    public var path: String
    /// Bytes or operations a second.
    public var rate: UInt64

    /// Limits one device.
    public init(path: String, rate: UInt64) {
        self.path = path
        self.rate = rate
    }
}

/// A device of the host that the container sees.
public struct DeviceMapping: Sendable, Hashable {
    /// The absolute path on the host; a folder stands for all devices in it.
    public var hostPath: String
    /// The absolute path in the container.
    public var containerPath: String
    /// Some of `r` (read), `w` (write) and `m` (make the node).
    public var permissions: String

    /// Maps one device.
    public init(hostPath: String, containerPath: String, permissions: String = "rwm") {
        self.hostPath = hostPath
        self.containerPath = containerPath
        self.permissions = permissions
    }
}

/// A resource limit of a process (setrlimit(2)).
public struct Ulimit: Sendable, Hashable {
    /// The name as in `--ulimit`, lower case: `nofile`; the OCI name is `RLIMIT_` and the name in upper case.
    public var name: String
    /// The soft limit; `UInt64.max`: unlimited.
    public var soft: UInt64
    /// The hard limit; `UInt64.max`: unlimited.
    public var hard: UInt64

    /// A limit.
    public init(name: String, soft: UInt64, hard: UInt64) {
        self.name = name
        self.soft = soft
        self.hard = hard
    }
}
