import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Disks that are full or cannot be written to.
    @Suite struct ResilienceDisk {
        @Test func aFullDiskIsAClearErrorAndLosesNothing() throws {
            try TestEngine.withSmallRoot { engine in
                try engine("create", "--name", "before", "busybox", "true")
                try engine("run", "-d", "--name", "running", "busybox", "sleep", "1000")
                try engine.fillDisk()
                for arguments in [
                    ["run", "--rm", "busybox", "true"], ["run", "-d", "--name", "new", "busybox", "true"],
                    ["create", "--name", "new", "busybox", "true"],
                    ["load", "-q", "-i", try TestEngine.fixture("app-docker.tar")],
                ] {
                    let result = try engine.run(arguments)
                    #expect(result.status != 0, "\(arguments): \(result)")
                    #expect(result.error.contains("ENOSPC") || result.error.contains("No space"), "\(result)")
                    #expect(result.error.split(separator: "\n").count == 1, "\(result)")
                }
                // What was there is there, and what runs can be ended.
                try #expect(engine("ps", "-a", "--format", "{{.Names}}").lines.sorted() == ["before", "running"])
                try #expect(engine("images", "-q").lines.count == 1)
                try #expect(engine("exec", "running", "echo", "in").line == "in")
                try #expect(engine("rm", "-f", "running").status == 0)
                unlink("\(engine.root)/filler")
                try #expect(engine("start", "before").status == 0)
                try #expect(engine("run", "--rm", "--name", "new", "busybox", "echo", "room").line == "room")
            }
        }

        @Test func aFullDiskLeavesNoHalfVolume() throws {
            try TestEngine.withSmallRoot { engine in
                try engine("volume", "create", "--label", "team=a", "before")
                try engine.fillDisk()
                for arguments in [
                    ["volume", "create", "new"], ["volume", "create"], ["volume", "create", "--label", "a=b", "new"],
                ] {
                    let result = try engine.run(arguments)
                    #expect(result.status == 1 && result.output.isEmpty, "\(arguments): \(result)")
                    #expect(result.error.contains("ENOSPC") || result.error.contains("No space"), "\(result)")
                    #expect(result.error.split(separator: "\n").count == 1, "\(result)")
                }
                #expect(TestEngine.names(in: "\(engine.root)/volumes") == ["before"])
                try #expect(engine("volume", "ls", "-q").output == "before\n")
                try #expect(engine("volume", "inspect", "-f", "{{.Labels.team}}", "before").line == "a")
                // Another one with files can be removed, which makes room.
                try #expect(engine("volume", "rm", "before").status == 0)
                unlink("\(engine.root)/filler")
                try #expect(engine("volume", "create", "new").status == 0)
                try #expect(engine("run", "--rm", "-v", "new:/d", "busybox", "touch", "/d/file").status == 0)
                try #expect(engine("volume", "rm", "new").status == 0)
            }
        }

        @Test func aFullDiskLosesLinesOfTheLogAndNotTheContainer() throws {
            try TestEngine.withSmallRoot { engine in
                try engine(
                    "run", "-d", "--name", "talker", "busybox", "sh", "-c",
                    "echo first; until [ -e /dev/shm/go ]; do sleep 0.1; done; seq 1 2000; echo lost > /dev/shm/lost; "
                        + "until [ -e /dev/shm/end ]; do sleep 0.1; done; echo last; exit 4")
                _ = try TestEngine.eventually { try engine("logs", "talker").line == "first" }
                try engine.fillDisk()
                try #expect(engine("exec", "talker", "touch", "/dev/shm/go").status == 0)
                let goesOn = try TestEngine.eventually {
                    try engine("exec", "talker", "cat", "/dev/shm/lost").line == "lost"
                }
                #expect(goesOn)
                unlink("\(engine.root)/filler")
                try engine("exec", "talker", "touch", "/dev/shm/end")
                try #expect(["4", ""].contains(engine("wait", "talker").line))
                let lines = try engine("logs", "talker").lines
                #expect(lines.first == "first")
                #expect(lines.last == "last", "\(lines.suffix(3))")
                try #expect(engine.inspect("talker", "{{.State.Status}} {{.State.ExitCode}}") == "exited 4")
            }
        }

        @Test func anEndIsKnownAlthoughItCouldNotBeWritten() throws {
            try TestEngine.withSmallRoot { engine in
                try engine("run", "-d", "--name", "ending", "busybox", "sleep", "1000")
                try engine.fillDisk()
                try #expect(engine("kill", "ending").status == 0)
                unlink("\(engine.root)/filler")
                try #expect(engine.inspect("ending", "{{.State.Status}} {{.State.ExitCode}}") == "exited 137")
            }
        }

        @Test func aReadOnlyRootIsAClearError() throws {
            try TestEngine.withSmallRoot { engine in
                try engine("create", "--name", "before", "busybox", "true")
                try #require(mount("small", engine.root, nil, UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)
                try #expect(engine("ps", "-a", "--format", "{{.Names}}").line == "before")
                try #expect(engine("images", "-q").lines.count == 1)
                let result = try engine("run", "--rm", "busybox", "true")
                #expect(result.status == 125 && result.error.contains("EROFS"), "\(result)")
                try #expect(engine("rm", "before").error.contains("EROFS"))
                try #require(mount("small", engine.root, nil, UInt(MS_REMOUNT), nil) == 0)
                try #expect(engine("start", "-a", "before").status == 0)
            }
        }

        @Test func aRunRootThatCannotBeUsedIsAClearError() throws {
            try TestEngine.with { engine in
                try FileTree.remove(engine.runRoot)
                let file = try FileDescriptor.open(engine.runRoot, O_WRONLY | O_CREAT, mode: 0o600)
                let result = try engine("run", "--rm", "busybox", "true")
                #expect(result.status == 125 && result.error.contains(engine.runRoot), "\(result)")
                #expect(TestEngine.names(in: "\(engine.root)/containers").isEmpty)
                unlink(engine.runRoot)
                try #expect(engine("run", "--rm", "busybox", "true").status == 0)
                _ = consume file
            }
        }
    }
}
