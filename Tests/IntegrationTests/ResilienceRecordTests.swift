import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Records, names, leases, cgroups and sockets that are damaged or left over.
    @Suite struct ResilienceRecord {
        private func write(_ text: String, to path: String) throws {
            let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
            try file.writeAll(Array(text.utf8))
        }

        private static let damages = [
            ("state.json", "\u{0}\u{1}garbage"), ("state.json", "missing"), ("container.json", "{\"id\":"),
            ("container.json", "missing"),
        ]

        @Test(arguments: damages)
        func aDamagedRecordHidesItsContainerOnly(_ name: String, _ content: String) throws {
            try TestEngine.with { engine in
                try engine("run", "-d", "--name", "well", "busybox", "sleep", "1000")
                try engine("run", "-d", "--name", "damaged", "busybox", "sleep", "1000")
                let id = try engine.inspect("damaged", "{{.Id}}")
                let process = try #require(pid_t(engine.inspect("damaged", "{{.State.Pid}}")))
                let path = "\(engine.root)/containers/\(id)/\(name)"
                if content == "missing" { unlink(path) } else { try write(content, to: path) }
                try #expect(engine("ps", "--format", "{{.Names}}").output.contains("well"))
                try #expect(engine("exec", "well", "echo", "fine").line == "fine")
                if content != "missing" {
                    let error = try engine("inspect", "damaged")
                    #expect(error.status == 1 && error.error.contains(path), "\(error)")
                    #expect(error.error.split(separator: "\n").count == 1)
                }
                try #expect(engine("rm", "-f", "damaged").status == 0)
                // Nothing of it is left, the running process least of all.
                let isGone = TestEngine.eventually {
                    ProcessIdentity(pid: process) == nil
                        && TestEngine.names(in: "\(engine.root)/containers").count == 1
                }
                #expect(isGone)
                try #expect(engine("run", "--rm", "--name", "damaged", "busybox", "true").status == 0)
            }
        }

        @Test func whatIsStaleIsTakenOver() throws {
            try TestEngine.with { engine in
                // The engine's folders are there after the first container.
                try engine("run", "--rm", "busybox", "true")
                let gone = String(repeating: "a", count: 64)
                symlink(gone, "\(engine.root)/names/web")
                for number in 0..<12_288 where number % 64 == 0 { symlink(gone, "\(engine.root)/ids/\(number)") }
                // A folder whose creator died before its record was written, one of the run root, a temporary file.
                let dead = String(repeating: "b", count: 64)
                mkdir("\(engine.root)/containers/\(dead)", 0o700)
                mkdir("\(engine.root)/containers/\(dead)/upper", 0o755)
                mkdir("\(engine.runRoot)/containers/\(dead)", 0o700)
                try write("", to: "\(engine.runRoot)/containers/\(dead)/attach.sock")
                try #expect(engine("ps", "-aq").output.isEmpty)
                #expect(TestEngine.names(in: "\(engine.root)/containers").isEmpty)
                #expect(TestEngine.names(in: "\(engine.runRoot)/containers").isEmpty)
                #expect(TestEngine.names(in: "\(engine.root)/ids").isEmpty)
                // And whoever does not look first takes over what is in the way.
                for number in 0..<12_288 where number % 64 == 0 { symlink(gone, "\(engine.root)/ids/\(number)") }
                let result = try engine("run", "-d", "--name", "web", "busybox", "sleep", "1000")
                #expect(result.status == 0, "\(result)")
                try #expect(engine("rm", "-f", "web").status == 0)
                for number in TestEngine.names(in: "\(engine.root)/ids") { unlink("\(engine.root)/ids/\(number)") }
            }
        }

        @Test func aStaleSocketAndCgroupDoNotKeepAContainerFromStarting() throws {
            try TestEngine.with { engine in
                try engine("create", "--name", "again", "busybox", "sleep", "1000")
                let id = try engine.inspect("again", "{{.Id}}")
                mkdir(engine.runRoot, 0o700)
                mkdir("\(engine.runRoot)/containers", 0o700)
                mkdir("\(engine.runRoot)/containers/\(id)", 0o700)
                try write("", to: "\(engine.runRoot)/containers/\(id)/attach.sock")
                let parent = try engine("info", "--format", "{{.CgroupParent}}").line
                let isUnified = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0
                for tree in isUnified ? [""] : ["/unified", "/pids"] {
                    mkdir("/sys/fs/cgroup\(tree)/\(parent)", 0o755)
                    mkdir("/sys/fs/cgroup\(tree)/\(parent)/\(id)", 0o755)
                }
                let result = try engine("start", "again")
                #expect(result.status == 0, "\(result)")
                try #expect(engine("exec", "again", "echo", "in").line == "in")
            }
        }

        /// A pid that now belongs to somebody else is never taken for the container's.
        @Test func aReusedPidIsNobodysContainer() throws {
            try TestEngine.with { engine in
                try engine("run", "-d", "--name", "old", "busybox", "sleep", "1000")
                let id = try engine.inspect("old", "{{.Id}}")
                let path = "\(engine.root)/containers/\(id)/state.json"
                let state = try TestEngine.read(path)
                try #expect(engine("kill", "old").status == 0)
                // As it was while it ran, but both pids belong to a bystander by now.
                let bystander = try Command(["sleep", "1000"])
                var parts: [Substring] = []
                for (index, part) in state.split(separator: "\"pid\":", omittingEmptySubsequences: false).enumerated() {
                    parts.append(index == 0 ? part : "\(bystander.pid)" + part.drop { $0.isNumber })
                }
                try write(parts.joined(separator: "\"pid\":"), to: path)
                try #expect(engine.inspect("old", "{{.State.Running}}") == "false")
                for command in [["stop", "-t", "0"], ["kill"], ["exec"], ["rm", "-f"]] {
                    try write(parts.joined(separator: "\"pid\":"), to: path)
                    try engine.run(command + ["old"] + (command == ["exec"] ? ["true"] : []))
                    #expect(kill(bystander.pid, 0) == 0)
                    #expect(ProcessIdentity(pid: bystander.pid) != nil, "\(command)")
                }
                bystander.signal(SIGKILL)
                _ = bystander.finish()
            }
        }
    }
}
