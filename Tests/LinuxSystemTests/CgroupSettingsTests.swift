import OCISpec
import Testing

@testable import LinuxSystem

private typealias Resources = RuntimeSpecification.Linux.Resources

@Suite("Cgroup settings")
struct CgroupSettingsTests {
    /// `file=value` in order; the files of one group stand together in an array.
    private func files(
        _ resources: Resources, _ version: CgroupVersion, current: [String: String] = [:]
    ) throws -> [String] {
        let settings = try CgroupSettings(resources, version: { _ in version }) {
            (_, file) throws(CgroupError) in current[file]
        }
        return settings.groups.joined().map { "\($0.choices[0].file)=\($0.choices[0].value)" }
    }

    private func error(_ resources: Resources, _ version: CgroupVersion) -> CgroupError? {
        #expect(throws: CgroupError.self) { try files(resources, version) }
    }

    // MARK: Memory

    @Test func memoryAndSwap() throws {
        let both = Resources(memory: .init(limit: 1000, swap: 1500))
        #expect(try files(both, .v1) == ["memory.limit_in_bytes=1000", "memory.memsw.limit_in_bytes=1500"])
        #expect(try files(both, .v2) == ["memory.max=1000", "memory.swap.max=500"])
        let none = Resources(memory: .init(limit: 1000, swap: 1000))
        #expect(try files(none, .v2) == ["memory.max=1000", "memory.swap.max=0"])
        let unlimitedSwap = Resources(memory: .init(limit: 1000, swap: -1))
        #expect(try files(unlimitedSwap, .v1) == ["memory.limit_in_bytes=1000", "memory.memsw.limit_in_bytes=-1"])
        #expect(try files(unlimitedSwap, .v2) == ["memory.max=1000", "memory.swap.max=max"])
        let unlimited = Resources(memory: .init(limit: -1))
        #expect(try files(unlimited, .v1) == ["memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1"])
        #expect(try files(unlimited, .v2) == ["memory.max=max", "memory.swap.max=max"])
        #expect(try files(Resources(memory: .init(limit: 0, swap: 0)), .v1) == [])
        #expect(try files(Resources(memory: .init(limit: 0, swap: 0)), .v2) == [])
    }

    @Test func swapAloneTakesTheLimitThatIsSet() throws {
        let swap = Resources(memory: .init(swap: 1500))
        #expect(try files(swap, .v1) == ["memory.memsw.limit_in_bytes=1500"])
        #expect(try files(swap, .v2, current: ["memory.max": "1200"]) == ["memory.swap.max=300"])
        #expect(throws: CgroupError.self) { try files(swap, .v2, current: ["memory.max": "max"]) }
        #expect(throws: CgroupError.self) { try files(swap, .v2, current: ["memory.max": "1501"]) }
        #expect(throws: CgroupError.self) { try files(swap, .v2) }
    }

    @Test func reservationAndV1Extras() throws {
        let soft = Resources(memory: .init(reservation: 500))
        #expect(try files(soft, .v1) == ["memory.soft_limit_in_bytes=500"])
        #expect(try files(soft, .v2) == ["memory.low=500"])
        let extras = Resources(memory: .init(swappiness: 10, disableOOMKiller: true))
        #expect(try files(extras, .v1) == ["memory.swappiness=10", "memory.oom_control=1"])
        #expect(error(extras, .v2)?.description.contains("memory.swappiness") == true)
    }

    @Test(arguments: [CgroupVersion.v1, .v2])
    func impossibleMemoryIsRefused(_ version: CgroupVersion) {
        for memory in [
            Resources.Memory(limit: 1000, swap: 999), .init(limit: -2), .init(limit: 10, swap: -5),
            .init(reservation: -7), .init(limit: -1, swap: 1000),
        ] {
            guard case .invalidResource = error(Resources(memory: memory), version) else {
                Issue.record("\(memory)")
                continue
            }
        }
    }

