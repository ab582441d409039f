internal import OCISpec

/// The limits of the container's cgroup, and its device rules.
extension SpecificationInput {
    private typealias Resources = RuntimeSpecification.Linux.Resources

    /// The most processes and threads when nothing is said: enough for any program, and a fork bomb stays a container's
    /// own problem (Docker's and Podman's default for containers in systemd's slices is of this size, 2,048 to 4,915).
    static let defaultPIDsLimit: Int64 = 4096

    /// Docker's period for `--cpus`, in microseconds.
    static let cpuPeriod: Int64 = 100_000

    func resources() -> RuntimeSpecification.Linux.Resources {
        let given = configuration.resources
        return Resources(
            devices: deviceRules(), memory: Self.memory(given), cpu: Self.cpu(given),
            pids: .init(limit: Self.pidsLimit(given)), blockIO: blockIO(given))
    }

    static func pidsLimit(_ given: ResourceConfiguration) -> Int64 {
        guard let limit = given.pidsLimit, limit != 0 else { return defaultPIDsLimit }
        return limit < 0 ? -1 : limit
    }

    static func memory(_ given: ResourceConfiguration) -> RuntimeSpecification.Linux.Resources.Memory? {
        let asked = [given.memory, given.memoryReservation, given.memorySwap].contains { $0 != nil }
        guard asked || given.memorySwappiness != nil else { return nil }
        var memory = RuntimeSpecification.Linux.Resources.Memory()
        memory.limit = given.memory
        memory.reservation = given.memoryReservation
        memory.swappiness = given.memorySwappiness.flatMap { UInt64(exactly: $0) }
        switch (given.memory, given.memorySwap) {
        case (let limit?, nil), (let limit?, 0):
            // Docker's rule: as much swap again as memory.
            memory.swap = limit > Int64.max / 2 ? -1 : limit * 2
        case (_, let swap): memory.swap = swap == 0 ? nil : swap
        }
        return memory
    }

    static func cpu(_ given: ResourceConfiguration) -> RuntimeSpecification.Linux.Resources.CPU? {
        var cpu = RuntimeSpecification.Linux.Resources.CPU()
        cpu.shares = given.cpuShares.flatMap { $0 == 0 ? nil : UInt64(exactly: $0) }
        cpu.cpus = given.cpusetCPUs
        cpu.mems = given.cpusetMemories
        if let nano = given.nanoCPUs, nano > 0 {
            cpu.period = UInt64(cpuPeriod)
            // The kernel takes no quota below 1 ms.
            cpu.quota = max(1000, nano / (1_000_000_000 / cpuPeriod))
        } else {
            cpu.period = given.cpuPeriod.flatMap { $0 == 0 ? nil : UInt64(exactly: $0) }
            cpu.quota = given.cpuQuota.flatMap { $0 == 0 ? nil : $0 }
        }
        return cpu == .init() ? nil : cpu
    }

    private func blockIO(_ given: ResourceConfiguration) -> RuntimeSpecification.Linux.Resources.BlockIO? {
        func throttled(_ rates: [DeviceRate]) -> [RuntimeSpecification.Linux.Resources.BlockIO.ThrottleDevice] {
            rates.compactMap { rate in
                facts.disks[rate.path].map { .init(major: $0.major, minor: $0.minor, rate: rate.rate) }
            }
        }
        var blockIO = RuntimeSpecification.Linux.Resources.BlockIO()
        blockIO.weight = given.blockIOWeight.flatMap { $0 == 0 ? nil : $0 }
        blockIO.throttleReadBpsDevice = throttled(given.deviceReadBytes)
        blockIO.throttleWriteBpsDevice = throttled(given.deviceWriteBytes)
        blockIO.throttleReadIOPSDevice = throttled(given.deviceReadOperations)
        blockIO.throttleWriteIOPSDevice = throttled(given.deviceWriteOperations)
        return blockIO == .init() ? nil : blockIO
    }

    // MARK: Devices

    /// Nodes for `--device`, or for every device of the host with `--privileged`.
    func devices() -> [RuntimeSpecification.Linux.Device] {
        var result: [RuntimeSpecification.Linux.Device] = []
        func add(_ device: HostDevice, at path: String) {
            // /dev/null and its like are made in every container; a device asked for twice counts once.
            guard !Self.defaultDevicePaths.contains(path), !result.contains(where: { $0.path == path }) else { return }
            result.append(
                .init(
                    path: path, type: device.kind, major: device.major, minor: device.minor, fileMode: device.mode,
                    uid: device.uid, gid: device.gid))
        }
        for mapping in configuration.devices {
            for device in facts.devices[mapping.hostPath] ?? [] { add(device, at: Self.path(of: device, mapping)) }
        }
        if configuration.privileged {
            for device in facts.allDevices { add(device, at: device.path) }
        }
        return result
    }

    private static func path(of device: HostDevice, _ mapping: DeviceMapping) -> String {
        // A device in a mapped folder keeps its place relative to that folder.
        device.path.dropping(prefix: mapping.hostPath + "/").map { "\(mapping.containerPath)/\($0)" }
            ?? mapping.containerPath
    }

    /// What the runtime makes in every container (OCI runtime-spec, "Default Devices").
    static let defaultDevicePaths: Set<String> = [
        "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/console", "/dev/ptmx",
    ]

    /// Everything is denied but making nodes (which gives no access), the default devices and what was asked for.
    private func deviceRules() -> [RuntimeSpecification.Linux.Resources.DeviceRule] {
        typealias Rule = RuntimeSpecification.Linux.Resources.DeviceRule
        if configuration.privileged { return [Rule(allow: true, access: "rwm")] }
        var rules = [
            Rule(allow: false, access: "rwm"),
            Rule(allow: true, type: .character, access: "m"), Rule(allow: true, type: .block, access: "m"),
        ]
        // null, zero, full, random, urandom; tty, console, ptmx; terminals of devpts (Documentation/admin-guide/devices).
        for (major, minor) in [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2)] as [(Int64, Int64)] {
            rules.append(Rule(allow: true, type: .character, major: major, minor: minor, access: "rwm"))
        }
        rules.append(Rule(allow: true, type: .character, major: 136, access: "rwm"))
        for mapping in configuration.devices {
            for device in facts.devices[mapping.hostPath] ?? [] {
                rules.append(
                    Rule(
                        allow: true, type: device.kind == .block ? .block : .character, major: device.major,
                        minor: device.minor, access: mapping.permissions))
            }
        }
        return rules + configuration.deviceRules
    }
}
