import Glibc
import Testing

extension IntegrationTests {
    /// Limits, read back from the cgroup files outside and inside.
    @Suite struct Resources {
        @Test func limitsStandInTheCgroupFilesOnBothSides() throws {
            try TestEngine.withBusybox { engine in
                let started = try engine(
                    "run", "-d", "--name", "box", "-m", "64m", "--memory-reservation", "32m", "--memory-swap", "96m",
                    "--cpus", "0.5", "--cpu-shares", "512", "--cpuset-cpus", "0", "--pids-limit", "33", "busybox",
                    "sleep", "1000")
                #expect(started.status == 0, "\(started)")
                // controller, v1 file, v1 value, v2 file, v2 value
                let limits = [
                    ("memory", "memory.limit_in_bytes", "67108864", "memory.max", "67108864"),
                    ("memory", "memory.soft_limit_in_bytes", "33554432", "memory.low", "33554432"),
                    ("memory", "memory.memsw.limit_in_bytes", "100663296", "memory.swap.max", "33554432"),
                    ("cpu", "cpu.cfs_quota_us", "50000", "cpu.max", "50000 100000"),
                    ("cpuset", "cpuset.cpus", "0", "cpuset.cpus", "0"),
                    ("pids", "pids.max", "33", "pids.max", "33"),
                ]
                let inside = limits.map {
                    "cat /sys/fs/cgroup/\(TestEngine.hasUnifiedCgroups ? $0.3 : "\($0.0)/\($0.1)")"
                }
                let seen = try engine("exec", "box", "sh", "-c", inside.joined(separator: ";")).lines
                for (index, limit) in limits.enumerated() {
                    let expected = TestEngine.hasUnifiedCgroups ? limit.4 : limit.2
                    try #expect(engine.limit("box", v1: limit.0, limit.1, v2: limit.3) == expected, "\(limit)")
                    #expect(index < seen.count && seen[index] == expected, "inside: \(limit) \(seen)")
                }
                // Shares of 2 to 262144 become weights of 1 to 10000; both conversions in use give 20 or 59.
                let weight = try engine.limit("box", v1: "cpu", "cpu.shares", v2: "cpu.weight")
                #expect(["512", "20", "59"].contains(weight), "\(weight)")
                let group = try engine.inspect("box", "{{.CgroupPath}}")
                // The container sees its own cgroup as the root, read-only.
                let view = try engine(
                    "exec", "box", "sh", "-c",
                    "cat /proc/self/cgroup; grep Cpus_allowed_list /proc/self/status; mkdir /sys/fs/cgroup/*/x /sys/fs/cgroup/x"
                )
                #expect(!view.output.contains(group.split(separator: "/").last ?? "-"), "\(view)")
                #expect(view.output.contains("Cpus_allowed_list:\t0\n"), "\(view)")
                #expect(view.status != 0)
            }
        }

