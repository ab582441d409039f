import Testing

extension IntegrationTests {
    /// One more process in a container that runs.
    @Suite struct Exec {
        private static let namespaces = "cgroup ipc mnt net pid user uts"
        private static let links = "for n in \(namespaces); do readlink /proc/self/ns/$n; done"
        private static let rights = "grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' /proc/self/status"

        @Test func itIsInEveryNamespaceAndTheCgroupWithTheContainersRights() throws {
            try TestEngine.withBusybox { engine in
                let script = "\(Self.links) >/facts; \(Self.rights) >>/facts; echo done; sleep 1000"
                try engine(
                    "run", "-d", "--name", "box", "--cap-drop", "MKNOD", "--cap-add", "SYS_NICE", "--memory", "64m",
                    "--security-opt", "no-new-privileges", "busybox", "sh", "-c", script)
                #expect(try TestEngine.eventually { try engine("logs", "box").output == "done\n" })
                let inside = try engine("exec", "box", "sh", "-c", "\(Self.links); \(Self.rights)").output
                try #expect(engine("exec", "box", "cat", "/facts").output == inside)
                #expect(inside.split(separator: "\n").count == 14, "\(inside)")
                #expect(inside.contains("Seccomp:\t2") && inside.contains("NoNewPrivs:\t1"), "\(inside)")
                // Every one of them is another than the host's.
                for name in Self.namespaces.split(separator: " ") {
                    let host = try Command.run(["readlink", "/proc/self/ns/\(name)"]).line
                    #expect(host.hasPrefix("\(name):[") && !inside.contains(host), "\(name): \(host)")
                }
                // Its cgroup is the container's, seen from the host.
                let process = try engine.start("exec", "box", "sh", "-c", "echo here; exec sleep 999")
                process.read { $0 == "here\n" }
                let group = try engine.inspect("box", "{{.CgroupPath}}")
                let tree = TestEngine.hasUnifiedCgroups ? "" : "memory/"
                let pids = try TestEngine.read("/sys/fs/cgroup/\(tree)\(group)/cgroup.procs").split(separator: "\n")
                let commands = try pids.map { try TestEngine.read("/proc/\($0)/cmdline") }
                #expect(commands.contains { $0.contains("999") }, "\(commands)")
                try engine("kill", "box")
                // It dies with the container.
                #expect(process.finish().status == 137)
                let late = try engine("exec", "box", "true")
                #expect(late.status == 1 && late.error.contains("box"), "\(late)")
            }
        }

        @Test func flagsInputAndExitCodes() throws {
            try TestEngine.withBusybox { engine in
                try engine(
                    "run", "-d", "--name", "box", "-e", "KEPT=yes", "-u", "nobody", "-w", "/tmp", "busybox", "sleep",
                    "1000")
                let script = "id -u; pwd; echo $KEPT $ADDED $HOME"
                try #expect(engine("exec", "box", "sh", "-c", script).output == "65534\n/tmp\nyes /nonexistent\n")
                let other = try engine(
                    "exec", "-u", "app:staff", "--workdir", "/etc", "--env", "ADDED=more", "box", "sh", "-c",
                    "\(script); id -g")
                #expect(other.output == "1000\n/etc\nyes more /home/app\n50\n", "\(other)")
                try #expect(engine("exec", "-i", "box", "cat", input: "in\n").output == "in\n")
                try #expect(engine("exec", "box", "cat", input: "in\n").output.isEmpty)
                for (command, status) in [
                    (["sh", "-c", "exit 5"], Int32(5)), (["no-such-program"], 127), (["/etc/passwd"], 126),
                    (["sh", "-c", "kill -KILL $$"], 137),
                ] {
                    let result = try engine.run(["exec", "box"] + command)
                    #expect(result.status == status, "\(command) \(result)")
                }
                // Streams stay apart, a detached one goes on, and a terminal is one.
                let both = try engine("exec", "box", "sh", "-c", "echo out; echo err >&2")
                #expect(both.output == "out\n" && both.error == "err\n", "\(both)")
                let detached = try engine("exec", "-d", "-u", "0", "box", "sh", "-c", "sleep 0.1; echo made >/made")
                #expect(detached.status == 0 && detached.output.isEmpty, "\(detached)")
                #expect(try TestEngine.eventually { try engine("exec", "box", "cat", "/made").output == "made\n" })
                try #expect(engine("exec", "-t", "box", "tty").output == "/dev/pts/0\r\n")
            }
        }

        @Test func aPrivilegedOneHasAllCapabilitiesAndNoFilter() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "box", "busybox", "sleep", "1000")
                let plain = try engine("exec", "box", "sh", "-c", Self.rights).output
                #expect(plain.contains("CapEff:\t00000000a80425fb") && plain.contains("CapAmb:\t0000000000000000"))
                let privileged = try engine("exec", "--privileged", "box", "sh", "-c", Self.rights).output
                // What this machine itself may not do, nobody can be given.
                let own =
                    try TestEngine.read("/proc/self/status").split(separator: "\n")
                    .first { $0.hasPrefix("CapBnd:") } ?? ""
                #expect(privileged.contains("CapEff:\(own.dropFirst(7))"), "\(privileged) \(own)")
                #expect(privileged.contains("Seccomp:\t0"), "\(privileged)")
            }
        }
    }
}
