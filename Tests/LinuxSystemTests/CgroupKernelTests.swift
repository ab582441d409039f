import Glibc
import LinuxSystem
import OCISpec
import Testing

private typealias Resources = RuntimeSpecification.Linux.Resources
private typealias Machine = CgroupTestMachine

@Suite("Cgroups of this machine", .serialized, .enabled(if: CgroupTestMachine.isUsable, "needs root and cgroups"))
struct CgroupKernelTests {
    private func value(_ cgroup: Cgroup, _ controller: CgroupController, v1: String, v2: String) -> String? {
        let point = cgroup.layout.v1[controller]
        return Machine.text("\(point ?? cgroup.layout.unified)/\(cgroup.path)/\(point == nil ? v2 : v1)")
    }

    @Test func createsWithLimitsAndReadsThemBack() throws {
        try withCgroup { cgroup in
            try cgroup.create(
                resources: Resources(
                    memory: .init(limit: 64 << 20, reservation: 32 << 20, swap: 64 << 20), pids: .init(limit: 77)))
            #expect(value(cgroup, .memory, v1: "memory.limit_in_bytes", v2: "memory.max") == "\(64 << 20)")
            #expect(value(cgroup, .memory, v1: "memory.soft_limit_in_bytes", v2: "memory.low") == "\(32 << 20)")
            let swap = value(cgroup, .memory, v1: "memory.memsw.limit_in_bytes", v2: "memory.swap.max")
            #expect(swap == (cgroup.layout.version(of: .memory) == .v1 ? "\(64 << 20)" : "0"))
            #expect(value(cgroup, .pids, v1: "pids.max", v2: "pids.max") == "77")
            #expect(try cgroup.statistics().memoryLimit == 64 << 20)
            #expect(try !cgroup.isPopulated())
        }
    }

    @Test func setsCPUTimeAndPlacement() throws {
        try withCgroup { cgroup in
            try cgroup.create(
                resources: Resources(
                    cpu: .init(shares: 512, quota: 50_000, burst: 20_000, period: 200_000, cpus: "0", mems: "0")))
            if cgroup.layout.version(of: .cpu) == .v1 {
                #expect(value(cgroup, .cpu, v1: "cpu.shares", v2: "") == "512")
                #expect(value(cgroup, .cpu, v1: "cpu.cfs_quota_us", v2: "") == "50000")
                #expect(value(cgroup, .cpu, v1: "cpu.cfs_period_us", v2: "") == "200000")
                #expect(value(cgroup, .cpu, v1: "cpu.cfs_burst_us", v2: "") == "20000")
            } else {
                #expect(value(cgroup, .cpu, v1: "", v2: "cpu.weight") == "20")
                #expect(value(cgroup, .cpu, v1: "", v2: "cpu.max") == "50000 200000")
            }
            #expect(value(cgroup, .cpuset, v1: "cpuset.cpus", v2: "cpuset.cpus") == "0")
            let shell = try WaitingShell("grep -q '^Cpus_allowed_list:.0$' /proc/self/status")
            try cgroup.add(process: shell.process)
            #expect(shell.run() == 0)
        }
    }

    @Test func makesOnlyTheFoldersThatAreNeeded() throws {
        try withCgroup { cgroup in
            try cgroup.create(resources: Resources(memory: .init(limit: 64 << 20)))
            let expected = Set([.memory, .pids].map { cgroup.layout.v1[$0] ?? cgroup.layout.unified })
                .union([cgroup.layout.unified]).map { "\($0)/\(cgroup.path)" }
            #expect(Set(Machine.remains(of: cgroup.path)) == Set(expected))
        }
    }

    @Test func updateMakesMissingGroupsAndMovesProcesses() throws {
        try withCgroup { cgroup in
            try cgroup.create()
            let shell = try WaitingShell("sleep 1000")
            try cgroup.add(process: shell.process)
            #expect(try cgroup.processes() == [shell.process])
            try cgroup.apply(Resources(memory: .init(limit: 48 << 20), cpu: .init(shares: 100, cpus: "0")))
            #expect(value(cgroup, .memory, v1: "memory.limit_in_bytes", v2: "memory.max") == "\(48 << 20)")
            let membership = try #require(Machine.text("/proc/\(shell.process)/cgroup"))
            for controller in [CgroupController.memory, .pids, .cpu, .cpuset] {
                guard cgroup.layout.version(of: controller) == .v1 else { continue }
                #expect(membership.contains(":\(controller.rawValue):/\(cgroup.path)\n"), "\(membership)")
            }
            #expect(membership.hasSuffix("0::/\(cgroup.path)"))
        }
    }

