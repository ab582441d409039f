import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Many commands at once, and many after one another.
    @Suite struct ResilienceParallel {
        private static var many: Int { TestEngine.patience == 1 ? 50 : 8 }

        @Test func manyRunAtOnce() throws {
            try TestEngine.withBusybox { engine in
                let commands = try (0..<Self.many).map {
                    try engine.start("run", "--rm", "busybox", "echo", "number \($0)")
                }
                for (number, command) in commands.enumerated() {
                    let result = command.finish(seconds: 60 * TestEngine.patience)
                    #expect(result.line == "number \(number)", "\(result)")
                    #expect(result.status == 0)
                }
                try #expect(engine("ps", "-aq").output.isEmpty)
            }
        }

        @Test func manyAreStartedAndRemovedAtOnce() throws {
            try TestEngine.withBusybox { engine in
                let starts = try (0..<Self.many).map {
                    try engine.start("run", "-d", "--name", "many\($0)", "busybox", "sleep", "1000")
                }
                for command in starts {
                    let result = command.finish(seconds: 60 * TestEngine.patience)
                    #expect(result.status == 0, "\(result)")
                }
                try #expect(engine("ps", "-q").lines.count == Self.many)
                let removals = try (0..<Self.many).map { try engine.start("rm", "-f", "many\($0)") }
                for command in removals {
                    let result = command.finish(seconds: 60 * TestEngine.patience)
                    #expect(result.status == 0, "\(result)")
                }
                try #expect(engine("ps", "-aq").output.isEmpty)
            }
        }

        @Test func oneOfManyGetsTheName() throws {
            try TestEngine.withBusybox { engine in
                let commands = try (0..<10).map { _ in
                    try engine.start("run", "-d", "--name", "wanted", "busybox", "sleep", "1000")
                }
                let results = commands.map { $0.finish(seconds: 60 * TestEngine.patience) }
                #expect(results.filter { $0.status == 0 }.count == 1, "\(results)")
                for result in results where result.status != 0 {
                    #expect(result.status == 125 && result.error.contains("in use"), "\(result)")
                }
                try #expect(engine("ps", "-aq").lines.count == 1)
            }
        }

        @Test func removalRacesWithTheEnd() throws {
            try TestEngine.withBusybox { engine in
                for round in 0..<10 {
                    for option in ["--rm", "--label=kept"] {
                        let started = try engine(
                            "run", "-d", option, "--name", "short", "busybox", "sleep", "0.0\(round)")
                        #expect(started.status == 0, "\(started)")
                        let removed = try engine("rm", "-f", "short", seconds: 20)
                        #expect(removed.status == 0, "\(removed)")
                    }
                }
                try #expect(engine("ps", "-aq").output.isEmpty)
            }
        }

        @Test func manyRemoveTheSame() throws {
            try TestEngine.withBusybox { engine in
                for option in ["--rm", "--label=kept"] {
                    try engine("run", "-d", option, "--name", "one", "busybox", "sleep", "1000")
                    let commands = try (0..<8).map { _ in try engine.start("rm", "-f", "one") }
                    for command in commands {
                        let result = command.finish(seconds: 60 * TestEngine.patience)
                        #expect(result.status == 0, "\(result)")
                    }
                }
            }
        }

        @Test func allWaitersHearTheSame() throws {
            try TestEngine.withBusybox { engine in
                for option in ["--rm", "--label=kept"] {
                    try engine(
                        "run", "-d", option, "--name", "waited", "busybox", "sh", "-c",
                        "while [ ! -e /end ]; do sleep 0.1; done; exit 9")
                    let waiters = try (0..<5).map { _ in try engine.start("wait", "waited") }
                    // They are connected when each holds a socket.
                    let areWaiting = TestEngine.eventually { waiters.allSatisfy { Self.hasSocket($0.pid) } }
                    #expect(areWaiting)
                    try engine("exec", "waited", "touch", "/end")
                    for waiter in waiters {
                        let result = waiter.finish()
                        #expect(result.line == "9", "\(result)")
                    }
                    if option != "--rm" { try engine("rm", "waited") }
                }
            }
        }

        private static func hasSocket(_ pid: pid_t) -> Bool {
            TestEngine.names(in: "/proc/\(pid)/fd").contains { number in
                var target = [CChar](repeating: 0, count: 64)
                readlink("/proc/\(pid)/fd/\(number)", &target, 63)
                return String(decoding: target.map(UInt8.init(bitPattern:)), as: UTF8.self).hasPrefix("socket:")
            }
        }

        @Test func execRacesWithTheEnd() throws {
            try TestEngine.withBusybox { engine in
                for round in 0..<6 {
                    try engine("run", "-d", "--name", "short", "busybox", "sleep", "0.\(round)")
                    var commands: [Command] = []
                    for _ in 0..<4 { commands.append(try engine.start("exec", "short", "sleep", "0.1")) }
                    for command in commands {
                        let result = command.finish(seconds: 20 * TestEngine.patience)
                        // It ran, was killed with the container, or came too late; it never hangs.
                        #expect([0, 1, 125, 126, 137].contains(result.status), "\(result)")
                    }
                    try engine("rm", "-f", "short")
                }
            }
        }

        @Test func stopGivesUpOnAContainerThatIgnoresIt() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "deaf", "busybox", "sh", "-c", "trap '' TERM; echo up; sleep 1000")
                _ = try TestEngine.eventually { try engine("logs", "deaf").line == "up" }
                try #expect(engine("stop", "-t", "1", "deaf").status == 0)
                try #expect(engine.inspect("deaf", "{{.State.Status}} {{.State.ExitCode}}") == "exited 137")
            }
        }

        /// Everything below a folder, and how large the tables of the machine are that a container has entries in.
        private static func census(_ engine: TestEngine) throws -> [String] {
            var result: [String] = []
            func visit(_ folder: String) {
                for name in TestEngine.names(in: folder).sorted() {
                    // The older half of what is kept of events: there from the first MiB on, and never more.
                    if folder == "\(engine.runRoot)/events", name == "events.1.json" { continue }
                    result.append("\(folder)/\(name)")
                    var status = stat()
                    if lstat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                        visit("\(folder)/\(name)")
                    }
                }
            }
            visit(engine.root)
            visit(engine.runRoot)
            result.append("mounts \(try TestEngine.read("/proc/self/mounts").split(separator: "\n").count)")
            return result + processes(engine)
        }

        /// The engine's processes by what they are, and its cgroups.
        private static func processes(_ engine: TestEngine) -> [String] {
            var found: [String] = []
            let cgroup = (try? engine("info", "--format", "{{.CgroupParent}}").line) ?? ""
            for process in TestEngine.names(in: "/proc") where process.allSatisfy(\.isNumber) {
                let groups = (try? TestEngine.read("/proc/\(process)/cgroup")) ?? ""
                let words = (try? TestEngine.read("/proc/\(process)/cmdline")) ?? ""
                if groups.contains(cgroup) || words.contains(engine.root) || words.contains(engine.runRoot) {
                    found.append("process \(words)")
                }
            }
            for tree in [""] + TestEngine.names(in: "/sys/fs/cgroup").map({ "/\($0)" }) {
                let path = "/sys/fs/cgroup\(tree)/\(cgroup)"
                for name in TestEngine.names(in: path).sorted() where name.utf8.count == 64 {
                    found.append("cgroup \(path)/\(name)")
                }
            }
            return found.sorted()
        }

        /// What a container's supervisor holds: its descriptors, and its memory in pages of 4 KiB.
        private static func supervisor(of container: String, _ engine: TestEngine) throws -> (files: Int, pages: Int) {
            let pid = try engine.processes(of: container).supervisor
            let words = try TestEngine.read("/proc/\(pid)/statm").split(separator: " ")
            return (TestEngine.names(in: "/proc/\(pid)/fd").count, words.count > 1 ? Int(words[1]) ?? 0 : 0)
        }

        /// How often a container comes and goes: `NESTBOX_CYCLES`, otherwise fewer than the ten thousand of a whole run.
        private static let cycles =
            getenv("NESTBOX_CYCLES").flatMap { Int(String(cString: $0)) } ?? (TestEngine.patience == 1 ? 60 : 10)

        @Test func manyCyclesLeaveEverythingAsItWas() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "beside", "busybox", "sleep", "100000")
                try engine("run", "--rm", "busybox", "true")
                // What that container had is freed when its command has ended.
                try #require(TestEngine.eventually { TestEngine.names(in: "\(engine.root)/removed").isEmpty })
                let before = try Self.census(engine)
                let held = try Self.supervisor(of: "beside", engine)
                let descriptors = TestEngine.names(in: "/proc/self/fd").count
                for round in 0..<Self.cycles {
                    let result = try engine("run", "--rm", "busybox", "true")
                    #expect(result.status == 0, "\(round): \(result)")
                    // Whatever leaks is told while there is little of it.
                    if round.isMultiple(of: 1000) { try Self.expectSettled(engine, before, "\(round)") }
                }
                try Self.expectSettled(engine, before, "\(Self.cycles) cycles")
                #expect(TestEngine.names(in: "/proc/self/fd").count <= descriptors)
                let now = try Self.supervisor(of: "beside", engine)
                #expect(now.files == held.files && now.pages <= held.pages, "\(now), \(held)")
            }
        }

        /// What a supervisor still removes when its command has returned comes to its end, too.
        private static func expectSettled(_ engine: TestEngine, _ before: [String], _ what: String) throws {
            let isSame = try TestEngine.eventually { try census(engine) == before }
            let changes = isSame ? [] : try census(engine).difference(from: before).map { "\($0)" }
            #expect(changes.isEmpty, "\(what)")
        }
    }
}
