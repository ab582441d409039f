internal import ArgumentParser
internal import Nestbox

/// The container's limits.
struct ResourceOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: .init("The most memory, e.g. 512m.", valueName: "bytes"))
    var memory: String?

    @Option(name: .long, help: .init("The memory that is kept for it when memory is short.", valueName: "bytes"))
    var memoryReservation: String?

    @Option(
        name: .long,
        help: .init(
            "The most memory and swap together (default twice --memory); -1: unlimited swap.", valueName: "bytes"))
    var memorySwap: String?

    @Option(name: .long, help: .init("How readily memory is swapped out, 0 to 100 (cgroup v1).", valueName: "percent"))
    var memorySwappiness: String?

    @Option(name: .long, help: .init("How many processors' time it may use, e.g. 1.5.", valueName: "number"))
    var cpus: String?

    @Option(
        name: [.customShort("c"), .long],
        help: .init("The relative weight of its processor time (default 1024).", valueName: "weight"))
    var cpuShares: String?

    @Option(name: .long, help: .init("The length of a scheduling period.", valueName: "microseconds"))
    var cpuPeriod: String?

    @Option(name: .long, help: .init("Its processor time in a period; -1: unlimited.", valueName: "microseconds"))
    var cpuQuota: String?

    @Option(name: .long, help: .init("The processors it may run on, e.g. 0-2,4.", valueName: "list"))
    var cpusetCpus: String?

    @Option(name: .long, help: .init("The memory nodes it may use, e.g. 0.", valueName: "list"))
    var cpusetMems: String?

    @Option(name: .long, help: .init("The most processes and threads; -1: unlimited.", valueName: "number"))
    var pidsLimit: String?

    @Option(name: .long, help: .init("The relative weight of its block I/O, 10 to 1000.", valueName: "weight"))
    var blkioWeight: String?

    @Option(
        name: .long,
        help: .init("Limit reading from a device, e.g. /dev/sda:10m. May be repeated.", valueName: "device:rate"))
    var deviceReadBps: [String] = []

    @Option(
        name: .long,
        help: .init("Limit writing to a device, e.g. /dev/sda:10m. May be repeated.", valueName: "device:rate"))
    var deviceWriteBps: [String] = []

    @Option(
        name: .long, help: .init("Limit the reads a second from a device. May be repeated.", valueName: "device:rate"))
    var deviceReadIops: [String] = []

    @Option(
        name: .long, help: .init("Limit the writes a second to a device. May be repeated.", valueName: "device:rate"))
    var deviceWriteIops: [String] = []

    @Option(
        name: .long,
        help: .init(
            "Set a resource limit of the process, e.g. nofile=1024:4096. May be repeated.",
            valueName: "name=soft[:hard]"))
    var ulimit: [String] = []

    @Option(
        name: .long, help: .init("Whom the kernel kills first when memory is short, -1000 to 1000.", valueName: "score")
    )
    var oomScoreAdj: String?

    func apply(to configuration: inout ContainerConfiguration) throws {
        var resources = configuration.resources
        resources.memory = try Self.bytes(memory, "--memory")
        resources.memoryReservation = try Self.bytes(memoryReservation, "--memory-reservation")
        resources.memorySwap = memorySwap == "-1" ? -1 : try Self.bytes(memorySwap, "--memory-swap")
        if memorySwappiness != "-1" {
            resources.memorySwappiness = try Self.integer(memorySwappiness, "--memory-swappiness", 0...100)
        }
        resources.nanoCPUs = try cpus.flatMap { try OptionNumber.nanoCPUs($0, option: "--cpus") }
        resources.cpuShares = try Self.integer(cpuShares, "--cpu-shares", 0...262_144, zeroIsNone: true)
        resources.cpuPeriod = try Self.integer(cpuPeriod, "--cpu-period", 0...1_000_000, zeroIsNone: true)
        resources.cpuQuota = try Self.integer(cpuQuota, "--cpu-quota", -1...Int64.max, zeroIsNone: true)
        resources.cpusetCPUs = try Self.list(cpusetCpus, "--cpuset-cpus")
        resources.cpusetMemories = try Self.list(cpusetMems, "--cpuset-mems")
        let pids: Int64? = try Self.integer(pidsLimit, "--pids-limit", -1...4_194_304)
        resources.pidsLimit = pids == 0 ? -1 : pids
        resources.blockIOWeight = try Self.integer(blkioWeight, "--blkio-weight", 0...1000, zeroIsNone: true)
        if let weight = resources.blockIOWeight, weight < 10 {
            throw ConfigurationError("--blkio-weight", "\(weight)", "it is out of range", accepted: "give 10 to 1000")
        }
        resources.deviceReadBytes = try deviceReadBps.map {
            try DeviceRate(parsing: $0, bytes: true, option: "--device-read-bps")
        }
        resources.deviceWriteBytes = try deviceWriteBps.map {
            try DeviceRate(parsing: $0, bytes: true, option: "--device-write-bps")
        }
        resources.deviceReadOperations = try deviceReadIops.map {
            try DeviceRate(parsing: $0, bytes: false, option: "--device-read-iops")
        }
        resources.deviceWriteOperations = try deviceWriteIops.map {
            try DeviceRate(parsing: $0, bytes: false, option: "--device-write-iops")
        }
        configuration.resources = resources
        var ulimits: [Ulimit] = []
        for text in ulimit {
            let limit = try Ulimit(parsing: text, option: "--ulimit")
            ulimits.removeAll { $0.name == limit.name }
            ulimits.append(limit)
        }
        configuration.ulimits = ulimits
        configuration.oomScoreAdjust = try Self.integer(oomScoreAdj, "--oom-score-adj", -1000...1000)
    }

    private static func bytes(_ text: String?, _ option: String) throws -> Int64? {
        let value = try text.map { try OptionNumber.bytes($0, option: option) }
        return value == 0 ? nil : value
    }

    private static func integer<Value: FixedWidthInteger & Sendable>(
        _ text: String?, _ option: String, _ range: ClosedRange<Value>, zeroIsNone: Bool = false
    ) throws -> Value? {
        let value = try text.map { try OptionNumber.integer($0, option: option, in: range) }
        return zeroIsNone && value == 0 ? nil : value
    }

    private static func list(_ text: String?, _ option: String) throws -> String? {
        guard let text, !text.isEmpty else { return nil }
        return try OptionNumber.list(text, option: option)
    }
}