    /// A swap limit that nobody asked for does not stand in the way on kernels without swap accounting.
    @Test(arguments: [CgroupVersion.v1, .v2])
    func onlyAskedForSwapIsRequired(_ version: CgroupVersion) throws {
        func required(_ memory: Resources.Memory) throws -> Bool? {
            let settings = try CgroupSettings(Resources(memory: memory), version: { _ in version })
            return settings.groups.joined().first { $0.name == "memory.swap" }?.isRequired
        }
        #expect(try required(.init(limit: 1000, swap: 1200)) == true)
        #expect(try required(.init(limit: 1000, swap: 1000)) == true)
        #expect(try required(.init(limit: 1000, swap: 2000)) == false)
        #expect(try required(.init(limit: 1000, swap: -1)) == false)
        #expect(try required(.init(limit: 1000)) == nil)
    }

    // MARK: CPU

    @Test func sharesBecomeWeights() throws {
        let expected: [(shares: UInt64, weight: UInt64)] = [
            (1, 1), (2, 1), (100, 4), (512, 20), (1024, 39), (262_144, 10_000), (.max, 10_000),
        ]
        for (shares, weight) in expected {
            #expect(try files(Resources(cpu: .init(shares: shares)), .v2) == ["cpu.weight=\(weight)"])
        }
    }

