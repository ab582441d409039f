import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Restart policies, and restarts that somebody asks for.
    @Suite struct Restarts {
        @Test func alwaysStartsAgainUntilSomebodyStopsIt() throws {
            try TestEngine.withBusybox { engine in
                try engine(
                    "run", "-d", "--name", "web", "--restart", "always", "busybox", "sh", "-c", "echo up; exit 3")
                #expect(try TestEngine.eventually { try engine("logs", "web").output == "up\nup\nup\n" })
                #expect(
                    try TestEngine.eventually {
                        try engine.inspect("web", "{{.State.Status}} {{.State.Restarting}}") == "restarting true"
                    })
                try #expect(engine.inspect("web", "{{.State.Running}} {{.State.ExitCode}}") == "true 3")
                try #expect(engine("ps", "--format", "{{.Names}} {{.Status}}").output.hasPrefix("web Restarting (3) "))
                try #expect(engine("exec", "web", "true").error.contains("restarting"))
                try #expect(engine("rm", "web").status == 1)
                try #expect(engine("stop", "web").status == 0)
                let count = try engine.inspect("web", "{{.State.Status}} {{.RestartCount}}")
                #expect(count.hasPrefix("exited ") && count != "exited 0", "\(count)")
                let log = try engine("logs", "web").output
                usleep(300_000)
                try #expect(engine("logs", "web").output == log)
                // From here on the count begins anew.
                try engine("start", "web")
                #expect(try TestEngine.eventually { try engine.inspect("web", "{{.RestartCount}}") == "1" })
                try #expect(engine("rm", "-f", "web").status == 0)
            }
        }

        @Test func onFailureTriesAsOftenAsItMay() throws {
            try TestEngine.withBusybox { engine in
                try engine(
                    "run", "-d", "--name", "bad", "--restart", "on-failure:2", "busybox", "sh", "-c", "echo x; exit 7")
                try engine("run", "-d", "--name", "good", "--restart", "on-failure", "busybox", "echo", "y")
                #expect(
                    try TestEngine.eventually {
                        try engine.inspect("bad", "{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}")
                            == "exited 7 2"
                    })
                try #expect(engine("logs", "bad").output == "x\nx\nx\n")
                try #expect(engine.inspect("good", "{{.State.Status}} {{.RestartCount}}") == "exited 0")
                try #expect(
                    engine.inspect(
                        "bad", "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}")
                        == "on-failure 2")
            }
        }

        @Test func whatCannotBeMeantIsRefused() throws {
            try TestEngine.withBusybox { engine in
                try #expect(engine("run", "--rm", "--restart", "always", "busybox", "true").status == 125)
                try #expect(engine("run", "--restart", "sometimes", "busybox", "true").status == 125)
                try #expect(engine("run", "--restart", "on-failure:-1", "busybox", "true").status == 125)
                try #expect(engine("ps", "-aq").output.isEmpty)
            }
        }

        @Test func anAttachedRunEndsWithTheFirstExitCode() throws {
            try TestEngine.withBusybox { engine in
                let result = try engine(
                    "run", "--name", "web", "--restart", "on-failure:1", "busybox", "sh", "-c", "echo x; exit 5")
                #expect(result.status == 5 && result.output == "x\n", "\(result)")
                #expect(try TestEngine.eventually { try engine("logs", "web").output == "x\nx\n" })
            }
        }

        /// Whatever was asked for is there in the next run, too, and nothing of the last one is left.
        @Test func restartsKeepTheNetworkAndItsPorts() throws {
            try TestEngine.withNetwork { engine, _ in
                let script =
                    "hostname -i >> /seen; httpd -p 80 -h /; ls -l /proc/self/fd | wc -l >> /descriptors; "
                    + "grep -c . /proc/self/mountinfo >> /mounts; read line < /dev/zero & sleep 10000"
                try engine("run", "-d", "--name", "web", "-p", "8080:80", "-v", "/data", "busybox", "sh", "-c", script)
                let address = try engine.inspect("web", "{{.NetworkSettings.IPAddress}}")
                for _ in 0..<3 {
                    #expect(
                        try TestEngine.eventually {
                            try engine(
                                "run", "--rm", "--network", "host", "busybox", "wget", "-qO-",
                                "http://127.0.0.1:8080/seen"
                            ).status == 0
                        })
                    let first = try engine.inspect("web", "{{.State.Pid}}")
                    try #expect(engine("restart", "-t", "0", "web").output == "web\n")
                    try #expect(engine.inspect("web", "{{.State.Pid}}") != first)
                    try #expect(engine.inspect("web", "{{.NetworkSettings.IPAddress}}") == address)
                }
                #expect(try TestEngine.eventually { try engine("exec", "web", "cat", "/mounts").lines.count == 4 })
                for file in ["/seen", "/descriptors", "/mounts"] {
                    let lines = try engine("exec", "web", "cat", file).lines
                    #expect(lines.count == 4 && Set(lines).count == 1, "\(file): \(lines)")
                }
                try #expect(engine("exec", "web", "cat", "/seen").lines.first.map(String.init) == address)
                try #expect(engine("stop", "-t", "0", "web").status == 0)
                // Stopped, its port can be had.
                try #expect(
                    engine("run", "-d", "--name", "next", "-p", "8080:80", "busybox", "sleep", "100").status == 0)
            }
        }

        @Test func restartStartsWhatStandsAndKeepsWhatRemovesItself() throws {
            try TestEngine.withBusybox { engine in
                try engine("create", "--name", "web", "busybox", "sleep", "1000")
                try #expect(engine("restart", "web").output == "web\n")
                try #expect(engine.inspect("web", "{{.State.Status}}") == "running")
                let trap = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"
                try engine("run", "-d", "--rm", "--name", "gone", "busybox", "sh", "-c", trap)
                #expect(try TestEngine.eventually { try engine("logs", "gone").output == "up\n" })
                try #expect(engine("restart", "gone").status == 0)
                #expect(try TestEngine.eventually { try engine("logs", "gone").output == "up\nbye\nup\n" })
                try #expect(engine("stop", "gone").status == 0)
                try #expect(engine("ps", "-a", "--format", "{{.Names}}").output == "web\n")
                // One that joins another's namespaces finds those that the other has then.
                try engine("run", "-d", "--name", "inner", "--network", "container:web", "busybox", "sleep", "1000")
                try #expect(engine("restart", "-t", "0", "web").status == 0)
                try #expect(engine("restart", "-t", "0", "inner").status == 0)
                let links = try ["web", "inner"].map { try engine("exec", $0, "readlink", "/proc/self/ns/net").line }
                #expect(links[0] == links[1] && links[0].hasPrefix("net:"), "\(links)")
            }
        }

        @Test func otherLimitsAndPoliciesHoldForTheNextRun() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "web", "--pids-limit", "50", "busybox", "sleep", "1000")
                try #expect(engine("update", "--pids-limit", "40", "--restart", "always", "web").status == 0)
                try #expect(
                    engine.inspect("web", "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.PidsLimit}}") == "always 40"
                )
                let pid = try #require(Int32(engine.inspect("web", "{{.State.Pid}}")))
                kill(pid, SIGKILL)
                #expect(
                    try TestEngine.eventually {
                        try engine.inspect("web", "{{.State.Status}} {{.RestartCount}}") == "running 1"
                    })
                let limit = "{ cat /sys/fs/cgroup/pids.max || cat /sys/fs/cgroup/pids/pids.max; } 2>/dev/null"
                let seen = try engine("exec", "web", "sh", "-c", limit).line
                #expect(seen == "40" || seen.isEmpty, "\(seen)")
                try #expect(engine("update", "--restart", "no", "web").status == 0)
                kill(try #require(Int32(engine.inspect("web", "{{.State.Pid}}"))), SIGKILL)
                #expect(try TestEngine.eventually { try engine.inspect("web", "{{.State.Status}}") == "exited" })
                try engine("run", "-d", "--rm", "--name", "gone", "busybox", "sleep", "1000")
                try #expect(engine("update", "--restart", "always", "gone").status == 1)
            }
        }

        /// What the systemd unit does after a boot; here after the supervisors were killed.
        @Test func restoreStartsWhatItsPolicyWants() throws {
            try TestEngine.withBusybox { engine in
                for (name, policy) in [
                    ("always", "always"), ("stopped", "unless-stopped"), ("unless", "unless-stopped"),
                    ("failed", "on-failure"), ("plain", "no"), ("halted", "always"),
                ] {
                    try engine("run", "-d", "--name", name, "--restart", policy, "busybox", "sleep", "1000")
                }
                try engine("create", "--name", "never", "--restart", "always", "busybox", "sleep", "1000")
                try engine(
                    "run", "-d", "--name", "inner", "--restart", "always", "--network", "container:always",
                    "busybox", "sleep", "1000")
                try engine("stop", "-t", "0", "stopped", "halted")
                for name in ["always", "unless", "failed", "plain", "inner"] { try engine.killSupervisor(of: name) }
                let restored = try engine("system", "restore")
                #expect(restored.status == 0, "\(restored)")
                #expect(Set(restored.lines) == ["always", "unless", "failed", "halted", "inner"], "\(restored)")
                try #expect(
                    Set(engine("ps", "--format", "{{.Names}}").lines)
                        == ["always", "unless", "failed", "halted", "inner"])
                try #expect(engine("system", "restore").output.isEmpty)
            }
        }

        /// What the systemd unit does before the machine goes down.
        @Test func shutdownStopsAllAtOnceAndRestoreBringsBackWhatWasStopped() throws {
            try TestEngine.withBusybox { engine in
                let obedient = ["busybox", "sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done"]
                for (name, policy) in [
                    ("always", "always"), ("unless", "unless-stopped"), ("failed", "on-failure"), ("plain", "no"),
                    ("paused", "unless-stopped"),
                ] {
                    try engine.run(["run", "-d", "--name", name, "--restart", policy] + obedient)
                    #expect(try TestEngine.eventually { try engine("logs", name).output == "ready\n" })
                }
                try engine.run(["run", "-d", "--rm", "--name", "removed"] + obedient)
                try engine(
                    "run", "-d", "--name", "deaf", "--restart", "always", "--stop-timeout", "1", "busybox", "sleep",
                    "1000")
                // Listed before the others, and waited for behind them: until the test ends it.
                try engine.run(
                    ["run", "-d", "--name", "patient", "--stop-timeout", "-1", "busybox", "sh", "-c"]
                        + ["trap '' TERM; echo ready; while [ ! -e /end ]; do sleep 0.1; done"])
                #expect(try TestEngine.eventually { try engine("logs", "patient").output == "ready\n" })
                try engine("run", "-d", "--name", "restless", "--restart", "always", "busybox", "false")
                try engine("run", "-d", "--name", "stopped", "--restart", "unless-stopped", "busybox", "sleep", "1000")
                try engine("stop", "-t", "0", "stopped")
                try engine("pause", "paused")
                let policies = ["always", "unless", "failed", "paused", "deaf", "restless"]
                let shutdown = try engine.start("system", "shutdown")
                #expect(try TestEngine.eventually { try engine.inspect("deaf", "{{.State.ExitCode}}") == "137" })
                try engine("exec", "patient", "touch", "/end")
                let stopped = shutdown.finish()
                #expect(stopped.status == 0, "\(stopped)")
                #expect(
                    Set(stopped.lines.map(String.init)) == Set(policies + ["plain", "patient", "removed"]), "\(stopped)"
                )
                try #expect(engine("ps", "-q").output.isEmpty)
                for name in ["always", "unless", "failed", "plain", "paused"] {
                    try #expect(engine.inspect(name, "{{.State.ExitCode}}") == "3", "\(name)")
                }
                try #expect(engine("inspect", "removed").status != 0)
                let restored = try engine("system", "restore")
                #expect(restored.status == 0 && Set(restored.lines.map(String.init)) == Set(policies), "\(restored)")
            }
        }

        @Test func shutdownStopsWhatIsStartedMeanwhile() throws {
            try TestEngine.withBusybox { engine in
                try engine(
                    "run", "-d", "--name", "patient", "--stop-timeout", "-1", "busybox", "sh", "-c",
                    "trap 'echo asked' TERM; echo ready; while [ ! -e /end ]; do sleep 0.1; done")
                #expect(try TestEngine.eventually { try engine("logs", "patient").output == "ready\n" })
                let shutdown = try engine.start("system", "shutdown")
                #expect(try TestEngine.eventually { try engine("logs", "patient").output == "ready\nasked\n" })
                try engine("run", "-d", "--name", "late", "--stop-timeout", "1", "busybox", "sleep", "1000")
                try engine("exec", "patient", "touch", "/end")
                let stopped = shutdown.finish()
                #expect(stopped.status == 0 && stopped.lines.map(String.init) == ["patient", "late"], "\(stopped)")
                try #expect(engine("ps", "-q").output.isEmpty)
            }
        }

        /// Between the record that says whom to ask, and the moment at which the supervisor can answer.
        @Test(.enabled(if: access("/usr/bin/strace", X_OK) == 0))
        func aSupervisorThatIsAskedEarlyEndsItsContainerInOrder() throws {
            try TestEngine.withBusybox { engine in
                let ready = try engine.file("ready", text: "")
                chmod(ready, 0o666)
                let slowly =
                    ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename"]
                    + ["-e", "inject=rename:delay_exit=\(2 * TestEngine.patience)s:when=1"]
                let script = "trap 'exit 3' TERM; echo >/ready; while :; do sleep 0.1; done"
                let run = try Command(
                    engine.host.entrance + slowly
                        + engine.command(
                            ["run", "-d", "--name", "web", "--network", "none", "-v", "\(ready):/ready"]
                                + ["busybox", "sh", "-c", script]))
                // Not by its log: that is written when the supervisor is there.
                #expect(
                    try TestEngine.eventually {
                        try engine.hostText("ready") == "\n"
                            && engine("inspect", "-f", "{{.State.Status}}", "web").line == "running"
                    })
                try #expect(engine("system", "shutdown").line == "web")
                try #expect(engine.inspect("web", "{{.State.Status}} {{.State.ExitCode}}") == "exited 3")
                #expect(run.finish().status == 0)
            }
        }

        /// A policy finds the namespaces that are joined although their container was started again meanwhile.
        @Test func whoJoinsAContainerIsStartedAgainInItsNetwork() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "web", "--restart", "always", "busybox", "sleep", "1000")
                try engine(
                    "run", "-d", "--name", "inner", "--restart", "always", "--network", "container:web", "busybox",
                    "sleep", "1000")
                for name in ["web", "inner"] {
                    kill(try #require(Int32(engine.inspect(name, "{{.State.Pid}}"))), SIGKILL)
                    #expect(
                        try TestEngine.eventually {
                            try engine.inspect(name, "{{.State.Status}} {{.RestartCount}}") == "running 1"
                        })
                }
                let links = try ["web", "inner"].map { try engine("exec", $0, "readlink", "/proc/self/ns/net").line }
                #expect(links[0] == links[1] && links[0].hasPrefix("net:"), "\(links)")
            }
        }

        /// What is asked for while a supervisor decides holds.
        @Test func stopsAndKillsHoldWhateverTheMoment() throws {
            try TestEngine.withBusybox { engine in
                for round in 0..<12 {
                    let script = "[ -e /x ] && trap '' TERM && sleep 1000; touch /x; exit 1"
                    try engine("run", "-d", "--name", "web", "--restart", "always", "busybox", "sh", "-c", script)
                    usleep(UInt32(60_000 + round * 6000))
                    if round % 2 == 0 {
                        _ = try engine("kill", "web")
                    } else {
                        try #expect(engine("stop", "-t", "0", "web").status == 0)
                    }
                    try #expect(engine.inspect("web", "{{.State.Status}}") == "exited", "round \(round)")
                    try #expect(engine("rm", "web").status == 0)
                }
            }
        }

        @Test func otherSignalsAndStopsBeforeChangeNothing() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "web", "--restart", "always", "busybox", "sh", "-c", "exit 1")
                #expect(
                    try TestEngine.eventually {
                        try engine.inspect("web", "{{.State.Status}} {{.RestartCount}}") == "restarting 3"
                    })
                try #expect(engine("kill", "-s", "HUP", "web").status == 0)
                #expect(try TestEngine.eventually { try engine.inspect("web", "{{.RestartCount}}") == "4" })
                try engine("rm", "-f", "web")
                // A container that did not heed its stop signal is not stopped once it was restarted.
                let deaf = "trap '' TERM; echo up; while [ ! -e /end ]; do sleep 0.05; done; rm /end; exit 1"
                try engine("run", "-d", "--name", "deaf", "--restart", "always", "busybox", "sh", "-c", deaf)
                #expect(try TestEngine.eventually { try engine("logs", "deaf").output == "up\n" })
                try engine("kill", "-s", "TERM", "deaf")
                try #expect(engine("restart", "-t", "0", "deaf").status == 0)
                #expect(try TestEngine.eventually { try engine("logs", "deaf").output == "up\nup\n" })
                try engine("exec", "deaf", "touch", "/end")
                #expect(try TestEngine.eventually { try engine("logs", "deaf").output == "up\nup\nup\n" })
            }
        }

        /// Whoever attached and does not read holds nobody up.
        @Test func aClientThatDoesNotReadDoesNotDelayTheNextRun() throws {
            try TestEngine.withBusybox { engine in
                let script = "yes | head -c 3000000; exec sleep 1000"
                let reader = try engine.start(
                    "run", "--name", "web", "--restart", "always", "busybox", "sh", "-c", script)
                #expect(try TestEngine.eventually { try engine("ps", "-q").lines.count == 1 })
                usleep(300_000)
                kill(try #require(Int32(engine.inspect("web", "{{.State.Pid}}"))), SIGKILL)
                #expect(try TestEngine.eventually { try engine.inspect("web", "{{.RestartCount}}") == "1" })
                try #expect(engine("rm", "-f", "web").status == 0)
                _ = reader.finish()
            }
        }

        @Test func aRestartGivesUpWhatWasMadeOfTheNetwork() throws {
            try TestEngine.withBusybox { engine in
                let script = "ip addr add 10.99.0.1/32 dev lo && echo added; exec sleep 1000"
                try engine(
                    "run", "-d", "--name", "web", "--network", "none", "--cap-add", "NET_ADMIN", "busybox", "sh", "-c",
                    script)
                #expect(try TestEngine.eventually { try engine("logs", "web").output == "added\n" })
                try #expect(engine("restart", "-t", "0", "web").status == 0)
                #expect(try TestEngine.eventually { try engine("logs", "web").output == "added\nadded\n" })
            }
        }

        /// A supervisor that dies while it waits leaves a container that has exited.
        @Test func aWaitingSupervisorMayDie() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "web", "--restart", "always", "busybox", "sh", "-c", "exit 9")
                // By then it pauses for longer than a look takes anywhere.
                #expect(
                    try TestEngine.eventually {
                        try engine.inspect("web", "{{.State.Status}} {{.RestartCount}}") == "restarting 5"
                    })
                try engine.killSupervisor(of: "web")
                try #expect(engine.inspect("web", "{{.State.Status}} {{.State.ExitCode}}") == "exited 9")
                try #expect(engine("start", "web").status == 0)
                #expect(try TestEngine.eventually { try engine.inspect("web", "{{.RestartCount}}") == "1" })
            }
        }
    }
}
