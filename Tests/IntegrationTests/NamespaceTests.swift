import Glibc
import Testing

extension IntegrationTests {
    /// Which namespaces a container has of its own, and which it shares.
    @Suite struct Namespaces {
        private static let kinds = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]
        private static let script = "for n in \(kinds.joined(separator: " ")); do readlink /proc/self/ns/$n; done"

        private static func host() throws -> [String] {
            try kinds.map { try TestNetwork.alone.get()("readlink", "/proc/self/ns/\($0)").line }
        }

        /// The kinds that the container of these flags shares with the host.
        private static func shared(_ engine: TestEngine, _ flags: [String]) throws -> [String] {
            let inside = try engine.shell(script, with: flags)
            let lines = inside.lines.map(String.init)
            #expect(lines.count == kinds.count, "\(flags) \(inside)")
            return try zip(kinds, zip(lines, host())).filter { $0.1.0 == $0.1.1 }.map(\.0)
        }

        @Test func allAreItsOwnUnlessTheHostsAreAskedFor() throws {
            try TestEngine.withBusybox { engine in
                try #expect(Self.shared(engine, []) == [])
                try #expect(Self.shared(engine, ["--cgroupns", "host"]) == ["cgroup"])
                try #expect(Self.shared(engine, ["--uts", "host"]) == ["uts"])
                try #expect(Self.shared(engine, ["--userns", "host"]) == ["user"])
                // Namespaces that belong to the host's user namespace are of little use without it.
                try #expect(Self.shared(engine, ["--pid", "host"]) == ["pid", "user"])
                try #expect(Self.shared(engine, ["--ipc", "host"]) == ["ipc", "user"])
                try #expect(Self.shared(engine, ["--network", "host"]) == ["net", "user"])
                try #expect(Self.shared(engine, ["--network", "host", "--userns", "private"]) == ["net"])
                try #expect(Self.shared(engine, ["--privileged"]) == ["user"])
            }
        }

        @Test func eachContainerHasItsOwnRangeOfIDs() throws {
            try TestEngine.withBusybox { engine in
                let map = "awk '{print $1, $2, $3}' /proc/self/uid_map /proc/self/gid_map; sleep 1000"
                for name in ["one", "two"] { try engine("run", "-d", "--name", name, "busybox", "sh", "-c", map) }
                #expect(try TestEngine.eventually { try engine("logs", "two").lines.count == 2 })
                #expect(try TestEngine.eventually { try engine("logs", "one").lines.count == 2 })
                let maps = try ["one", "two"].map { try engine("logs", $0).lines.map(String.init) }
                for lines in maps {
                    #expect(lines.first == lines.last, "\(lines)")
                    let numbers = lines[0].split(separator: " ").compactMap { Int($0) }
                    #expect(numbers.count == 3 && numbers[0] == 0 && numbers[1] >= 65536 && numbers[2] >= 65536)
                }
                #expect(maps[0] != maps[1])
                // Root inside is nobody in particular outside.
                let pid = try engine.inspect("one", "{{.State.Pid}}")
                let status = try TestEngine.read("/proc/\(pid)/status").split(separator: "\n")
                #expect(status.contains { $0.hasPrefix("Uid:\t") && !$0.hasPrefix("Uid:\t0\t") })
            }
        }

        @Test func namespacesOfAnotherContainerAreJoined() throws {
            try TestEngine.withBusybox { engine in
                let script = "\(Self.script) >/facts; echo done; exec sleep 1000"
                try engine("run", "-d", "--name", "first", "--ipc", "shareable", "busybox", "sh", "-c", script)
                #expect(try TestEngine.eventually { try engine("logs", "first").output == "done\n" })
                let first = try engine("exec", "first", "cat", "/facts").lines
                let joined = try engine.shell(
                    "\(Self.script); ps | grep -c 'sleep 1000'",
                    with: ["--pid", "container:first", "--ipc", "container:first"])
                let same = zip(Self.kinds, zip(first, joined.lines)).filter { $0.1.0 == $0.1.1 }.map(\.0)
                #expect(same == ["ipc", "pid", "user"], "\(joined)")
                #expect(joined.lines.count == 8 && joined.lines.last != "0", "\(joined)")
                // Shared memory comes with the IPC namespace.
                try engine.shell("echo hello >/dev/shm/from-second", with: ["--ipc", "container:first"])
                try #expect(engine("exec", "first", "cat", "/dev/shm/from-second").output == "hello\n")
                let own = try engine.shell("ls /dev/shm", with: ["--pid", "container:first"])
                #expect(own.output.isEmpty && own.status == 0, "\(own)")
            }
        }

