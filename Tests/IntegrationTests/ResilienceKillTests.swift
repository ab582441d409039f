import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `kill -9` of whatever takes part, at any moment: the next command finds or removes everything.
    @Suite struct ResilienceKill {
        /// Moments after the start of a command, in microseconds.
        private static let moments: [UInt32] = (0..<12).map { $0 * 4_000 * UInt32(TestEngine.patience) }

        @Test(arguments: [["-d"], []]) func theCommandDiesAtAnyMomentOfRun(_ options: [String]) throws {
            try TestEngine.with { engine in
                for (round, moment) in Self.moments.enumerated() {
                    let command = try Command(
                        engine.command(["run", "--name", "victim\(round)"] + options + ["busybox", "sleep", "1000"]))
                    usleep(moment)
                    command.signal(SIGKILL)
                    _ = command.finish()
                }
                // What was started runs on, what was not is gone or can be started; nothing is in between.
                for id in try engine("ps", "-aq").lines.map(String.init) {
                    let isSettled = try TestEngine.eventually {
                        ["running", "created"].contains(try engine.inspect(id, "{{.State.Status}}"))
                    }
                    #expect(isSettled)
                    if try engine.inspect(id, "{{.State.Status}}") == "running" {
                        try #expect(engine("exec", id, "echo", "in").line == "in")
                    }
                    try #expect(engine("rm", "-f", id).status == 0)
                }
                // And every name is free again.
                for round in Self.moments.indices {
                    let again = try engine("run", "--rm", "--name", "victim\(round)", "busybox", "true")
                    #expect(again.status == 0, "\(again)")
                }
            }
        }

        @Test func aRemovedOnExitContainerGoesWithoutItsCommand() throws {
            try TestEngine.with { engine in
                for options in [["-d"], [], ["-i"]] {
                    let command = try Command(
                        engine.command(
                            ["run", "--rm", "--name", "temporary"] + options
                                + ["busybox", "sh", "-c", "echo up; while [ ! -e /end ]; do sleep 0.1; done"]))
                    if options != ["-d"] { command.read { $0.contains("up") } } else { _ = command.finish() }
                    command.signal(SIGKILL)
                    if options != ["-d"] { _ = command.finish() }
                    try #expect(engine.inspect("temporary", "{{.State.Running}}") == "true")
                    try #expect(engine("exec", "temporary", "touch", "/end").status == 0)
                    let isGone = TestEngine.eventually { TestEngine.names(in: "\(engine.root)/containers").isEmpty }
                    #expect(isGone)
                    #expect(TestEngine.names(in: "\(engine.root)/names").isEmpty)
                    // The lease goes last of all.
                    let isReturned = TestEngine.eventually { TestEngine.names(in: "\(engine.root)/ids").isEmpty }
                    #expect(isReturned)
                }
            }
        }

        @Test func theCommandDiesAtAnyMomentOfLoad() throws {
            try TestEngine.with(image: nil) { engine in
                let image = try TestEngine.fixture("busybox-docker.tar")
                for moment in Self.moments {
                    let command = try engine.start("load", "-q", "-i", image)
                    usleep(moment)
                    command.signal(SIGKILL)
                    _ = command.finish()
                    // Whatever is listed is whole.
                    for name in try engine("images", "-q").lines {
                        try #expect(engine("run", "--rm", String(name), "echo", "whole").line == "whole")
                    }
                }
                try #expect(engine("load", "-q", "-i", image).status == 0)
                try #expect(engine("run", "--rm", "busybox", "echo", "here").line == "here")
                #expect(TestEngine.names(in: "\(engine.root)/tmp").isEmpty)
                try #expect(engine("images", "-q").lines.count == 1)
            }
        }

        @Test func aContainerDoesNotLiveOnWithoutItsSupervisor() throws {
            try TestEngine.with { engine in
                try engine("run", "-d", "--name", "orphan", "busybox", "sleep", "1000")
                let process = try #require(pid_t(engine.inspect("orphan", "{{.State.Pid}}")))
                let waiter = try engine.start("wait", "orphan")
                kill(try engine.supervisor(of: "orphan"), SIGKILL)
                #expect(waiter.finish().line == "137")
                try #expect(engine("ps", "-q").output.isEmpty)
                let isGone = TestEngine.eventually { ProcessIdentity(pid: process) == nil }
                #expect(isGone)
                try #expect(
                    engine.inspect("orphan", "{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}").hasPrefix(
                        "exited 137 the container's supervisor ended"))
                // It can be used again.
                try #expect(engine("start", "orphan").status == 0)
                try #expect(engine("exec", "orphan", "echo", "again").line == "again")
            }
        }

        @Test func aRemovedOnExitContainerIsRemovedInPlaceOfItsSupervisor() throws {
            try TestEngine.with { engine in
                try engine("run", "-d", "--rm", "--name", "orphan", "busybox", "sleep", "1000")
                kill(try engine.supervisor(of: "orphan"), SIGKILL)
                // On a busy machine the next command may look before the signal has ended the process.
                #expect(try TestEngine.eventually { try engine("ps", "-aq").output.isEmpty })
                #expect(TestEngine.names(in: "\(engine.root)/containers").isEmpty)
                // The name is free.
                try #expect(engine("run", "--rm", "--name", "orphan", "busybox", "true").status == 0)
            }
        }

        /// Its name goes first: whoever had only that could not ask for the rest to be removed.
        @Test(arguments: [false, true]) func aRemovalThatWasInterruptedIsFinished(_ withVolumes: Bool) throws {
            try TestEngine.with { engine in
                let id = try engine("create", "--name", "victim", "-v", "/data", "busybox", "true").line
                let folder = "\(engine.root)/containers/\(id)"
                // As far as a removal comes before it takes something away that is missed.
                try retrying("remove", "the name") { unlink("\(engine.root)/names/victim") }
                let mark = withVolumes ? "removing-volumes" : "removing"
                try FileDescriptor.open("\(folder)/\(mark)", O_WRONLY | O_CREAT, mode: 0o600).writeAll([])
                try #expect(engine("ps", "-aq").output.isEmpty)
                #expect(TestEngine.names(in: "\(engine.root)/containers").isEmpty)
                let volumes = TestEngine.names(in: "\(engine.root)/volumes")
                #expect(volumes.count == (withVolumes ? 0 : 1), "\(volumes)")
                for name in volumes { _ = try Command.run(["rm", "-r", "\(engine.root)/volumes/\(name)"]) }
            }
        }

        /// It is there, and may be used: nobody removes it later.
        @Test func aRemovalThatFailsIsTakenBack() throws {
            try TestEngine.with { engine in
                try engine("create", "--name", "kept", "-v", "/data", "busybox", "sleep", "1000")
                let volume = try #require(TestEngine.names(in: "\(engine.root)/volumes").first)
                let folder = "\(engine.root)/volumes/\(volume)/_data"
                try #expect(Command.run(["mount", "-t", "tmpfs", "none", folder]).status == 0)
                let failed = try engine("rm", "-v", "kept")
                try #expect(Command.run(["umount", folder]).status == 0)
                #expect(failed.status == 1 && failed.error.contains("EBUSY"), "\(failed)")
                try #expect(engine("start", "kept").status == 0)
                try #expect(engine("ps").output.contains("kept"))
                try #expect(engine("exec", "kept", "echo", "well").line == "well")
                try #expect(engine("rm", "-f", "-v", "kept").status == 0)
            }
        }

        /// The supervisor goes on with what a command had begun that was killed: nobody else begins the same meanwhile.
        @Test(arguments: ["none", "bridge"]) func aStartGoesOnWithoutItsCommandAndOnce(_ network: String) throws {
            try TestEngine.with { engine in
                for _ in 0..<5 {
                    try engine("create", "--name", "victim", "--network", network, "busybox", "sleep", "1000")
                    let command = try engine.start("start", "victim")
                    var supervisor: pid_t?
                    while supervisor == nil, kill(command.pid, 0) == 0, Self.isRunning(command.pid) {
                        supervisor = Self.supervisors(of: command.pid).first
                    }
                    if let supervisor { kill(supervisor, SIGSTOP) }
                    command.signal(SIGKILL)
                    _ = command.finish()
                    let next = try engine.start("start", "victim")
                    usleep(50_000)
                    if let supervisor { kill(supervisor, SIGCONT) }
                    let result = next.finish()
                    #expect(result.status == 0, "\(result)")
                    // The titles and one process.
                    try #expect(engine("top", "victim").lines.count == 2)
                    try #expect(engine("exec", "victim", "echo", "in").line == "in")
                    try #expect(engine("rm", "-f", "victim").status == 0)
                }
            }
        }

        /// It has no record of running yet when it is looked at, and runs when its lock can be had.
        @Test func removalByForceWaitsForAStart() throws {
            try TestEngine.with { engine in
                for _ in 0..<10 {
                    let command = try engine.start(
                        "run", "-d", "--name", "victim", "--network", "none", "busybox", "sleep", "1000")
                    while Self.isRunning(command.pid), TestEngine.names(in: "\(engine.root)/names").isEmpty {}
                    let removed = try engine("rm", "-f", "victim")
                    #expect(removed.status == 0, "\(removed)")
                    _ = command.finish()
                    for id in try engine("ps", "-aq").lines { try engine("rm", "-f", String(id)) }
                }
            }
        }

        private static func isRunning(_ process: pid_t) -> Bool {
            (try? TestEngine.read("/proc/\(process)/stat"))?.contains(") Z") == false
        }

        /// The supervisors that a command has started.
        private static func supervisors(of command: pid_t) -> [pid_t] {
            TestEngine.names(in: "/proc").compactMap { process in
                guard let pid = pid_t(process) else { return nil }
                let status = (try? TestEngine.read("/proc/\(process)/stat")) ?? ""
                let parent = status.split(separator: ")").last?.split(separator: " ").dropFirst().first
                let arguments = (try? TestEngine.read("/proc/\(process)/cmdline")) ?? ""
                return parent == "\(command)" && arguments.contains("supervise") ? pid : nil
            }
        }

        @Test func theSupervisorDiesAtAnyMomentOfTheStart() throws {
            try TestEngine.with { engine in
                try engine("create", "--name", "victim", "busybox", "sleep", "1000")
                for moment in Self.moments.prefix(8) {
                    let command = try engine.start("start", "victim")
                    usleep(moment)
                    for process in Self.supervisors(of: command.pid) { kill(process, SIGKILL) }
                    let result = command.finish()
                    #expect(result.status == 0 || !result.error.isEmpty)
                    if try engine.inspect("victim", "{{.State.Running}}") == "true" {
                        try #expect(engine("kill", "victim").status == 0)
                    }
                }
                try #expect(engine("start", "victim").status == 0)
                try #expect(engine("exec", "victim", "echo", "well").line == "well")
            }
        }
    }
}
