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
