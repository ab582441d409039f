import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Volumes that are made, used and removed at the same moment, and commands that die.
    @Suite struct VolumeResilience {
        /// Moments after the start of a command, in microseconds.
        private static let moments: [UInt32] = (0..<24).map { $0 * 1_000 * UInt32(TestEngine.patience) }

        /// A program that does a command of the engine's again and again, and ends with the first that fails.
        private func loop(_ engine: TestEngine, _ count: Int, _ arguments: [String], _ script: String) throws -> Command
        {
            let command = engine.command(arguments).joined(separator: " ")
            return try Command([
                "sh", "-c", "for i in $(seq \(count)); do \(command) sh -c '\(script)' || exit; done",
            ])
        }

        @Test func aVolumeInUseIsNeverPruned() throws {
            try TestEngine.withBusybox { engine in
                let count = TestEngine.patience == 1 ? 15 : 3
                let loops = try (0..<8).map { number in
                    try loop(
                        engine, count, ["run", "--rm", "--network", "none", "-v", "vol:/d", "busybox"],
                        "echo \(number) >/d/file\(number); sleep 0.02; cat /d/file\(number)")
                }
                let pruner = try loop(engine, count * 12, ["volume", "prune", "-a", "-f", ";", "true"], "true")
                for (number, loop) in loops.enumerated() {
                    let result = loop.finish(seconds: 120 * TestEngine.patience)
                    #expect(result.status == 0 && result.error.isEmpty, "\(number): \(result)")
                    #expect(result.output == String(repeating: "\(number)\n", count: count), "\(number): \(result)")
                }
                let pruned = pruner.finish(seconds: 120 * TestEngine.patience)
                #expect(pruned.status == 0 && pruned.error.isEmpty, "\(pruned)")
                try #expect(engine("volume", "prune", "-a", "-f").status == 0)
                #expect(TestEngine.names(in: "\(engine.root)/volumes").isEmpty)
            }
        }

        @Test func removalBesideMakingTakesNothingThatIsUsed() throws {
            try TestEngine.withBusybox { engine in
                for round in 0..<(TestEngine.patience == 1 ? 30 : 4) {
                    let making = try engine.start(
                        "create", "--name", "box", "-v", "vol:/home/app", "busybox", "true")
                    usleep(UInt32(round) * 500)
                    let removed = try engine("volume", "rm", "vol")
                    let made = making.finish(seconds: 60 * TestEngine.patience)
                    #expect(made.status == 0, "\(made)")
                    // It came before the container or was refused; either way the container has it, with the image's owner.
                    #expect(removed.status == 0 || removed.error.contains("vol"), "\(removed)")
                    var status = stat()
                    #expect(lstat("\(engine.root)/volumes/vol/_data", &status) == 0 && status.st_uid == 1000)
                    try #expect(engine("rm", "box").status == 0)
                }
            }
        }

        @Test func aKilledMakerLeavesAWholeVolumeOrNone() throws {
            try TestEngine.withBusybox { engine in
                for (round, moment) in Self.moments.enumerated() {
                    let name = "data\(round)"
                    let command = try engine.start("volume", "create", "--label", "a=b", name)
                    usleep(moment)
                    command.signal(SIGKILL)
                    _ = command.finish()
                    let names = try engine("volume", "ls", "-q").lines.map(String.init)
                    #expect(TestEngine.names(in: "\(engine.root)/volumes") == names)
                    if names == [name] {
                        try #expect(engine("volume", "inspect", "-f", "{{.Labels.a}}", name).line == "b")
                    } else {
                        #expect(names == [])
                    }
                    try #expect(engine("volume", "create", "--label", "a=b", name).line == name)
                    try #expect(engine.shell("echo x >/d/f; cat /d/f", with: ["-v", "\(name):/d"]).line == "x")
                    try #expect(engine("volume", "rm", name).status == 0)
                }
                #expect(TestEngine.names(in: "\(engine.root)/volumes").isEmpty)
            }
        }

        @Test func aKilledRemoverLeavesAWholeVolumeOrNone() throws {
            try TestEngine.withBusybox { engine in
                let files = 400
                for (round, moment) in Self.moments.enumerated() {
                    try engine("volume", "create", "data")
                    let folder = "\(engine.root)/volumes/data/_data"
                    for number in 0..<files {
                        _ = try FileDescriptor.open("\(folder)/\(number)", O_WRONLY | O_CREAT, mode: 0o600)
                    }
                    let removal = round % 2 == 0 ? ["rm", "data"] : ["prune", "-a", "-f"]
                    let command = try Command(engine.command(["volume"] + removal))
                    usleep(moment)
                    command.signal(SIGKILL)
                    _ = command.finish()
                    // The next command knows it with all of its files or not at all, and leaves nothing of the latter.
                    let next = round % 3 == 0 ? ["ls", "-q"] : ["prune", "-f"]
                    try #expect(engine.run(["volume"] + next).status == 0)
                    let left = TestEngine.names(in: "\(engine.root)/volumes")
                    #expect(left == [] || (left == ["data"] && TestEngine.names(in: folder).count == files))
                    try #expect(engine("volume", "rm", "-f", "data").status == 0)
                    #expect(TestEngine.names(in: "\(engine.root)/volumes").isEmpty)
                }
            }
        }

        @Test func theNextContainerDoesNotMeetWhatADeadRemoverLeft() throws {
            try TestEngine.withBusybox { engine in
                try engine("volume", "create", "--label", "old", "data")
                let folder = "\(engine.root)/volumes/data"
                _ = try FileDescriptor.open("\(folder)/_data/half", O_WRONLY | O_CREAT, mode: 0o600)
                // As far as a removal comes before it removes the first file.
                try #require(rename("\(folder)/_data", "\(folder)/unfinished") == 0)
                let result = try engine.shell("stat -c %u /home/app; ls /home/app", with: ["-v", "data:/home/app"])
                #expect(result.output == "1000\n", "\(result)")
                try #expect(engine("volume", "inspect", "-f", "{{json .Labels}}", "data").line == "null")
                #expect(Set(TestEngine.names(in: folder)) == ["_data", "volume.json"])
            }
        }
    }
}
