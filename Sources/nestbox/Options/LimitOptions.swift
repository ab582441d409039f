internal import ArgumentParser
internal import Nestbox

/// The limits that a running container can be given, too.
struct LimitOptions: ParsableArguments {
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

    /// Sets what was given; all else stays as it is.
    ///
    /// - Throws: `ConfigurationError`.
    func apply(to resources: inout ResourceConfiguration) throws {
        resources.memory = try Self.bytes(memory, "--memory") ?? resources.memory
        resources.memoryReservation =
            try Self.bytes(memoryReservation, "--memory-reservation") ?? resources.memoryReservation
        resources.memorySwap =
            memorySwap == "-1" ? -1 : try Self.bytes(memorySwap, "--memory-swap") ?? resources.memorySwap
        if memorySwappiness != "-1" {
            resources.memorySwappiness =
                try Self.integer(memorySwappiness, "--memory-swappiness", 0...100) ?? resources.memorySwappiness
        }
        resources.nanoCPUs = try cpus.flatMap { try OptionNumber.nanoCPUs($0, option: "--cpus") } ?? resources.nanoCPUs
        resources.cpuShares =
            try Self.integer(cpuShares, "--cpu-shares", 0...262_144, zeroIsNone: true) ?? resources.cpuShares
        resources.cpuPeriod =
            try Self.integer(cpuPeriod, "--cpu-period", 0...1_000_000, zeroIsNone: true) ?? resources.cpuPeriod
        resources.cpuQuota =
            try Self.integer(cpuQuota, "--cpu-quota", -1...Int64.max, zeroIsNone: true) ?? resources.cpuQuota
        resources.cpusetCPUs = try Self.list(cpusetCpus, "--cpuset-cpus") ?? resources.cpusetCPUs
        resources.cpusetMemories = try Self.list(cpusetMems, "--cpuset-mems") ?? resources.cpusetMemories
        let pids: Int64? = try Self.integer(pidsLimit, "--pids-limit", -1...4_194_304)
        if let pids { resources.pidsLimit = pids == 0 ? -1 : pids }
        resources.blockIOWeight =
            try Self.integer(blkioWeight, "--blkio-weight", 0...1000, zeroIsNone: true) ?? resources.blockIOWeight
        if let weight = resources.blockIOWeight, weight < 10 {
            throw ConfigurationError("--blkio-weight", "\(weight)", "it is out of range", accepted: "give 10 to 1000")
        }
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
