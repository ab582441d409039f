import Testing

extension IntegrationTests {
    /// From create to remove.
    @Suite struct Lifecycle {
        @Test func aContainerIsCreatedStartedStoppedStartedAgainAndRemoved() throws {
            try TestEngine.withBusybox { engine in
                let script = "trap 'echo bye; exit 3' TERM; echo hello; while :; do sleep 0.05; done"
                let created = try engine(
                    "create", "--name", "web", "--label", "tier=front", "-l", "bare", "busybox", "sh", "-c", script)
                let id = created.line
                #expect(id.utf8.count == 64 && id.allSatisfy(\.isHexDigit), "\(created)")
                try #expect(engine.inspect("web", "{{.State.Status}} {{.State.Pid}}") == "created 0")
                try #expect(engine("ps", "-q").output.isEmpty)
                try #expect(engine("ps", "-a", "--format", "{{.Names}} {{.Status}}").output == "web Created\n")

                try #expect(engine("start", "web").output == "web\n")
                #expect(try TestEngine.eventually { try engine("logs", "web").output == "hello\n" })
                let running = try engine.inspect("web", "{{.State.Status}} {{.State.Running}} {{.Id}} {{.Name}}")
                #expect(running == "running true \(id) /web")
                try #expect(engine("ps", "-q", "--no-trunc").output == "\(id)\n")
                let row = try engine("ps").lines
                #expect(row.count == 2 && row[0].hasPrefix("CONTAINER ID") && row[1].hasPrefix(id.prefix(12)), "\(row)")
                #expect(row[1].contains("busybox") && row[1].contains("Up ") && row[1].hasSuffix("web"), "\(row)")
                let refused = try engine("rm", "web")
                #expect(refused.status == 1 && refused.error.contains(id.prefix(12)), "\(refused)")

                try #expect(engine("stop", String(id.prefix(6))).status == 0)
                try #expect(engine.inspect("web", "{{.State.Status}} {{.State.ExitCode}}") == "exited 3")
                let listed = try engine("ps", "-a", "--filter", "label=tier=front", "--format", "{{.ID}} {{.Status}}")
                #expect(listed.output.hasPrefix("\(id.prefix(12)) Exited (3) "), "\(listed)")
                try #expect(engine("ps", "-aq", "--filter", "label=tier=back").output.isEmpty)
                try #expect(
                    engine.inspect("web", #"{{.Config.Labels.tier}}{{index .Config.Labels "bare"}}"#) == "front")

                try #expect(engine("start", "web").status == 0)
                #expect(try TestEngine.eventually { try engine("logs", "web").output == "hello\nbye\nhello\n" })
                let removed = try engine("rm", "-f", "web")
                #expect(removed.status == 0 && removed.output == "web\n")
                let gone = try engine("inspect", "web")
                #expect(gone.status == 1 && gone.error.contains("web"), "\(gone)")
            }
        }

        @Test func stopKillsWhatIgnoresItsSignalAndKillSendsAny() throws {
            try TestEngine.withBusybox { engine in
                let deaf = "trap '' TERM; trap 'echo usr1' USR1; echo ready; while :; do sleep 0.05; done"
                try engine("run", "-d", "--name", "deaf", "--stop-timeout", "1", "busybox", "sh", "-c", deaf)
                try engine("run", "-d", "--name", "second", "busybox", "sleep", "1000")
                #expect(try TestEngine.eventually { try engine("logs", "deaf").output == "ready\n" })
                try #expect(engine("kill", "--signal", "USR1", "deaf").output == "deaf\n")
                #expect(try TestEngine.eventually { try engine("logs", "deaf").output == "ready\nusr1\n" })
                let wait = try engine.start("wait", "deaf", "second")
                try #expect(engine("stop", "deaf").status == 0)
                try #expect(engine("kill", "second").status == 0)
                #expect(wait.finish().output == "137\n137\n")
                try #expect(engine.inspect("deaf", "{{.State.ExitCode}} {{.State.OOMKilled}}") == "137 false")
                // What has ended cannot be killed; stopping it again is no error.
                try #expect(engine("kill", "deaf").status == 1)
                try #expect(engine("stop", "deaf").status == 0)
                try #expect(engine("kill", "-s", "NOSUCH", "deaf").status != 0)
            }
        }

        @Test func stopSendsTheSignalThatIsAskedFor() throws {
            try TestEngine.withBusybox { engine in
                let script = "trap 'exit 4' USR2; trap '' TERM; echo ready; while :; do sleep 0.05; done"
                try engine("run", "-d", "--name", "box", "busybox", "sh", "-c", script)
                #expect(try TestEngine.eventually { try engine("logs", "box").output == "ready\n" })
                try #expect(engine("stop", "--signal", "SIGUSR2", "box").output == "box\n")
                try #expect(engine.inspect("box", "{{.State.ExitCode}}") == "4")
                try #expect(engine("stop", "-s", "NOSUCH", "box").status != 0)
            }
        }

        @Test func severalAreStoppedAtTheSameTime() throws {
            try TestEngine.withBusybox { engine in
                let names = ["one", "two", "three"]
                // Each of them ends only after it has heard that all have been asked to.
                let script =
                    "trap ':' TERM; echo ready; wait_for() { while [ $(ls /all | wc -l) -lt 3 ]; do sleep 0.02; done; }; "
                    + "sleep 1000 & wait; touch /all/$HOSTNAME; wait_for; exit 5"
                for name in names {
                    try engine(
                        "run", "-d", "--name", name, "-v", "all:/all", "--stop-timeout", "20", "busybox", "sh", "-c",
                        script)
                }
                for name in names {
                    #expect(try TestEngine.eventually { try engine("logs", name).output == "ready\n" })
                }
                let stopped = try engine("stop", "one", "none", "two", "three")
                #expect(stopped.status == 1 && Set(stopped.lines.map(String.init)) == Set(names), "\(stopped)")
                #expect(stopped.error.contains("none"), "\(stopped)")
                for name in names { try #expect(engine.inspect(name, "{{.State.ExitCode}}") == "5") }
            }
        }

        @Test func startAttachesToWhatRunsAlready() throws {
            try TestEngine.withBusybox { engine in
                try engine(
                    "run", "-d", "-i", "--name", "box", "busybox", "sh", "-c", "read line; echo got $line; exit 7")
                let result = try engine("start", "-a", "-i", "box", input: "text\n")
                #expect(result.status == 7 && result.output == "got text\n", "\(result)")
            }
        }

        @Test func namesAreFilteredByRegularExpressions() throws {
            try TestEngine.withBusybox { engine in
                for name in ["web", "web-2", "db"] { try engine("create", "--name", name, "busybox", "true") }
                func found(_ filter: String) throws -> Set<String> {
                    Set(try engine("ps", "-a", "--format", "{{.Names}}", "-f", filter).lines.map(String.init))
                }
                try #expect(found("name=^web$") == ["web"])
                try #expect(found("name=^/web$") == ["web"])
                try #expect(found("name=web") == ["web", "web-2"])
                try #expect(found("name=web-[0-9]|db") == ["web-2", "db"])
                try #expect(engine("ps", "-f", "name=[").status != 0)
            }
        }

        @Test func removeAtExitTakesEverything() throws {
            try TestEngine.withBusybox { engine in
                let ids = "\(engine.folder)/id"
                let script = "sleep 1000"
                let id = try engine("run", "-d", "--rm", "--cidfile", ids, "-v", "/data", "busybox", "sh", "-c", script)
                    .line
                try #expect(TestEngine.trimmed(ids) == id)
                #expect(!TestEngine.names(in: "\(engine.root)/volumes").isEmpty)
                try engine("kill", id)
                #expect(try TestEngine.eventually { try engine("ps", "-aq").output.isEmpty })
                #expect(TestEngine.eventually { TestEngine.names(in: "\(engine.root)/containers").isEmpty })
                #expect(TestEngine.eventually { TestEngine.names(in: "\(engine.root)/volumes").isEmpty })
            }
        }

        @Test func startAttachedShowsOutputAndExitCode() throws {
            try TestEngine.withBusybox { engine in
                try engine(
                    "create", "-i", "--name", "reader", "busybox", "sh", "-c", "read line; echo got $line; exit 9")
                let result = try engine("start", "-a", "-i", "reader", input: "text\n")
                #expect(result.status == 9 && result.output == "got text\n", "\(result)")
                // The exit code of a container that has ended, and of one that fails to start.
                try #expect(engine("wait", "reader").output == "9\n")
                try engine("create", "--name", "bad", "busybox", "no-such-program")
                let failed = try engine("start", "bad")
                #expect(failed.status == 1 && failed.error.contains("no-such-program"), "\(failed)")
                try #expect(engine.inspect("bad", "{{.State.ExitCode}}") == "127")
            }
        }

        @Test func usageErrorsAreOneLineAndExitWith125() throws {
            try TestEngine.withBusybox { engine in
                try engine("create", "--name", "taken", "busybox", "true")
                let wrong: [[String]] = [
                    ["--no-such-flag", "busybox"], ["--pull", "never", "no-such-image"],
                    ["--name", "taken", "busybox"],
                    ["--name", "a b", "busybox"], ["-u", "nobody-there", "busybox", "true"],
                    ["-w", "relative", "busybox", "true"], ["-m", "12x", "busybox", "true"],
                    ["--cap-add", "NO_SUCH", "busybox", "true"], ["--ulimit", "nosuch=1", "busybox", "true"],
                    ["--network", "elsewhere", "busybox", "true"], ["--pid", "container:nobody", "busybox", "true"],
                    ["--sysctl", "kernel.panic=1", "busybox", "true"], ["--device", "/dev/no-such", "busybox", "true"],
                    ["--security-opt", "seccomp=/no/such/file", "busybox", "true"],
                    ["--mount", "type=bind,source=/no/such,target=/x", "busybox", "true"],
                ]
                for arguments in wrong {
                    let result = try engine.run(["run", "--rm"] + arguments)
                    #expect(result.status == 125, "\(arguments) \(result)")
                    #expect(result.error.split(separator: "\n").count == 1, "\(arguments) \(result)")
                    #expect(result.error.hasPrefix("nestbox: "), "\(arguments) \(result)")
                }
                try #expect(engine("ps", "-aq").lines.count == 1)
                try #expect(engine("no-such-command").status != 0)
            }
        }

        @Test func anInitReapsOrphansAndPassesSignalsOn() throws {
            try TestEngine.withBusybox { engine in
                // The orphan's parent is gone; PID 1 is not the shell, and reaps it.
                let script = """
                    echo $$; sh -c 'sleep 0.1 & echo $! >/tmp/orphan'; pid=$(cat /tmp/orphan)
                    grep PPid /proc/$pid/status
                    while [ -d /proc/$pid ]; do sleep 0.05; done; trap 'exit 4' TERM; kill -TERM 1; sleep 10 & wait
                    """
                let result = try engine.shell(script, with: ["--init"])
                #expect(result.output == "2\nPPid:\t1\n" && result.status == 4, "\(result)")
                try #expect(engine.shell("echo $$").output == "1\n")
            }
        }
    }
}