    @Test func quotaPeriodAndBurst() throws {
        let all = Resources(cpu: .init(quota: 50_000, burst: 1000, period: 200_000))
        #expect(
            try files(all, .v1) == ["cpu.cfs_period_us=200000", "cpu.cfs_quota_us=50000", "cpu.cfs_burst_us=1000"])
        #expect(try files(all, .v2) == ["cpu.max=50000 200000", "cpu.max.burst=1000"])
        #expect(try files(Resources(cpu: .init(quota: 50_000)), .v2) == ["cpu.max=50000"])
        #expect(try files(Resources(cpu: .init(quota: -1)), .v1) == ["cpu.cfs_quota_us=-1"])
        #expect(try files(Resources(cpu: .init(quota: -1)), .v2, current: ["cpu.max": "50 100"]) == ["cpu.max=max"])
        let period = Resources(cpu: .init(period: 200_000))
        #expect(try files(period, .v2) == ["cpu.max=max 200000"])
        #expect(try files(period, .v2, current: ["cpu.max": "5000 100000"]) == ["cpu.max=5000 200000"])
        #expect(try files(Resources(cpu: .init(shares: 0, quota: 0, period: 0, cpus: "", mems: "")), .v2) == [])
    }

    @Test func placementIdleAndRealtime() throws {
        let cpu = Resources(cpu: .init(cpus: "0-2,5", mems: "0", idle: 1))
        #expect(try files(cpu, .v1) == ["cpu.idle=1", "cpuset.cpus=0-2,5", "cpuset.mems=0"])
        #expect(try files(cpu, .v2) == ["cpu.idle=1", "cpuset.cpus=0-2,5", "cpuset.mems=0"])
        let realtime = Resources(cpu: .init(realtimeRuntime: 900, realtimePeriod: 1000))
        #expect(try files(realtime, .v1) == ["cpu.rt_period_us=1000", "cpu.rt_runtime_us=900"])
        #expect(error(realtime, .v2) != nil)
        #expect(error(Resources(cpu: .init(cpus: "0\n1")), .v1) != nil)
        #expect(error(Resources(cpu: .init(quota: -2)), .v2) != nil)
        #expect(error(Resources(cpu: .init(idle: 2)), .v2) != nil)
    }

    // MARK: Others

    @Test func processes() throws {
        for version in [CgroupVersion.v1, .v2] {
            #expect(try files(Resources(pids: .init(limit: 10)), version) == ["pids.max=10"])
            #expect(try files(Resources(pids: .init(limit: -1)), version) == ["pids.max=max"])
            #expect(try files(Resources(pids: .init(limit: 0)), version) == ["pids.max=max"])
            #expect(try files(Resources(pids: .init()), version) == [])
        }
    }

    @Test func blockDevices() throws {
        let blockIO = Resources(
            blockIO: .init(
                weight: 500, weightDevice: [.init(major: 8, minor: 0, weight: 10)],
                throttleReadBpsDevice: [.init(major: 8, minor: 0, rate: 1000)],
                throttleWriteIOPSDevice: [.init(major: 8, minor: 16, rate: 0)]))
        #expect(
            try files(blockIO, .v1) == [
                "blkio.weight=500", "blkio.weight_device=8:0 10", "blkio.throttle.read_bps_device=8:0 1000",
                "blkio.throttle.write_iops_device=8:16 0",
            ])
        #expect(
            try files(blockIO, .v2) == [
                "io.bfq.weight=500", "io.bfq.weight=8:0 10", "io.max=8:0 rbps=1000", "io.max=8:16 wiops=max",
            ])
        let settings = try CgroupSettings(blockIO, version: { _ in .v2 })
        #expect(settings.groups[0][0].choices.last == .init(file: "io.weight", value: "4950"))
        #expect(CgroupSettings.weight(blockIO: 10) == 1)
        #expect(CgroupSettings.weight(blockIO: 1000) == 10_000)
        #expect(error(Resources(blockIO: .init(weight: 9)), .v1) != nil)
        #expect(error(Resources(blockIO: .init(leafWeight: 100)), .v2) != nil)
    }

    @Test func hugePagesNetworkAndRDMA() throws {
        let huge = Resources(hugepageLimits: [.init(pageSize: "2MB", limit: 4096)])
        #expect(
            try files(huge, .v1) == ["hugetlb.2MB.limit_in_bytes=4096", "hugetlb.2MB.rsvd.limit_in_bytes=4096"])
        #expect(try files(huge, .v2) == ["hugetlb.2MB.max=4096", "hugetlb.2MB.rsvd.max=4096"])
        for size in ["", "MB", "2", "2MB/../x", "2mb", "../2MB"] {
            #expect(error(Resources(hugepageLimits: [.init(pageSize: size, limit: 1)]), .v2) != nil)
        }
        let network = Resources(network: .init(classID: 7, priorities: [.init(name: "eth0", priority: 3)]))
        #expect(try files(network, .v1) == ["net_cls.classid=7", "net_prio.ifpriomap=eth0 3"])
        #expect(error(network, .v2) != nil)
        let rdma = Resources(rdma: ["mlx5_0": .init(hcaHandles: 3, hcaObjects: 10_000)])
        #expect(try files(rdma, .v2) == ["rdma.max=mlx5_0 hca_handle=3 hca_object=10000"])
    }

    @Test func theUnifiedMap() throws {
        let high = Resources(unified: ["memory.high": "1000", "io.latency": "8:0 target=5"])
        #expect(try files(high, .v2) == ["io.latency=8:0 target=5", "memory.high=1000"])
        guard case .unavailable = error(high, .v1) else {
            Issue.record("memory is on v1 there")
            return
        }
        for key in [
            "cgroup.procs", "cgroup.kill", "cgroup.subtree_control", "../memory.max", "memory.max/..", "memory", "x.y",
            "",
            ".", "memory.", ".memory", "memory.\u{0}",
        ] {
            #expect(error(Resources(unified: [key: "1"]), .v2) != nil, "\(key)")
        }
    }

    @Test func onlyNamedControllersAreNeeded() throws {
        func controllers(_ resources: Resources) throws -> [CgroupController] {
            try CgroupSettings(resources, version: { _ in .v1 }).controllers
        }
        #expect(try controllers(Resources()) == [])
        #expect(try controllers(Resources(cpu: .init(cpus: "0"))) == [.cpuset])
        #expect(try controllers(Resources(memory: .init(limit: 1), cpu: .init(shares: 2))) == [.memory, .cpu])
    }
}