    @Test func raisesAndLowersMemoryWithSwapInEitherOrder() throws {
        try withCgroup { cgroup in
            try cgroup.create(resources: Resources(memory: .init(limit: 32 << 20, swap: 32 << 20)))
            for size in [Int64(128 << 20), 16 << 20, 64 << 20] {
                try cgroup.apply(Resources(memory: .init(limit: size, swap: size)))
                #expect(value(cgroup, .memory, v1: "memory.limit_in_bytes", v2: "memory.max") == "\(size)")
            }
            try cgroup.apply(Resources(memory: .init(limit: -1)))
            #expect(try cgroup.statistics().memoryLimit == nil)
        }
    }

    @Test func aRefusedValueNamesFileValueAndCgroup() throws {
        try withCgroup { cgroup in
            let error = #expect(throws: CgroupError.self) {
                try cgroup.create(resources: Resources(cpu: .init(cpus: "4095")))
            }
            let text = try #require(error).description
            #expect(text.contains("4095") && text.contains("cpuset.cpus") && text.contains(cgroup.path), "\(text)")
            #expect(Machine.remains(of: cgroup.path) == [], "nothing stays of a cgroup that could not be made")
        }
    }

    @Test func anOOMKillIsCounted() throws {
        try withCgroup { cgroup in
            try cgroup.create(resources: Resources(memory: .init(limit: 8 << 20, swap: 8 << 20)))
            #expect(try cgroup.oomKillCount() == 0)
            let shell = try WaitingShell("exec tail /dev/zero")
            try cgroup.add(process: shell.process)
            #expect(shell.run() == -SIGKILL)
            #expect(try cgroup.oomKillCount() >= 1)
            #expect(try #require(try cgroup.statistics().memoryPeak) <= 8 << 20)
        }
    }

    @Test func theProcessLimitHolds() throws {
        try withCgroup { cgroup in
            try cgroup.create(resources: Resources(pids: .init(limit: 1)))
            let script = "(exit 0) 2>/dev/null; exit $?"
            let limited = try WaitingShell(script)
            try cgroup.add(process: limited.process)
            #expect(try cgroup.statistics().pidsCurrent == 1)
            #expect(limited.run() != 0)
            #expect(try WaitingShell(script).run() == 0)
        }
    }

    @Test func aChildJoinsByItself() throws {
        try withCgroup { cgroup in
            let entrance = try cgroup.create()
            let points = Set([.memory, .pids].compactMap { cgroup.layout.v1[$0] })
            #expect(entrance.joinDescriptors.count == points.count)
            // What the launcher's child does: one byte to each descriptor, from inside.
            let joins = entrance.joinDescriptors.map { "printf 0 >/proc/\(getpid())/fd/\($0)" }
            let shell = try WaitingShell((joins + ["kill -STOP $$"]).joined(separator: "\n"))
            shell.go()
            var status: Int32 = 0
            #expect(waitpid(shell.process, &status, WUNTRACED) == shell.process)
            let membership = try #require(Machine.text("/proc/\(shell.process)/cgroup"))
            for controller in [CgroupController.memory, .pids] where cgroup.layout.version(of: controller) == .v1 {
                #expect(membership.contains(":\(controller.rawValue):/\(cgroup.path)\n"), "\(membership)")
            }
            kill(shell.process, SIGKILL)
            _ = shell.wait()
            #expect(try cgroup.openEntrance().joinDescriptors.count == points.count)
        }
    }

    @Test func theDeviceProgramDecides() throws {
        let script = """
            result=0
            (: </dev/zero) 2>/dev/null && result=$((result + 1))
            (: </dev/full) 2>/dev/null && result=$((result + 2))
            (: >/dev/full) 2>/dev/null && result=$((result + 4))
            exit $result
            """
        func outcome(_ cgroup: Cgroup) throws -> Int32 {
            let shell = try WaitingShell(script)
            try cgroup.add(process: shell.process)
            return shell.run()
        }
        try withCgroup { cgroup in
            let null = Resources.DeviceRule(allow: true, type: .character, major: 1, minor: 3, access: "rwm")
            try cgroup.create(
                resources: Resources(devices: [
                    .init(allow: false, access: "rwm"), null,
                    .init(allow: true, type: .character, major: 1, minor: 5, access: "rw"),
                ]))
            #expect(try outcome(cgroup) == 1, "zero only")
            try cgroup.apply(
                Resources(devices: [
                    .init(allow: false, access: "rwm"), null,
                    .init(allow: true, type: .character, major: 1, minor: 7, access: "r"),
                ]))
            #expect(try outcome(cgroup) == 2, "replaced: full, for reading only")
            try cgroup.apply(Resources(devices: [.init(allow: true, access: "rwm")]))
            #expect(try outcome(cgroup) == 7, "everything")
            try cgroup.apply(Resources(devices: Cgroup.defaultDeviceRules))
            #expect(try outcome(cgroup) == 7, "the default devices")
        }
    }

    @Test func manyDeviceRulesPassTheVerifier() throws {
        try withCgroup { cgroup in
            let kinds = Resources.DeviceRule.Kind.allCases
            let accesses = ["r", "w", "m", "rw", "rwm"]
            let rules = (0..<1000).map { (index: Int) -> Resources.DeviceRule in
                let minor: Int64? = index % 7 == 0 ? nil : Int64(index)
                return Resources.DeviceRule(
                    allow: index % 4 != 0, type: kinds[index % 3], major: Int64(index % 256), minor: minor,
                    access: accesses[index % 5])
            }
            try cgroup.create(resources: Resources(devices: rules))
        }
    }

    @Test func freezesThawsAndKillsWhileFrozen() throws {
        try withCgroup { cgroup in
            try cgroup.create()
            let shell = try WaitingShell("sleep 1000")
            try cgroup.add(process: shell.process)
            try cgroup.freeze()
            #expect(try cgroup.isFrozen())
            try cgroup.thaw()
            #expect(try !cgroup.isFrozen())
            try cgroup.freeze()
            try cgroup.kill()
            #expect(shell.wait() == -SIGKILL)
            #expect(try cgroup.waitUntilEmpty(within: .seconds(10)))
            #expect(try !cgroup.isPopulated())
        }
    }

    @Test(.enabled(if: CgroupTestMachine.layout?.v1[.freezer] != nil, "needs a v1 freezer"), arguments: [true, false])
    func killsWhatFrozeItselfInV1(below ownPath: Bool) throws {
        try withCgroup("killsWhatFroze\(ownPath)") { cgroup in
            try cgroup.create()
            let shell = try WaitingShell("exec sleep 1000")
            try cgroup.add(process: shell.process)
            let point = try #require(cgroup.layout.v1[.freezer])
            let own = "\(point)/\(cgroup.path)/inner"
            let folder = ownPath ? own : "\(point)/nestbox-test-\(getpid())-elsewhere"
            if ownPath {
                mkdir("\(point)/nestbox-test-\(getpid())", 0o755)
                mkdir("\(point)/\(cgroup.path)", 0o755)
            }
            try #require(mkdir(folder, 0o755) == 0)
            defer { if !ownPath { rmdir(folder) } }
            try FileDescriptor.open("\(folder)/cgroup.procs", O_WRONLY).writeAll(Array("\(shell.process)".utf8))
            try FileDescriptor.open("\(folder)/freezer.state", O_WRONLY).writeAll(Array("FROZEN".utf8))
            try cgroup.killAndWait(within: .seconds(10))
            #expect(shell.wait() == -SIGKILL)
        }
    }

    @Test func whatIsEmptyGoesAtOnceAndWhatIsLivedInStays() throws {
        try withCgroup { cgroup in
            try cgroup.create()
            let shell = try WaitingShell("exec sleep 1000")
            try cgroup.add(process: shell.process)
            #expect(!cgroup.removeIfEmpty())
            #expect(try cgroup.isPopulated())
            try cgroup.killAndWait(within: .seconds(10))
            #expect(shell.wait() == -SIGKILL)
            #expect(cgroup.removeIfEmpty() && CgroupTestMachine.remains(of: cgroup.path).isEmpty)
            // What is not there is removed.
            #expect(cgroup.removeIfEmpty())
            try cgroup.create()
            try #require(mkdir("\(cgroup.layout.unified)/\(cgroup.path)/inner", 0o755) == 0)
            #expect(!cgroup.removeIfEmpty())
        }
    }

    @Test func aProcessIsBornWhileTheRestIsMade() throws {
        try withCgroup { cgroup in
            let begun = try cgroup.begin(resources: Resources(pids: .init(limit: 7)))
            #expect(try !cgroup.isPopulated())
            let shell = try WaitingShell("exec sleep 1000")
            try cgroup.add(process: shell.process)
            let entrance = try begun.finish()
            #expect(entrance.joinDescriptors.count == Set([.memory, .pids].compactMap { cgroup.layout.v1[$0] }).count)
            let folder = "\(cgroup.layout.v1[.pids] ?? cgroup.layout.unified)/\(cgroup.path)"
            #expect(CgroupTestMachine.text("\(folder)/pids.max") == "7")
            try cgroup.killAndWait(within: .seconds(10))
            #expect(shell.wait() == -SIGKILL)
        }
    }

    @Test func removesWhatWasMadeInside() throws {
        try withCgroup { cgroup in
            try cgroup.create()
            for point in Set([cgroup.layout.unified, cgroup.layout.v1[.memory] ?? cgroup.layout.unified]) {
                var folder = "\(point)/\(cgroup.path)"
                for level in 0..<40 {
                    folder += "/d\(level)"
                    try #require(mkdir(folder, 0o755) == 0)
                    try #require(mkdir(folder + "/side", 0o755) == 0)
                }
            }
            let shell = try WaitingShell("sleep 1000")
            try FileDescriptor.open("\(cgroup.layout.unified)/\(cgroup.path)/d0/side/cgroup.procs", O_WRONLY)
                .writeAll(Array("\(shell.process)".utf8))
            #expect(try cgroup.processes() == [shell.process])
            #expect(throws: CgroupError.timedOut(operation: "remove", cgroup: cgroup.path, processes: [shell.process]))
            {
                try cgroup.remove(within: .milliseconds(50))
            }
            try cgroup.killAndWait()
            try cgroup.remove()
            #expect(Machine.remains(of: cgroup.path) == [])
            // What is gone is empty, dead and removed.
            #expect(try cgroup.waitUntilEmpty(within: .zero))
            try cgroup.kill()
            try cgroup.remove()
        }
    }

    @Test func aLeftoverIsReplacedAndLivingOnesRefused() throws {
        try withCgroup { cgroup in
            try cgroup.create(resources: Resources(pids: .init(limit: 5)))
            try cgroup.kill()
            let before = try cgroup.openUnified().status().st_ino
            try cgroup.create()
            #expect(try cgroup.openUnified().status().st_ino != before, "a killed cgroup is not used again")
            #expect(value(cgroup, .pids, v1: "pids.max", v2: "pids.max") == "max", "no limit of the leftover stays")

            let shell = try WaitingShell("sleep 1000")
            try cgroup.add(process: shell.process)
            let error = #expect(throws: CgroupError.self) { try cgroup.create() }
            guard case .inUse = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try cgroup.processes() == [shell.process])
        }
    }

    @Test(.enabled(if: CgroupTestMachine.layout?.v1[.pids] != nil, "needs the pids controller on v1"))
    func aV1GroupThatOthersLiveInIsLeftAlone() throws {
        try withCgroup { cgroup in
            let point = try #require(cgroup.layout.v1[.pids])
            let folder = "\(point)/\(cgroup.path)"
            mkdir(String(folder[..<(try #require(folder.lastIndex(of: "/")))]), 0o755)
            try #require(mkdir(folder, 0o755) == 0)
            let shell = try WaitingShell("sleep 1000")
            try FileDescriptor.open("\(folder)/cgroup.procs", O_WRONLY).writeAll(Array("\(shell.process)".utf8))
            let error = #expect(throws: CgroupError.self) { _ = try cgroup.begin() }
            guard case .inUse = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(CgroupTestMachine.remains(of: cgroup.path) == [folder])
            #expect(CgroupTestMachine.text("\(folder)/cgroup.procs") == "\(shell.process)")
            kill(shell.process, SIGKILL)
            #expect(shell.wait() == -SIGKILL)
        }
    }

    @Test func missingProcessesAndCgroupsAreTold() throws {
        try withCgroup { cgroup in
            #expect(throws: CgroupError.self) { try cgroup.add(process: getpid()) }
            try cgroup.create()
            let error = #expect(throws: CgroupError.self) { try cgroup.add(process: 0x3fff_fffe) }
            #expect(try #require(error).description.contains("the process has ended"))
        }
    }
}