        /// However late the engine looks for the network namespace of a process that only stands in for the container's.
        @Test(.enabled(if: access("/usr/bin/strace", X_OK) == 0))
        func aSlowEngineFindsTheNetworkOfWhoeverJoinsAPIDNamespace() throws {
            try TestEngine.withNetwork { engine, _ in
                try engine.container("first")
                let strace = "strace -o /dev/null -e trace=openat -e inject=openat:delay_enter=5000"
                let run = try Command.run(
                    strace.split(separator: " ").map(String.init)
                        + engine.command(["run", "--rm", "--pid", "container:first", "busybox", "ls", "/sys/class/net"])
                )
                #expect(run.status == 0 && run.lines.contains("eth0"), "\(run)")
            }
        }

        /// Nothing of it in the network that its engine is in: there is no user namespace to be entered first.
        @Test func whoJoinsAPrivilegedContainersProcessesHasANetworkOfItsOwn() throws {
            try TestEngine.withNetwork { engine, _ in
                try engine("run", "-d", "--privileged", "--name", "first", "busybox", "sleep", "1000")
                let run = try engine("run", "--rm", "--pid", "container:first", "busybox", "ls", "/sys/class/net")
                #expect(run.status == 0 && run.lines.contains("eth0"), "\(run)")
                let links = try engine("run", "--rm", "--network", "host", "busybox", "ls", "/sys/class/net")
                #expect(!links.lines.contains("eth0"), "\(links)")
            }
        }

        @Test func onlyATmpfsIsSharedAsMemory() throws {
            try TestEngine.withBusybox { engine in
                let folder = "\(engine.folder)/host"
                try engine(
                    "run", "-d", "--name", "first", "-v", "\(folder):/dev/shm", "--ipc", "shareable", "busybox",
                    "sleep",
                    "1000")
                let result = try engine("run", "--rm", "--ipc", "container:first", "busybox", "ls", "/dev/shm")
                #expect(result.status == 125 && result.error.contains("tmpfs"), "\(result)")
            }
        }

        @Test func namesAndNetworksAreApart() throws {
            try TestEngine.withBusybox { engine in
                let host = try TestEngine.trimmed("/proc/sys/kernel/hostname")
                let interfaces =
                    "cat /proc/net/dev | sed 1,2d | cut -d: -f1 | tr -d ' ' | grep -vE '^(sit|tunl|ip6tnl|gre|erspan|ip_vti|ip6_vti|ip6gre|gretap)'"
                let alone = try engine.shell(
                    "hostname; \(interfaces); ping -c 1 -W 5 127.0.0.1 >/dev/null && echo up",
                    with: ["--network", "none"])
                #expect(alone.lines.count == 3 && alone.lines.dropFirst() == ["lo", "up"], "\(alone)")
                #expect(alone.lines.first.map { $0.utf8.count == 12 && $0 != host } == true, "\(alone)")
                let shared = try engine.shell(
                    "hostname; cat /proc/net/dev", with: ["--uts", "host", "--network", "host"])
                #expect(shared.lines.first.map(String.init) == host, "\(shared)")
                let devices = try TestNetwork.alone.get()("cat", "/proc/net/dev").lines.dropFirst(2)
                    .map { $0.split(separator: ":")[0] }
                for device in devices { #expect(shared.output.contains(device)) }
            }
        }
    }
}