        @Test func limitsChangeWhileAContainerRuns() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "box", "-m", "64m", "--pids-limit", "33", "busybox", "sleep", "1000")
                func limits() throws -> [String] {
                    try [
                        engine.limit("box", v1: "memory", "memory.limit_in_bytes", v2: "memory.max"),
                        engine.limit("box", v1: "cpu", "cpu.cfs_quota_us", v2: "cpu.max"),
                        engine.limit("box", v1: "pids", "pids.max", v2: "pids.max"),
                    ]
                }
                let quota = TestEngine.hasUnifiedCgroups ? "50000 100000" : "50000"
                let updated = try engine("update", "-m", "32m", "--cpus", "0.5", "box")
                #expect(updated.status == 0 && updated.output == "box\n", "\(updated)")
                try #expect(limits() == ["33554432", quota, "33"], "what was not named stays")
                try #expect(
                    engine.inspect("box", "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}") == "33554432 500000000")
                // More again, and it lasts.
                try #expect(engine("update", "-m", "128m", "--pids-limit", "12", "box").status == 0)
                try #expect(limits() == ["134217728", quota, "12"])
                try engine("kill", "box")
                try engine("wait", "box")
                try #expect(engine("update", "-m", "96m", "box").status == 0)
                try #expect(engine("start", "box").status == 0)
                try #expect(limits() == ["100663296", quota, "12"])
                // What is refused changes nothing.
                for options in [["--cpus", "5000"], ["-m", "1k"], [], ["--memory-swap", "1m"]] {
                    let refused = try engine.run(["update"] + options + ["box"])
                    #expect(refused.status != 0 && !refused.error.isEmpty, "\(options): \(refused)")
                }
                try #expect(limits() == ["100663296", quota, "12"])
            }
        }

        @Test func moreProcessorsThanThereAreAreRefused() throws {
            try TestEngine.withBusybox { engine in
                let refused = try engine("create", "--cpus", "5000", "busybox")
                #expect(refused.status == 125, "\(refused)")
                #expect(refused.error.contains("--cpus") && refused.error.contains("give at most"), "\(refused)")
            }
        }

        /// A disk of this machine.
        private static func disk() throws -> String {
            try #require(
                TestEngine.names(in: "/sys/block").sorted().first {
                    !$0.hasPrefix("loop") && !$0.hasPrefix("ram") && access("/dev/\($0)", F_OK) == 0
                }, "no disk")
        }

        @Test func rateLimitsOfDisksStandInTheCgroupFiles() throws {
            try TestEngine.withBusybox { engine in
                let disk = try Self.disk()
                let number = try TestEngine.trimmed("/sys/block/\(disk)/dev")
                let started = try engine(
                    "run", "-d", "--name", "box", "--device-read-bps", "/dev/\(disk):3m", "--device-write-bps",
                    "/dev/\(disk):1mb", "--device-read-iops", "/dev/\(disk):70", "--device-write-iops",
                    "/dev/\(disk):50", "busybox", "sleep", "1000")
                #expect(started.status == 0, "\(started)")
                if TestEngine.hasUnifiedCgroups {
                    let limits = try engine.limit("box", v1: "", "", v2: "io.max")
                    #expect(limits == "\(number) rbps=3145728 wbps=1048576 riops=70 wiops=50")
                } else {
                    for (file, value) in [
                        ("read_bps_device", 3_145_728), ("write_bps_device", 1_048_576), ("read_iops_device", 70),
                        ("write_iops_device", 50),
                    ] {
                        let limit = try engine.limit("box", v1: "blkio", "blkio.throttle.\(file)", v2: "")
                        #expect(limit == "\(number) \(value)", "\(file)")
                    }
                }
                let wrong = try engine("run", "--rm", "--device-read-bps", "/dev/null:1m", "busybox", "true")
                #expect(wrong.status == 125 && wrong.error.contains("/dev/null"), "\(wrong)")
            }
        }

        @Test func blockWeightIsSetOrRefusedWhereTheKernelHasNone() throws {
            try TestEngine.withBusybox { engine in
                let result = try engine(
                    "run", "-d", "--name", "box", "--blkio-weight", "300", "busybox", "sleep", "1000")
                guard result.status == 0 else {
                    #expect(result.status == 125 && result.error.split(separator: "\n").count == 1, "\(result)")
                    #expect(result.error.contains("weight"), "\(result)")
                    return
                }
                try #expect(engine.inspect("box", "{{.HostConfig.BlkioWeight}}") == "300")
                let group = try engine.inspect("box", "{{.CgroupPath}}")
                let files =
                    TestEngine.hasUnifiedCgroups
                    ? ["\(group)/io.bfq.weight", "\(group)/io.weight"]
                    : ["blkio/\(group)/blkio.bfq.weight", "blkio/\(group)/blkio.weight"]
                let found = files.compactMap { try? TestEngine.trimmed("/sys/fs/cgroup/\($0)") }
                // OCI's weight of 10 to 1000 becomes 1 to 10000 where the kernel counts so: 1 + (300 - 10) * 9999 / 990.
                #expect(found.contains { $0.hasSuffix("300") || $0.hasSuffix("2930") }, "\(found)")
            }
        }

        @Test func tooMuchMemoryEndsWith137AndOOMKilled() throws {
            try TestEngine.withBusybox { engine in
                let result = try engine("run", "--name", "greedy", "-m", "16m", "busybox", "tail", "/dev/zero")
                #expect(result.status == 137, "\(result)")
                try #expect(engine.inspect("greedy", "{{.State.OOMKilled}} {{.State.ExitCode}}") == "true 137")
                // A kill from outside is none.
                try engine("run", "-d", "--name", "modest", "-m", "16m", "busybox", "sleep", "1000")
                try engine("kill", "modest")
                try engine("wait", "modest")
                try #expect(engine.inspect("modest", "{{.State.OOMKilled}} {{.State.ExitCode}}") == "false 137")
            }
        }

        @Test func aProgramThatFitsRunsIn512KiB() throws {
            try TestEngine.withBusybox { engine in
                let result = try engine("run", "--rm", "--memory", "512k", "busybox", "/bin/true")
                #expect(result.status == 0, "\(result)")
            }
        }

        @Test func noMoreProcessesThanTheLimit() throws {
            try TestEngine.withBusybox { engine in
                let script = "for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; echo all"
                let limited = try engine.shell(script, with: ["--pids-limit", "6"])
                #expect(limited.status != 0 && !limited.output.contains("all"), "\(limited)")
                let result = try engine.shell("\(script); kill $(jobs -p)", with: ["--pids-limit", "-1"])
                #expect(result.output == "all\n", "\(result)")
            }
        }
    }
}
