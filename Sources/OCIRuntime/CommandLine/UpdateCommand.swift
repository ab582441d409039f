internal import LinuxSystem
internal import OCISpec

/// `update`: changes the limits of a container.
enum UpdateCommand {
    private static let options: [Option] = [
        .value("resources", "r"), .value("blkio-weight"), .value("cpu-period"), .value("cpu-quota"),
        .value("cpu-burst"),
        .value("cpu-share"), .value("cpu-rt-period"), .value("cpu-rt-runtime"), .value("cpu-idle"),
        .value("cpuset-cpus"), .value("cpuset-mems"), .value("memory"), .value("memory-reservation"),
        .value("memory-swap"), .value("pids-limit"),
        .refusedValue("kernel-memory", "kernels since 5.4 have no limit of their own for it"),
        .refusedValue("kernel-memory-tcp", "kernels since 5.4 have no limit of their own for it"),
        .refusedValue("l3-cache-schema", "resource director technology is not supported"),
        .refusedValue("mem-bw-schema", "resource director technology is not supported"),
    ]

    static let command = Subcommand(options: options) { options, global throws(LaunchError) in
        let container = try options.container(global)
        guard container.status() != .stopped else {
            throw LaunchError("cannot update container \(container.record.id): container not running")
        }
        let resources: RuntimeSpecification.Linux.Resources
        if let path = options["resources"] { resources = try read(path) } else { resources = try named(options) }
        let cgroup = try container.requiredCgroup()
        do throws(CgroupError) {
            try cgroup.apply(resources)
        } catch {
            throw LaunchError("cannot update container \(container.record.id): \(error)")
        }
        return 0
    }

    /// A JSON document, from a file or, for `-`, from standard input.
    private static func read(_ path: String) throws(LaunchError) -> RuntimeSpecification.Linux.Resources {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try InputFile.read(path == "-" ? "/dev/stdin" : path)
        } catch {
            throw LaunchError("cannot read the resources: \(error)")
        }
        do throws(JSONError) {
            return try RuntimeSpecification.Linux.Resources(jsonBytes: bytes)
        } catch {
            throw LaunchError("cannot read the resources \(path): \(error)")
        }
    }

    private static func named(_ options: Options) throws(LaunchError) -> RuntimeSpecification.Linux.Resources {
        var cpu = RuntimeSpecification.Linux.Resources.CPU()
        cpu.period = try options.number("cpu-period")
        cpu.quota = try options.number("cpu-quota")
        cpu.burst = try options.number("cpu-burst")
        cpu.shares = try options.number("cpu-share")
        cpu.realtimePeriod = try options.number("cpu-rt-period")
        cpu.realtimeRuntime = try options.number("cpu-rt-runtime")
        cpu.idle = try options.number("cpu-idle")
        cpu.cpus = options["cpuset-cpus"]
        cpu.mems = options["cpuset-mems"]
        var memory = RuntimeSpecification.Linux.Resources.Memory()
        memory.limit = try bytes(options, "memory")
        memory.reservation = try bytes(options, "memory-reservation")
        memory.swap = try bytes(options, "memory-swap")
        var resources = RuntimeSpecification.Linux.Resources()
        if cpu != .init() { resources.cpu = cpu }
        if memory != .init() { resources.memory = memory }
        if let limit = try options.number("pids-limit", as: Int64.self) { resources.pids = .init(limit: limit) }
        if let weight = try options.number("blkio-weight", as: UInt16.self) {
            resources.blockIO = .init(weight: weight)
        }
        guard resources != .init() else { throw LaunchError("nothing to update: name a limit, or use --resources") }
        return resources
    }

    /// A number with a unit, such as 64m; -1: no limit.
    private static func bytes(_ options: Options, _ name: String) throws(LaunchError) -> Int64? {
        guard let text = options[name] else { return nil }
        if text == "-1" { return -1 }
        var digits = text.lowercased()
        if digits.ends(with: "b") { digits.removeLast() }
        if digits.ends(with: "i") { digits.removeLast() }
        let shift: Int64 =
            switch digits.last {
            case "k": 10
            case "m": 20
            case "g": 30
            case "t": 40
            default: 0
            }
        if shift > 0 { digits.removeLast() }
        guard let number = Int64(digits), number >= 0, number <= Int64.max >> shift else {
            throw LaunchError("invalid value \"\(text)\" for \(name): use bytes, or a number with k, m or g")
        }
        return number << shift
    }
}
