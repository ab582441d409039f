import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `checkpoint` and `restore` through criu, where that works.
    @Suite(.enabled(if: InstalledCRIU.works, "needs a criu that works on this kernel (criu check)"))
    struct RuntimeCheckpoint {
        @Test func aContainerGoesOnWhereItWas() throws {
            let script = """
                exec 5>/root/file; echo kept >/run/kept; nc -l -p 80 & sleep 1000 | cat & \(TestBundle.counter)
                """
            try TestBundle.with("sh", "-c", script.replacing("echo $i;", with: "echo $i; echo $i >&5;")) { bundle in
                let host = "\(bundle.folder)/host"
                mkdir(host, 0o755)
                try TestRegistry.write("host's\n", to: "\(host)/file")
                bundle.configuration.mounts += [
                    .init(destination: "/run", type: "tmpfs", source: "tmpfs"),
                    .init(destination: "/run/made/host", type: "bind", source: host, options: ["rbind", "ro"]),
                ]
                bundle.configuration.linux?.resources?.memory = .init(limit: 64 << 20)
                let counted = try bundle.checkpoint(try bundle.attend("run", "box"))
                let pidFile = "\(bundle.folder)/pid"
                let restored = try bundle.attend("restore", "--image-path", bundle.image, "--pid-file", pidFile, "box")
                let state = try #require(try bundle.state("box"))
                #expect(state["status"] == "running" && state["bundle"] == .string(bundle.folder))
                try #expect(state["pid"]?.integerValue.map(String.init) == TestEngine.read(pidFile))
                try #expect(bundle.inside("cat", "/run/kept", "/run/made/host/file").output == "kept\nhost's\n")
                try #expect(bundle.inside("touch", "/run/made/host/x").error.contains("Read-only file system"))
                try #expect(bundle.inside("netstat", "-lnt").output.contains(":80 "))
                try #expect(bundle.inside("ip", "addr", "show", "lo").output.contains("inet 127.0.0.1/8"))
                try #expect(bundle.inside("cat", "/sys/fs/cgroup/memory.max").line == "\(64 << 20)")
                // Each of them, not the first alone.
                for path in ["/proc/keys", "/proc/timer_list"] {
                    try #expect(bundle.inside("chmod", "0", path).error.contains("Read-only file system"), "\(path)")
                }
                try bundle.expect("pause", "box")
                try #expect(bundle.status("box") == "paused")
                try bundle.expect("resume", "box")
                try bundle.expect("kill", "box", "TERM")
                let ended = restored.finish(seconds: 60 * TestEngine.patience)
                #expect(ended.status == 9 && ended.error.isEmpty, "\(ended)")
                let numbers = counted + ended.lines.compactMap { Int($0) }
                #expect(numbers == Array(0..<numbers.count), "\(numbers)")
                let written = try TestEngine.read("\(bundle.folder)/rootfs/root/file").split(separator: "\n")
                #expect(written.map { Int($0) } == numbers)
                try #expect(bundle.status("box") == nil)
            }
        }

        @Test func aRootThatIsReadOnlyStaysSo() throws {
            try TestBundle.with("sh", "-c", TestBundle.counter) { bundle in
                bundle.configuration.root?.readonly = true
                _ = try bundle.checkpoint(try bundle.attend("run", "box"))
                let restored = try bundle.attend("restore", "--image-path", bundle.image, "box")
                try #expect(bundle.inside("touch", "/root/x").error.contains("Read-only file system"))
                try #expect(bundle.inside("sh", "-c", "echo 1 >/proc/sys/kernel/sysrq").error.contains("Read-only"))
                try bundle.expect("delete", "--force", "box")
                _ = restored.finish(seconds: 60 * TestEngine.patience)
            }
        }

        @Test func itCanBeLeftRunningAndDumpedInSteps() throws {
            try TestBundle.with("sh", "-c", TestBundle.counter) { bundle in
                let run = try bundle.attend("run", "box")
                try bundle.expect("checkpoint", "--leave-running", "--image-path", "\(bundle.folder)/left", "box")
                try bundle.expect("checkpoint", "--pre-dump", "--image-path", "\(bundle.folder)/first", "box")
                try #expect(bundle.status("box") == "running")
                let absolute = try bundle(
                    "checkpoint", "--parent-path", "\(bundle.folder)/first", "--image-path", bundle.image, "box")
                #expect(absolute.status == 1 && absolute.error.contains("it must be relative"), "\(absolute)")
                let missing = try bundle("checkpoint", "--parent-path", "../x", "--image-path", bundle.image, "box")
                #expect(missing.status == 1 && missing.error.contains("--parent-path"), "\(missing)")
                let counted = try bundle.checkpoint(run, "--parent-path", "../first")
                #expect(StoredFile.link("\(bundle.image)/parent") == "../first")
                let restored = try bundle.attend("restore", "--image-path", bundle.image, "box")
                // A restored one can be dumped, too.
                let more = try bundle.checkpoint(restored)
                #expect(counted + more == Array(0..<(counted.count + more.count)))
                // Back to where it was left running, under another name.
                let work = "\(bundle.folder)/work"
                try bundle.expect(
                    "restore", "-d", "--image-path", "\(bundle.folder)/left", "--work-path", work, "other")
                try #expect(bundle.status("other") == "running")
                #expect(
                    access("\(work)/restore.log", F_OK) == 0 && access("\(bundle.folder)/left/restore.log", F_OK) != 0)
                try bundle.expect("delete", "--force", "other")
            }
        }

        @Test func aPausedOneIsDumpedAndOneThatDoesNotRunIsNot() throws {
            try TestBundle.with("sh", "-c", TestBundle.counter) { bundle in
                try bundle.expect("create", "box")
                let created = try bundle("checkpoint", "--image-path", bundle.image, "box")
                #expect(created.status == 1 && created.error.contains("in the created state"), "\(created)")
                try bundle.expect("delete", "--force", "box")
                let run = try bundle.attend("run", "box")
                try bundle.expect("pause", "box")
                _ = try bundle.checkpoint(run)
                try bundle.expect("restore", "--detach", "--image-path", bundle.image, "box")
                let second = try bundle("restore", "--detach", "--image-path", bundle.image, "box")
                #expect(second.status == 1 && second.error.contains("already exists"), "\(second)")
                try bundle.expect("kill", "box", "KILL")
                try #expect(bundle.waits(for: "stopped", of: "box"))
                let stopped = try bundle("checkpoint", "--image-path", bundle.image, "box")
                #expect(stopped.status == 1 && stopped.error.contains("in the stopped state"), "\(stopped)")
                try bundle.expect("delete", "box")
            }
        }

        @Test func connectionsAreKeptWhereThatIsAskedFor() throws {
            let script = """
                sleep 1000 | nc -l -p 81 >/dev/null & sleep 0.5; sleep 1000 | nc 127.0.0.1 81 & \(TestBundle.counter)
                """
            try TestBundle.with("sh", "-c", script) { bundle in
                let run = try bundle.attend("run", "box", lines: 10)
                func established() throws -> Bool {
                    try bundle.inside("netstat", "-nt").output.contains("ESTABLISHED")
                }
                try #expect(TestEngine.eventually { try established() })
                let refused = try bundle("checkpoint", "--image-path", bundle.image, "box")
                #expect(refused.status == 1 && refused.error.contains("consider using --tcp-established"), "\(refused)")
                #expect(refused.error.split(separator: "\n").count == 1 && refused.error.contains("/dump.log"))
                // As if nothing had been.
                try #expect(bundle.status("box") == "running" && established())
                // What it has printed until now.
                let before = run.read(seconds: 2).split(separator: "\n").count
                run.read { $0.split(separator: "\n").count > before + 2 }
                _ = try bundle.checkpoint(run, "--tcp-established")
                try bundle.expect("restore", "-d", "--tcp-established", "--image-path", bundle.image, "box")
                try #expect(established())
                try bundle.expect("delete", "--force", "box")
                try bundle.expect("restore", "-d", "--tcp-close", "--image-path", bundle.image, "box")
                try #expect(!established())
                try bundle.expect("delete", "--force", "box")
            }
        }

        @Test func aTerminalGoesToTheNewCaller() throws {
            try TestBundle.with("sh", "-c", "tty; \(TestBundle.counter)") { bundle in
                bundle.configuration.process?.terminal = true
                var console = try ConsoleListener("\(bundle.folder)/console")
                try bundle.expect("create", "--console-socket", console.path, "box")
                let first = try console.terminal()
                try bundle.expect("start", "box")
                #expect(ConsoleListener.lines(first, 3) == ["/dev/pts/0", "0", "1"])
                try bundle.expect("checkpoint", "--image-path", bundle.image, "box")
                let alone = try bundle("restore", "-d", "--image-path", bundle.image, "box")
                #expect(alone.status == 1 && alone.error.contains("without setting console socket"), "\(alone)")
                console = try ConsoleListener("\(bundle.folder)/console")
                try bundle.expect(
                    "restore", "-d", "--console-socket", console.path, "--image-path", bundle.image, "box")
                let second = try console.terminal()
                let lines = ConsoleListener.lines(second, 3).compactMap { Int($0) }
                #expect(lines.count == 3 && lines[0] > 1 && lines[2] == lines[0] + 2, "\(lines)")
                try bundle.expect("delete", "--force", "box")
            }
        }

        @Test func userNamespacesComeBack() throws {
            try TestBundle.with("sh", "-c", TestBundle.counter) { bundle in
                let map = RuntimeSpecification.IDMapping(containerID: 0, hostID: 100_000, size: 65536)
                bundle.configuration.linux?.namespaces.append(.init(type: .user))
                bundle.configuration.linux?.uidMappings = [map]
                bundle.configuration.linux?.gidMappings = [map]
                let counted = try bundle.checkpoint(try bundle.attend("run", "box"))
                let restored = try bundle.attend("restore", "--image-path", bundle.image, "box")
                let inside = try bundle.inside(
                    "sh", "-c", "cat /proc/self/uid_map; echo x >/dev/null; ls -ln /dev/null")
                #expect(inside.output.contains("100000"), "\(inside)")
                try bundle.expect("kill", "box", "TERM")
                let ended = restored.finish(seconds: 60 * TestEngine.patience)
                let numbers = counted + ended.lines.compactMap { Int($0) }
                #expect(ended.status == 9 && numbers == Array(0..<numbers.count), "\(ended)")
            }
        }

        @Test func namespacesOfOthersAreJoinedAgain() throws {
            let holder = try Command(["unshare", "--net", "--ipc", "--uts", "sleep", "1000"])
            defer {
                holder.signal(SIGKILL)
                _ = holder.finish()
            }
            try TestBundle.with("sh", "-c", TestBundle.counter) { bundle in
                let kinds: [(RuntimeSpecification.Linux.Namespace.Kind, String)] = [
                    (.network, "net"), (.ipc, "ipc"), (.uts, "uts"),
                ]
                let own = StoredFile.link("/proc/self/ns/net")
                #expect(TestEngine.eventually { StoredFile.link("/proc/\(holder.pid)/ns/net") != own })
                bundle.configuration.hostname = nil
                for (kind, name) in kinds {
                    bundle.configuration.linux?.namespaces.removeAll { $0.type == kind }
                    bundle.configuration.linux?.namespaces.append(
                        .init(type: kind, path: "/proc/\(holder.pid)/ns/\(name)"))
                }
                _ = try bundle.checkpoint(try bundle.attend("run", "box"))
                try bundle.expect("restore", "-d", "--image-path", bundle.image, "box")
                let pid = try #require(try bundle.state("box")?["pid"]?.integerValue)
                for (_, name) in kinds {
                    let expected = StoredFile.link("/proc/\(holder.pid)/ns/\(name)")
                    #expect(StoredFile.link("/proc/\(pid)/ns/\(name)") == expected, "\(name)")
                }
                try bundle.expect("delete", "--force", "box")
            }
        }
    }
}
