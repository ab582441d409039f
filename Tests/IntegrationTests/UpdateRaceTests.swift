import Glibc
import Testing

extension IntegrationTests {
    /// `update` in the very moment in which a container is started again.
    @Suite struct UpdateRace {
        /// The new run has the new limits wherever in the restart they came: the moments lie two milliseconds apart.
        @Test func limitsHoldForTheNextRun() throws {
            try TestEngine.withBusybox { engine in
                try engine(
                    "run", "-d", "--name", "web", "--network", "none", "--pids-limit", "50", "busybox", "sleep", "1000")
                let rounds = TestEngine.patience == 1 ? 40 : 6
                for round in 0..<rounds {
                    let restart = try engine.start("restart", "-t", "0", "web")
                    usleep(UInt32(round * 2000 * TestEngine.patience))
                    let limit = 100 + round
                    let update = try engine("update", "--pids-limit", "\(limit)", "web")
                    #expect(update.status == 0, "\(round): \(update)")
                    let result = restart.finish()
                    #expect(result.status == 0, "\(round): \(result)")
                    try #expect(
                        engine.limit("web", v1: "pids", "pids.max", v2: "pids.max") == "\(limit)", "round \(round)")
                    try #expect(engine.inspect("web", "{{.HostConfig.PidsLimit}}") == "\(limit)")
                }
            }
        }

        /// The same for restarts by policy, whose supervisor waits for nobody.
        @Test func limitsHoldForRestartsByPolicy() throws {
            try TestEngine.withBusybox { engine in
                try engine(
                    "run", "-d", "--name", "web", "--network", "none", "--restart", "always", "--pids-limit", "50",
                    "busybox", "sleep", "1000")
                let rounds = TestEngine.patience == 1 ? 5 : 2
                for round in 0..<rounds {
                    let pid = try #require(Int32(engine.inspect("web", "{{.State.Pid}}")))
                    kill(pid, SIGKILL)
                    // The pauses between restarts grow: what comes at their end is waited for beside them.
                    usleep(UInt32((95 << round) * 1000))
                    let update = try engine("update", "--pids-limit", "\(100 + round)", "web")
                    #expect(update.status == 0, "\(round): \(update)")
                    let isNew = try TestEngine.eventually {
                        let now = try engine.inspect("web", "{{.State.Status}} {{.State.Pid}}")
                        return now.hasPrefix("running ") && now != "running \(pid)"
                    }
                    try #require(isNew)
                    try #expect(
                        engine.limit("web", v1: "pids", "pids.max", v2: "pids.max") == "\(100 + round)", "\(round)")
                }
                // What the kernel does not take is told of, and the old limits hold.
                let refused = try engine("update", "--cpuset-cpus", "4000", "web")
                #expect(refused.status == 1, "\(refused)")
                try #expect(
                    engine.limit("web", v1: "pids", "pids.max", v2: "pids.max") == "\(100 + rounds - 1)")
            }
        }
    }
}
