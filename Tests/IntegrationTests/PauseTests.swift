import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Containers that stand still.
    @Suite struct Pause {
        /// A container whose loop makes a file grow, and that file.
        private func counter(in engine: TestEngine) throws -> String {
            let folder = try engine.makeFolder("out")
            try retrying("change the mode of", folder) { chmod(folder, 0o777) }
            let script = "trap 'exit 3' TERM; trap 'echo usr1' USR1; while :; do echo >> /out/n; done"
            let started = try engine(
                "run", "-d", "--name", "box", "--stop-timeout", "20", "-v", "\(folder):/out", "busybox", "sh", "-c",
                script)
            #expect(started.status == 0, "\(started)")
            #expect(grows("\(folder)/n"))
            return "\(folder)/n"
        }

        private func size(_ path: String) -> Int {
            var status = stat()
            return stat(path, &status) == 0 ? Int(status.st_size) : 0
        }

        private func grows(_ path: String) -> Bool {
            let start = size(path)
            return TestEngine.eventually { size(path) > start }
        }

        private func freezer(_ engine: TestEngine) throws -> String {
            let tree = TestEngine.hasUnifiedCgroups ? "" : "unified/"
            return "/sys/fs/cgroup/\(tree)\(try engine.inspect("box", "{{.CgroupPath}}"))/cgroup.freeze"
        }

        @Test func aPausedContainerStandsStillAndGoesOn() throws {
            try TestEngine.withBusybox { engine in
                let file = try counter(in: engine)
                try engine.expectRefusal("unpause", "box", status: 1, saying: ["is not paused"])
                try #expect(engine("pause", "box").output == "box\n")
                let start = size(file)
                usleep(300_000)
                #expect(size(file) == start)
                try #expect(
                    engine.inspect("box", "{{.State.Status}} {{.State.Paused}} {{.State.Running}}")
                        == "paused true true")
                let row = try engine("ps", "--format", "{{.Status}}|{{.State}}").line
                #expect(row.hasPrefix("Up ") && row.hasSuffix(" (Paused)|paused"), "\(row)")
                try #expect(engine("ps", "-f", "status=paused", "--format", "{{.Names}}").line == "box")
                try #expect(engine("ps", "-f", "status=running", "-q").output.isEmpty)
                try #expect(engine("info", "--format", "{{.ContainersPaused}} {{.ContainersRunning}}").line == "1 0")
                try engine.expectRefusal("pause", "box", status: 1, saying: ["is already paused"])
                try engine.expectRefusal("exec", "box", "true", status: 1, saying: ["paused", "nestbox unpause"])
                try engine.expectRefusal("start", "box", status: 1, saying: ["paused", "nestbox unpause"])
                try engine.expectRefusal("rm", "box", status: 1, saying: ["--force"])
                try #expect(engine("top", "box", "-o", "comm").lines.contains("sh"))
                try #expect(engine("unpause", "box").output == "box\n")
                #expect(grows(file))
                try #expect(engine.inspect("box", "{{.State.Status}} {{.State.Paused}}") == "running false")
                try #expect(engine("exec", "box", "echo", "in").line == "in")
                try #expect(engine("kill", "box").status == 0)
                for command in ["pause", "unpause"] {
                    try engine.expectRefusal(command, "box", status: 1, saying: ["not running"])
                    try engine.expectRefusal(command, "none", status: 1, saying: ["none"])
                }
            }
        }

        /// It hears the signal: 3 is what its trap ends with.
        @Test func aPausedContainerIsStopped() throws {
            try TestEngine.withBusybox { engine in
                _ = try counter(in: engine)
                try #expect(engine("pause", "box").status == 0)
                try #expect(engine("stop", "box").status == 0)
                try #expect(
                    engine.inspect("box", "{{.State.Status}} {{.State.ExitCode}} {{.State.Paused}}") == "exited 3 false"
                )
                // Nothing of it is left for the next run.
                try #expect(engine("start", "box").status == 0)
                try #expect(engine.inspect("box", "{{.State.Status}}") == "running")
            }
        }

        @Test func aPausedContainerIsKilledAndRemoved() throws {
            try TestEngine.withBusybox { engine in
                _ = try counter(in: engine)
                try #expect(engine("pause", "box").status == 0)
                try #expect(engine("kill", "-s", "USR1", "box").status == 0)
                #expect(try TestEngine.eventually { try engine("logs", "box").output == "usr1\n" })
                try #expect(engine.inspect("box", "{{.State.Status}}") == "running")
                try #expect(engine("pause", "box").status == 0)
                try #expect(engine("kill", "box").status == 0)
                try #expect(engine.inspect("box", "{{.State.Status}} {{.State.ExitCode}}") == "exited 137")
                try #expect(engine("start", "box").status == 0)
                try #expect(engine("pause", "box").status == 0)
                try #expect(engine("rm", "-f", "box").output == "box\n")
                try #expect(engine("ps", "-aq").output.isEmpty)
            }
        }

        @Test func whoeverThawsTheCgroupResumesIt() throws {
            try TestEngine.withBusybox { engine in
                let file = try counter(in: engine)
                try #expect(engine("pause", "box").status == 0)
                try FileDescriptor.open(freezer(engine), O_WRONLY).writeAll(Array("0".utf8))
                #expect(grows(file))
                try #expect(engine.inspect("box", "{{.State.Status}}") == "running")
                try FileDescriptor.open(freezer(engine), O_WRONLY).writeAll(Array("1".utf8))
                try #expect(engine.inspect("box", "{{.State.Status}}") == "paused")
                try #expect(engine("unpause", "box").status == 0)
                #expect(grows(file))
            }
        }

        /// Whatever a killed command has come to, the next one sees it, and undoes it.
        @Test func theCommandDiesAtAnyMoment() throws {
            try TestEngine.withBusybox { engine in
                let file = try counter(in: engine)
                for command in ["pause", "unpause"] {
                    for moment in 0..<8 {
                        if command == "unpause" { try #expect(engine("pause", "box").status == 0) }
                        let killed = try engine.start(command, "box")
                        usleep(UInt32(moment * 1000 * TestEngine.patience))
                        killed.signal(SIGKILL)
                        _ = killed.finish()
                        let isPaused = try engine.inspect("box", "{{.State.Paused}}") == "true"
                        let next = isPaused ? "unpause" : "pause"
                        try #expect(engine(next, "box").status == 0, "\(next) after \(command)")
                        if !isPaused { try #expect(engine("unpause", "box").status == 0) }
                        #expect(grows(file))
                    }
                }
            }
        }
    }
}
