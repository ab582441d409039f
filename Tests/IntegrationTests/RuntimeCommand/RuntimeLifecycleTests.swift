import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `nestbox-runtime` as runc's callers use it: from a bundle to a process and back.
    @Suite struct RuntimeLifecycle {
        @Test func aContainerIsCreatedStartedKilledAndDeleted() throws {
            try TestBundle.with("sleep", "1000") { bundle in
                bundle.configuration.annotations = ["a": "b"]
                try bundle.expect("create", "--pid-file", "\(bundle.folder)/pid", "box")
                let created = try #require(try bundle.state("box"))
                let names = created.objectValue?.members.map(\.name)
                #expect(
                    names == [
                        "ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "annotations", "owner",
                    ])
                #expect(created["status"] == "created" && created["bundle"] == .string(bundle.folder))
                #expect(created["annotations"] == ["a": "b"] && created["ociVersion"] == "1.3.0")
                let pid = try TestEngine.read("\(bundle.folder)/pid")
                #expect(created["pid"]?.integerValue.map(String.init) == pid)
                // Nothing of the program yet, and nothing open but what the wait needs.
                try #expect(!TestEngine.read("/proc/\(pid)/cmdline").contains("1000"))
                #expect(TestEngine.names(in: "/proc/\(pid)/fd").count == 5)

                let second = try bundle("create", "box")
                #expect(second.status == 1 && second.error.contains("container with given ID already exists"))
                try bundle.expect("start", "box")
                try #expect(TestEngine.read("/proc/\(pid)/cmdline") == "sleep\01000\0")
                #expect(TestEngine.names(in: "/proc/\(pid)/fd").sorted() == ["0", "1", "2"])
                try #expect(bundle.status("box") == "running")
                let again = try bundle("start", "box")
                #expect(again.status == 1 && again.error.contains("cannot start an already running container"))
                let refused = try bundle("delete", "box")
                #expect(refused.status == 1 && refused.error.contains("that is not stopped: running"), "\(refused)")

                try bundle.expect("pause", "box")
                try #expect(bundle.status("box") == "paused")
                try bundle.expect("resume", "box")
                try bundle.expect("kill", "box", "KILL")
                try #expect(bundle.waits(for: "stopped", of: "box"))
                try #expect(bundle.state("box")?["pid"] == 0)
                try #expect(bundle("kill", "box").error.contains("container not running"))
                try #expect(bundle("start", "box").error.contains("cannot start a container that has stopped"))
                try bundle.expect("delete", "box")
                let missing = try bundle("state", "box")
                #expect(missing.status == 1 && missing.error == "nestbox-runtime: container box does not exist\n")
                try bundle.expect("delete", "--force", "box")
            }
        }

        @Test func runPassesStreamsSignalsAndTheStatus() throws {
            try TestBundle.with("sh", "-c", "cat; echo wrong >&2; exit 7") { bundle in
                let result = try bundle("run", "box", input: "typed")
                #expect(result.status == 7 && result.output == "typed" && result.error == "wrong\n", "\(result)")
                bundle.configuration.process?.args = ["sh", "-c", "trap 'exit 9' TERM; echo up; sleep 100 & wait"]
                try bundle.write()
                let run = try Command(bundle.command(["run", "box"]))
                run.read { $0.contains("up") }
                run.signal(SIGTERM)
                #expect(run.finish().status == 9)
            }
        }

        @Test func aContainerThatIsWaitedForCanBeDeleted() throws {
            try TestBundle.with("sh", "-c", "echo up; exec sleep 1000") { bundle in
                try bundle.write()
                let run = try Command(bundle.command(["run", "box"]))
                run.read { $0.contains("up") }
                let start = Uptime.milliseconds()
                try bundle.expect("delete", "--force", "box")
                #expect(Uptime.milliseconds() - start < 10_000 * Int64(TestEngine.patience))
                #expect(run.finish().status == 137)
            }
        }

        @Test func theVersionSaysWhatIsCompiledIn() throws {
            try TestBundle.with("true") { bundle in
                for option in ["--version", "-v"] {
                    let lines = try bundle(option).lines
                    #expect(lines.prefix(2) == ["nestbox-runtime version 0.1.0", "spec: 1.3.0"], "\(lines)")
                    #expect(lines.count == 4 && lines[2].hasPrefix("libseccomp: 2."), "\(lines)")
                    #expect(lines.last == "-SYSTEMD -SELINUX +APPARMOR +CAP +SECCOMP +EBPF +CRIU", "\(lines)")
                }
            }
        }

        @Test func listHasWhatRuncsHas() throws {
            try TestBundle.with("sleep", "1000") { bundle in
                try #expect(bundle("list", "--format", "json").output == "null\n")
                try bundle.expect("run", "-d", "box")
                let list = try bundle("list", "-f", "json")
                let value = try JSONValue(parsing: Array(list.output.utf8))
                #expect(value[0]?["id"] == "box" && value[0]?["owner"] == "root", "\(list)")
                let table = try bundle("list")
                #expect(table.lines[0].hasPrefix("ID          PID         STATUS      BUNDLE"), "\(table)")
                try #expect(bundle("list", "-q").output == "box\n")
                let pid = try #require(value[0]?["pid"]?.integerValue)
                try #expect(bundle("ps", "--format", "json", "box").output == "[\(pid)]\n")
                try #expect(bundle("ps", "box").output.contains("sleep 1000"))
                try bundle.expect("delete", "--force", "box")
            }
        }

        @Test func errorsAreInTheLogThatCallersRead() throws {
            try TestBundle.with("/no/such") { bundle in
                let log = "\(bundle.folder)/log"
                let failed = try bundle("--log", log, "--log-format=json", "create", "box")
                #expect(failed.status == 1)
                let line = try JSONValue(parsing: TestEngine.bytes(log))
                let message = try #require(line["msg"]?.stringValue)
                #expect(line["level"] == "error" && message.contains("no such file or directory"), "\(line)")
                #expect(failed.error == "nestbox-runtime: \(message)\n")
                unlink(log)
                _ = try bundle("--log=\(log)", "state", "none")
                try #expect(TestEngine.read(log).hasSuffix("level=error msg=\"container none does not exist\"\n"))

                bundle.configuration.process?.args = ["nosuch"]
                try #expect(bundle("run", "box").error.contains("executable file not found in $PATH"))
                bundle.configuration.process?.args = ["/etc"]
                try #expect(bundle("run", "box").error.contains("permission denied"))
                for (arguments, words) in [
                    (["--systemd-cgroup", "list"], "cgroupfs driver"), (["create", "--no-pivot", "box"], "pivot_root"),
                    (["create", "--nosuch", "box"], "flag provided but not defined"), (["nosuch"], "No help topic"),
                    (["create", "../box"], "invalid container ID format"), (["checkpoint", "box"], "does not exist"),
                    (["checkpoint", "--lazy-pages", "box"], "--lazy-pages"),
                ] {
                    let refused = try Command.run(bundle.command(arguments))
                    #expect(refused.status == 1 && refused.error.contains(words), "\(arguments): \(refused)")
                }
            }
        }

        /// As Podman asks.
        @Test func checkpointsAreThereForWhoAsks() throws {
            try TestBundle.with("sleep", "1000") { bundle in
                for (command, option) in [("checkpoint", "--leave-running"), ("restore", "--lsm-profile")] {
                    let help = try bundle(command, "--help")
                    #expect(help.status == 0 && help.output.contains(option), "\(help)")
                }
                try #expect(bundle("restore", "--lsm-mount-context").error.contains("flag needs an argument"))
                let features = try JSONValue(parsing: Array(bundle("features").output.utf8))
                #expect(features["annotations"]?["org.opencontainers.runc.checkpoint.enabled"] == "true")
                try bundle.expect("run", "-d", "box")
                let missing = try bundle("--criu", "/no/such", "checkpoint", "box")
                #expect(missing.status == 1 && missing.error.contains("criu is not installed"), "\(missing)")
                let other = try bundle("--criu", "/bin/true", "checkpoint", "box")
                #expect(other.status == 1 && other.error.contains("criu gives no answer"), "\(other)")
                try #expect(bundle.status("box") == "running")
                try bundle.expect("delete", "--force", "box")
            }
        }

        @Test func descriptorsAreKeptOnlyWhereAskedFor() throws {
            try TestBundle.with("ls", "/proc/self/fd") { bundle in
                try bundle.write()
                func run(_ options: String...) throws -> CommandResult {
                    let leaks = "exec 3</dev/zero 8</dev/zero 9</dev/zero; exec \"$@\""
                    return try Command.run(["sh", "-c", leaks, "sh"] + bundle.command(["run"] + options + ["box"]))
                }
                try #expect(run().output == "0\n1\n2\n3\n")
                let kept = try run("--preserve-fds", "1")
                #expect(kept.output == "0\n1\n2\n3\n4\n", "\(kept)")
                try #expect(bundle("run", "--preserve-fds=9", "box").error.contains("it is not open"))
            }
        }

        @Test func limitsAreSetAndChanged() throws {
            try TestBundle.with("sleep", "1000") { bundle in
                bundle.configuration.linux?.resources?.memory = .init(limit: 64 << 20)
                try bundle.expect("run", "-d", "box")
                func limit() throws -> Int64? {
                    let events = try bundle("events", "--stats", "box")
                    let value = try JSONValue(parsing: Array(events.output.utf8))
                    #expect(value["type"] == "stats" && value["id"] == "box", "\(events)")
                    return value["data"]?["memory"]?["usage"]?["limit"]?.integerValue
                }
                try #expect(limit() == 64 << 20)
                try bundle.expect("update", "--memory", "32m", "box")
                try #expect(limit() == 32 << 20)
                let changed = try bundle("update", "--resources", "-", "box", input: #"{"memory":{"limit":50331648}}"#)
                try #expect(changed.status == 0 && limit() == 48 << 20, "\(changed)")
                try bundle.expect("delete", "--force", "box")
            }
        }
    }
}
