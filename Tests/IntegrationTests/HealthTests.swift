import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// Health checks.
    @Suite struct Health {
        private static let quick = ["--health-interval", "50ms", "--health-timeout", "20s", "--health-retries", "2"]

        private func status(_ engine: TestEngine, _ name: String) throws -> String {
            try engine.inspect(name, "{{.State.Health.Status}}")
        }

        @Test func aContainerBecomesHealthyUnhealthyAndHealthyAgain() throws {
            try TestEngine.withBusybox { engine in
                try engine.run(
                    ["run", "-d", "--name", "web", "--health-cmd", "echo looked; test -e /well", "-e", "WHO=me"]
                        + Self.quick + ["busybox", "sleep", "1000"])
                try #expect(engine("ps", "--format", "{{.Status}}").output.contains("(health: starting)"))
                #expect(try TestEngine.eventually { try status(engine, "web") == "unhealthy" })
                try #expect(engine("ps", "--format", "{{.Status}}").output.contains("(unhealthy)"))
                try engine("exec", "web", "touch", "/well")
                #expect(try TestEngine.eventually { try status(engine, "web") == "healthy" })
                try #expect(engine("ps", "--filter", "health=healthy", "--format", "{{.Names}}").output == "web\n")
                try #expect(engine("ps", "-q", "--filter", "health=starting").output.isEmpty)
                try engine("exec", "web", "rm", "/well")
                #expect(try TestEngine.eventually { try status(engine, "web") == "unhealthy" })
                let probe = try engine.inspect(
                    "web", "{{with index .State.Health.Log 4}}{{.ExitCode}} {{.Output}}{{end}}{{len .State.Health.Log}}"
                )
                #expect(probe == "1 looked\n5", "\(probe)")
                // It goes on where it was after a pause.
                try engine("pause", "web")
                let log = try engine.inspect("web", "{{json .State.Health}}")
                usleep(300_000)
                try #expect(engine.inspect("web", "{{json .State.Health}}") == log)
                try engine("unpause", "web")
                #expect(try TestEngine.eventually { try engine.inspect("web", "{{json .State.Health}}") != log })
                try engine("stop", "-t", "0", "web")
                try #expect(status(engine, "web") == "unhealthy")
            }
        }

        @Test func aProbeThatHangsIsKilledAndOneThatCannotRunFails() throws {
            try TestEngine.withBusybox { engine in
                try engine(
                    "run", "-d", "--name", "slow", "--health-cmd", "sleep 10000", "--health-interval", "50ms",
                    "--health-timeout", "100ms", "--health-retries", "1", "busybox", "sleep", "1000")
                #expect(try TestEngine.eventually { try status(engine, "slow") == "unhealthy" })
                try #expect(
                    engine.inspect("slow", "{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}")
                        == "-1 Health check exceeded timeout (100ms)")
                // What it has started is not left beyond the container; the probe itself not even so long.
                #expect(
                    try TestEngine.eventually {
                        try engine("exec", "slow", "pgrep", "-f", "sleep 10000").lines.count <= 1
                    })
                try engine(
                    "run", "-d", "--name", "loud", "--health-cmd", "yes", "--health-interval", "50ms",
                    "--health-timeout", "300ms", "--health-retries", "1", "busybox", "sleep", "1000")
                #expect(try TestEngine.eventually { try status(engine, "loud") == "unhealthy" })
            }
        }

        @Test func failuresInTheStartPeriodDoNotCount() throws {
            try TestEngine.withBusybox { engine in
                try engine(
                    "run", "-d", "--name", "web", "--health-cmd", "test -e /well", "--health-interval", "10m",
                    "--health-start-period", "10m", "--health-start-interval", "50ms", "--health-retries", "1",
                    "busybox", "sleep", "1000")
                #expect(
                    try TestEngine.eventually { try engine.inspect("web", "{{len .State.Health.Log}}") == "5" })
                try #expect(
                    engine.inspect("web", "{{.State.Health.Status}} {{.State.Health.FailingStreak}}") == "starting 0")
                try engine("exec", "web", "touch", "/well")
                #expect(try TestEngine.eventually { try status(engine, "web") == "healthy" })
            }
        }

        @Test func theImagesCheckCountsUnlessToldOtherwise() throws {
            try TestEngine.withBusybox { engine in
                let config: JSONObject = [
                    "Cmd": ["sleep", "1000"], "User": "1000",
                    "Healthcheck": ["Test": ["CMD", "id", "-u"], "Interval": 50_000_000, "Retries": 1],
                ]
                try engine.load(image: "probed", config: config)
                try engine("run", "-d", "--name", "web", "probed")
                #expect(try TestEngine.eventually { try status(engine, "web") == "healthy" })
                try #expect(engine.inspect("web", "{{with index .State.Health.Log 0}}{{.Output}}{{end}}") == "1000\n")
                try #expect(engine.inspect("web", "{{json .Config.Healthcheck.Test}}") == #"["CMD","id","-u"]"#)
                try engine("run", "-d", "--name", "other", "--health-cmd", "exit 1", "probed")
                #expect(try TestEngine.eventually { try status(engine, "other") == "unhealthy" })
                try engine("run", "-d", "--name", "none", "--no-healthcheck", "probed")
                try #expect(engine.inspect("none", "{{json .State.Health}}") != "")
                try #expect(engine("ps", "--filter", "health=none", "--format", "{{.Names}}").output == "none\n")
                try #expect(
                    engine("run", "--no-healthcheck", "--health-cmd", "true", "busybox", "true").status == 125)
                try #expect(engine("run", "--health-interval", "1us", "busybox", "true").status == 125)
            }
        }

        /// The processes that probe a container, of its supervisor's children.
        private func monitors(_ engine: TestEngine, of name: String) throws -> [pid_t] {
            let supervisor = try engine.supervisor(of: name)
            let children = try TestEngine.read("/proc/\(supervisor)/task/\(supervisor)/children")
            return children.split(separator: " ").compactMap { pid_t($0) }.filter {
                ((try? TestEngine.read("/proc/\($0)/cmdline")) ?? "").split(separator: "\0").contains("health")
            }
        }

        /// Kills a container's monitor; whether there is another one then.
        private func killMonitor(_ engine: TestEngine, of name: String) throws -> Bool {
            let old = try monitors(engine, of: name)
            guard old.count == 1 else { return false }
            kill(old[0], SIGKILL)
            return try TestEngine.eventually {
                let now = try monitors(engine, of: name)
                return now.count == 1 && now != old
            }
        }

        /// A monitor that somebody kills is replaced, and goes on where that one was: health is never what it was long ago.
        @Test func aMonitorThatIsKilledIsReplaced() throws {
            try TestEngine.withBusybox { engine in
                try engine.run(
                    ["run", "-d", "--name", "web", "--health-cmd", "test ! -e /ill"] + Self.quick
                        + ["busybox", "sleep", "1000"])
                #expect(try TestEngine.eventually { try engine.inspect("web", "{{len .State.Health.Log}}") == "5" })
                for _ in 0..<3 {
                    try #expect(killMonitor(engine, of: "web"))
                    // What was known is still known.
                    try #expect(status(engine, "web") == "healthy")
                    try #expect(engine.inspect("web", "{{len .State.Health.Log}}") == "5")
                }
                try engine("exec", "web", "touch", "/ill")
                #expect(try TestEngine.eventually { try status(engine, "web") == "unhealthy" })
                // Its end is noticed at once as ever, also between two monitors.
                for pid in try monitors(engine, of: "web") { kill(pid, SIGKILL) }
                try #expect(engine("stop", "-t", "0", "web").status == 0)
                try #expect(engine.inspect("web", "{{.State.Status}}") == "exited")
            }
        }

        /// A monitor belongs to one run of a container: it is gone with it, and with a supervisor that is killed.
        @Test func monitorsEndWithTheirContainers() throws {
            try TestEngine.withBusybox { engine in
                for _ in 0..<5 {
                    try engine.run(
                        ["run", "--rm", "--health-cmd", "true"] + Self.quick + ["busybox", "sleep", "0.2"])
                }
                try engine.run(
                    ["run", "-d", "--name", "web", "--restart", "always", "--health-cmd", "test $$ != 0"] + Self.quick
                        + ["busybox", "sleep", "0.4"])
                #expect(try TestEngine.eventually { try engine.inspect("web", "{{.RestartCount}}") == "2" })
                #expect(try TestEngine.eventually { try status(engine, "web") == "healthy" })
                try engine.killSupervisor(of: "web")
                try engine("rm", "-f", "web")
            }
        }
    }
}
