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
            return result
        }

        @Test func manyCyclesLeaveEverythingAsItWas() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "--rm", "busybox", "true")
                let before = try Self.census(engine)
                let descriptors = TestEngine.names(in: "/proc/self/fd").count
                for round in 0..<(TestEngine.patience == 1 ? 60 : 10) {
                    let result = try engine("run", "--rm", "busybox", "true")
                    #expect(result.status == 0, "\(round): \(result)")
                }
                try #expect(Self.census(engine) == before)
                #expect(TestEngine.names(in: "/proc/self/fd").count <= descriptors)
            }
        }
    }
}
