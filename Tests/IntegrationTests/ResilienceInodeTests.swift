import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// File systems that can have no more files, and files that cannot be changed.
    @Suite struct ResilienceInode {
        @Test func noMoreFilesIsAClearErrorAndLosesNothing() throws {
            try TestEngine.withSmallRoot(inodes: 1000) { engine in
                try engine("create", "--name", "before", "busybox", "true")
                try engine("run", "-d", "--name", "running", "busybox", "sleep", "1000")
                try engine.fillInodes()
                for arguments in [
                    ["run", "--rm", "busybox", "true"], ["run", "-d", "--name", "new", "busybox", "true"],
                    ["create", "--name", "new", "busybox", "true"], ["rename", "running", "new"],
                    ["update", "--memory", "64m", "--memory-swap", "64m", "running"], ["volume", "create", "new"],
                    ["network", "create", "new"], ["tag", "busybox", "new"],
                    ["load", "-q", "-i", try TestEngine.fixture("app-docker.tar")],
                ] {
                    let result = try engine.run(arguments)
                    #expect(result.status != 0, "\(arguments): \(result)")
                    #expect(result.error.contains("ENOSPC") || result.error.contains("No space"), "\(result)")
                    #expect(result.error.split(separator: "\n").count == 1, "\(result)")
                }
                // What was there is there under its own name, and what runs can be ended.
                try #expect(engine("ps", "-a", "--format", "{{.Names}}").lines.sorted() == ["before", "running"])
                try #expect(engine("images", "-q").lines.count == 1)
                #expect(TestEngine.names(in: "\(engine.root)/volumes").isEmpty)
                try #expect(engine("exec", "running", "echo", "in").line == "in")
                try #expect(engine("rm", "-f", "running").status == 0)
                try FileTree.remove("\(engine.root)/fillers")
                try #expect(engine("start", "before").status == 0)
                try #expect(engine("run", "--rm", "--name", "new", "busybox", "echo", "room").line == "room")
                try #expect(engine("volume", "create", "new").status == 0)
            }
        }

        /// A log that is to be continued in another file, for which there is no place.
        @Test func noMoreFilesLosesLinesOfTheLogAndNotTheContainer() throws {
            try TestEngine.withSmallRoot(inodes: 1000) { engine in
                try engine(
                    "run", "-d", "--name", "talker", "--log-opt", "max-size=1k", "--log-opt", "max-file=3", "busybox",
                    "sh", "-c",
                    "echo first; until [ -e /dev/shm/go ]; do sleep 0.1; done; seq 1 2000; echo done > /dev/shm/done; "
                        + "until [ -e /dev/shm/end ]; do sleep 0.1; done; echo last; exit 4")
                #expect(try TestEngine.eventually { try engine("logs", "talker").line == "first" })
                try engine.fillInodes()
                try #expect(engine("exec", "talker", "touch", "/dev/shm/go").status == 0)
                let goesOn = try TestEngine.eventually {
                    try engine("exec", "talker", "cat", "/dev/shm/done").line == "done"
                }
                #expect(goesOn)
                try FileTree.remove("\(engine.root)/fillers")
                try engine("exec", "talker", "touch", "/dev/shm/end")
                try #expect(["4", ""].contains(engine("wait", "talker").line))
                try #expect(engine("logs", "talker").lines.last == "last")
                try #expect(engine.inspect("talker", "{{.State.Status}} {{.State.ExitCode}}") == "exited 4")
            }
        }

        /// A full disk keeps what is to be changed as it was.
        @Test func aFullDiskKeepsNamesAndLimits() throws {
            try TestEngine.withSmallRoot { engine in
                try engine("run", "-d", "--name", "old", "-m", "48m", "busybox", "sleep", "1000")
                try engine.fillDisk()
                for arguments in [
                    ["rename", "old", "new"], ["update", "--memory", "64m", "--memory-swap", "64m", "old"],
                ] {
                    let result = try engine.run(arguments)
                    #expect(result.status != 0 && result.error.contains("ENOSPC"), "\(result)")
                }
                try #expect(engine("ps", "--format", "{{.Names}}").line == "old")
                try #expect(engine.inspect("old", "{{.HostConfig.Memory}}") == "\(48 << 20)")
                try #expect(
                    engine.limit("old", v1: "memory", "memory.limit_in_bytes", v2: "memory.max") == "\(48 << 20)")
                unlink("\(engine.root)/filler")
                try #expect(engine("rename", "old", "new").status == 0)
                try #expect(engine("exec", "new", "echo", "in").line == "in")
            }
        }

        /// Root may read everything; not even root may change an immutable file.
        @Test func aRecordThatCannotBeChangedIsAClearError() throws {
            try TestEngine.with { engine in
                try engine("run", "-d", "--name", "well", "busybox", "sleep", "1000")
                try engine("run", "-d", "--name", "stiff", "busybox", "sleep", "1000")
                let id = try engine.inspect("stiff", "{{.Id}}")
                let path = "\(engine.root)/containers/\(id)/container.json"
                try #require(Command.run(["chattr", "+i", path]).status == 0)
                defer { _ = try? Command.run(["chattr", "-i", path]) }
                for arguments in [["rename", "stiff", "soft"], ["rm", "-f", "stiff"]] {
                    let result = try engine.run(arguments)
                    #expect(result.status != 0 && result.error.contains(path), "\(result)")
                    #expect(result.error.contains("EPERM"), "\(result)")
                    try #expect(
                        engine("ps", "-a", "--format", "{{.Names}}").lines.sorted() == ["stiff", "well"])
                }
                try #expect(engine("exec", "well", "echo", "fine").line == "fine")
                try #require(Command.run(["chattr", "-i", path]).status == 0)
                try #expect(engine("rename", "stiff", "soft").status == 0)
                try #expect(engine("rm", "-f", "soft").status == 0)
            }
        }
    }
}
