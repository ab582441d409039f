import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// `cp`, by what `docker cp` documents.
    @Suite struct Copying {
        /// What is copied where, and where its files are then; nil: it is refused.
        struct Case: CustomTestStringConvertible, Sendable {
            var source: String
            var target: String
            var flags: [String] = []
            var expected: [String: String]?
            var testDescription: String { "\(flags.joined()) \(source) → \(target)" }

            init(_ source: String, _ target: String, flags: [String] = [], _ expected: [String: String]?) {
                (self.source, self.target, self.flags, self.expected) = (source, target, flags, expected)
            }
        }

        /// The table of `docker cp`'s reference, the same in both directions.
        static let table = [
            // A file: to what is not there, a folder that is not there, a file, a folder.
            Case("d/one", "t/new", ["t/new": "one\n"]),
            Case("d/one", "t/new/", nil),
            Case("d/one", "t/file", ["t/file": "one\n"]),
            Case("d/one", "t/file/", nil),
            Case("d/one", "t/folder", ["t/folder/one": "one\n"]),
            Case("d/one", "t/none/new", nil),
            Case("d/one/", "t/new", nil),
            Case("d/none", "t/new", nil),
            // A folder: to what is not there, a file, a folder; and what is in it.
            Case("d", "t/new", ["t/new/one": "one\n", "t/new/sub/two": "two\n"]),
            Case("d", "t/new/", ["t/new/one": "one\n", "t/new/sub/two": "two\n"]),
            Case("d/", "t/folder", ["t/folder/d/one": "one\n", "t/folder/d/sub/two": "two\n"]),
            Case("d", "t/file", nil),
            Case("d/.", "t/folder", ["t/folder/one": "one\n", "t/folder/sub/two": "two\n"]),
            Case("d/.", "t/folder/.", ["t/folder/one": "one\n", "t/folder/sub/two": "two\n"]),
            Case("d/.", "t/new", ["t/new/one": "one\n", "t/new/sub/two": "two\n"]),
            Case("d/sub/../one", "t/./new", ["t/new": "one\n"]),
            // Links: as they are, followed where that is asked for, and as folders.
            Case("d/link", "t/folder", ["t/folder/link -> one": ""]),
            Case("d/link", "t/folder", flags: ["-L"], ["t/folder/link": "one\n"]),
            Case("dl", "t/folder", flags: ["-L"], ["t/folder/dl/one": "one\n"]),
            Case("dl/", "t/folder", ["t/folder/dl/one": "one\n"]),
            Case("dl/.", "t/folder", ["t/folder/one": "one\n"]),
        ]

        @Test(arguments: table)
        func copiesOutGoWhereDockersGo(_ copy: Case) throws {
            try TestEngine.withBusybox { engine in
                try engine.makeHostFiles()
                try engine.makeBox(running: false)
                let target = "\(engine.folder)/\(copy.target)"
                let result = try engine.run(["cp"] + copy.flags + ["box:/\(copy.source)", target])
                try check(copy, result) { path in
                    let parts = path.split(separator: " ").map(String.init)
                    guard parts.count == 3 else { return engine.hostText(path) }
                    return StoredFile.link("\(engine.folder)/\(parts[0])") == parts[2] ? "" : nil
                }
            }
        }

        @Test(arguments: [false, true])
        func copiesInGoWhereDockersGo(running: Bool) throws {
            try TestEngine.withBusybox { engine in
                try engine.makeHostFiles()
                for copy in Self.table {
                    try engine.makeBox(running: running)
                    let source = "\(engine.folder)/\(copy.source)"
                    let result = try engine.run(["cp"] + copy.flags + [source, "box:\(copy.target)"])
                    try check(copy, result) { path in
                        let parts = path.split(separator: " ").map(String.init)
                        guard parts.count == 3 else { return try engine.text("box:\(path)") }
                        return try engine.listing("box:\(parts[0])").first?.hasSuffix("link -> \(parts[2])") == true
                            ? "" : nil
                    }
                    try engine("rm", "-f", "box")
                }
            }
        }

        private func check(_ copy: Case, _ result: CommandResult, _ text: (String) throws -> String?) throws {
            guard let expected = copy.expected else {
                #expect(result.status == 1, "\(copy.testDescription): \(result)")
                #expect(result.error.split(separator: "\n").count == 1, "\(copy.testDescription): \(result)")
                return
            }
            #expect(result.status == 0 && result.output.isEmpty, "\(copy.testDescription): \(result)")
            for (path, content) in expected {
                let found = try text(path)
                #expect(found == content, "\(copy.testDescription): \(path)")
            }
        }

        @Test(arguments: [false, true])
        func filesBelongToRootOrTheCallerOrKeepTheirOwners(running: Bool) throws {
            try TestEngine.withBusybox { engine in
                try engine.makeBox(running: running)
                let file = try engine.file("file", text: "mine\n")
                chown(file, 1234, 1235)
                chmod(file, 0o4755)
                try engine("cp", file, "box:/new")
                try engine("cp", "-a", file, "box:/kept")
                // Folders that are there stay what they are.
                mkdir("\(engine.folder)/tmp", 0o700)
                try engine("cp", "\(engine.folder)/tmp", "box:/")
                try #expect(engine.listing("box:/new") == ["-rwsr-xr-x 0/0 new"])
                try #expect(engine.listing("box:/kept") == ["-rwsr-xr-x 1234/1235 kept"])
                try #expect(engine.listing("box:/tmp").first == "drwxrwxrwt 0/0 tmp/")
                // An owner that no user of the container can be.
                chown(file, 70000, 0)
                let refused = try engine("cp", "-a", file, "box:/kept")
                #expect(refused.status == 1 && refused.error.contains("70000"), "\(refused)")

                try engine("cp", "box:/d/one", "\(engine.folder)/new")
                try engine("cp", "-a", "box:/d/one", "\(engine.folder)/kept")
                var status = stat()
                lstat("\(engine.folder)/new", &status)
                // A container's set-user-ID program does not become one of the caller's.
                #expect(status.st_uid == geteuid() && status.st_mode & 0o7777 == 0o711)
                lstat("\(engine.folder)/kept", &status)
                #expect(status.st_uid == 7 && status.st_gid == 8 && status.st_mode & 0o7777 == 0o4711)
            }
        }

        @Test(arguments: [false, true])
        func whatIsMountedIsReachedThroughItsMount(running: Bool) throws {
            try TestEngine.withBusybox { engine in
                let source = try engine.file("file", text: "new\n")
                _ = try engine.file("bind/there", text: "bind\n")
                _ = try engine.file("ro/there", text: "ro\n")
                let folder = engine.folder
                try engine.makeBox(
                    running: running,
                    with: [
                        "-v", "vol:/vol", "-v", "\(folder)/bind:/deep/bind", "-v", "\(folder)/ro:/ro:ro", "--tmpfs",
                        "/mem",
                    ])
                for target in ["/vol", "/deep/bind"] {
                    let result = try engine("cp", source, "box:\(target)")
                    #expect(result.status == 0, "\(result)")
                    try #expect(engine.listing("box:\(target)/file") == ["-rw-r--r-- 0/0 file"])
                }
                try #expect(engine.text("box:/deep/bind/there") == "bind\n")
                #expect(engine.hostText("bind/file") == "new\n")
                // On the host they are root's, too: mounts are ID-mapped.
                var status = stat()
                lstat("\(folder)/bind/file", &status)
                #expect(status.st_uid == 0)
                lstat("\(engine.root)/volumes/vol/_data/file", &status)
                #expect(status.st_uid == 0 && status.st_size == 4)
                // What cannot be written inside cannot be written from here.
                try engine.expectRefusal("cp", source, "box:/ro/new", status: 1, saying: ["EROFS"])
                try engine.expectRefusal("cp", source, "box:/ro/there", status: 1, saying: ["EROFS"])
                #expect(engine.hostText("ro/new") == nil && engine.hostText("ro/there") == "ro\n")
                guard running else { return }
                try engine("cp", source, "box:/mem/file")
                try #expect(engine("exec", "box", "stat", "-c", "%u:%g %s", "/mem/file").line == "0:0 4")
                // Of what the kernel shows as files nothing is copied, nor made.
                try engine.expectRefusal("cp", "box:/proc/1/environ", "\(folder)/e", status: 1, saying: ["kernel"])
                try #expect(engine("cp", source, "box:/proc/sys/kernel/hostname").status == 1)
                try #expect(engine("cp", source, "box:/proc/new").status == 1)
                let all = try engine.listing("box:/")
                #expect(all.contains { $0.hasSuffix(" proc/") || $0.hasSuffix("./proc/") })
                #expect(!all.contains { $0.contains("proc/1") || $0.contains("kernel") }, "\(all.suffix(20))")
            }
        }

        @Test(arguments: [false, true])
        func aReadOnlyContainerTakesFilesInItsVolumesOnly(running: Bool) throws {
            try TestEngine.withBusybox { engine in
                let source = try engine.file("file", text: "new\n")
                let command = running ? ["sleep", "1000"] : ["true"]
                try engine.run(
                    ["run"] + (running ? ["-d"] : []) + ["--name", "box", "--read-only", "-v", "vol:/vol", "busybox"]
                        + command)
                try engine.expectRefusal("cp", source, "box:/new", status: 1, saying: ["EROFS"])
                try #expect(engine("cp", source, "box:/vol/new").status == 0)
                try #expect(engine.text("box:/vol/new") == "new\n")
            }
        }

        @Test func archivesGoThroughStandardInputAndOutput() throws {
            try TestEngine.withBusybox { engine in
                try engine.makeBox(running: true)
                try engine.makeHostFiles()
                let copy = engine.command(["cp", "-", "box:/t"]).map { "'\($0)'" }.joined(separator: " ")
                let pack = "tar -C '\(engine.folder)' -cf - d"
                let result = try Command.run(["sh", "-c", "\(pack) | \(copy)"])
                #expect(result.status == 0, "\(result)")
                try #expect(engine("exec", "box", "cat", "/t/d/sub/two").output == "two\n")
                try engine.expectRefusal("cp", "-", "box:/t/file", status: 1, saying: ["needs a folder"])
                let evil = "tar -C '\(engine.folder)/d' -P --transform 's,^one$,../evil,' -cf - one"
                let refused = try Command.run(["sh", "-c", "\(evil) | \(copy)"])
                #expect(refused.status == 1 && refused.error.contains(".."), "\(refused)")
            }
        }

        @Test func namesLinksHolesAndFifosArriveAsTheyAre() throws {
            try TestEngine.withBusybox { engine in
                let script = """
                    mkdir -p /x/$(printf '\\303\\274\\377')/empty; cd /x; echo a >a; ln a b; mkfifo pipe
                    long=$(printf '%0200d' 7); mkdir -p $long/$long; echo deep >$long/$long/file; ln -s $long/$long/file far
                    printf end | dd of=sparse bs=1M seek=1000000 2>/dev/null
                    """
                try engine("run", "--name", "box", "busybox", "sh", "-c", script)
                let result = try engine("cp", "box:/x", "\(engine.folder)/x")
                #expect(result.status == 0, "\(result)")
                try engine("cp", "\(engine.folder)/x", "box:/y")
                // What came back is what went out, but for the time of folders' making.
                let (before, after) = (try engine.listing("box:/x"), try engine.listing("box:/y"))
                let renamed = after.map { line in
                    line.split(separator: " ", omittingEmptySubsequences: false)
                        .map { $0.hasPrefix("y/") ? "x/" + $0.dropFirst(2) : String($0) }.joined(separator: " ")
                }
                #expect(renamed == before)
                #expect(before.count == 11, "\(before)")
                var (first, second) = (stat(), stat())
                stat("\(engine.folder)/x/a", &first)
                stat("\(engine.folder)/x/b", &second)
                #expect(first.st_ino == second.st_ino)
                stat("\(engine.folder)/x/sparse", &first)
                #expect(first.st_size == 1_048_576_000_003 && first.st_blocks < 10000)
            }
        }

        @Test func argumentsThatMeanNothingAreRefused() throws {
            try TestEngine.withBusybox { engine in
                try engine.makeBox(running: false)
                try engine.expectRefusal("cp", "a", "b", status: 1, saying: ["CONTAINER:PATH"])
                try engine.expectRefusal("cp", "box:/a", "box:/b", status: 1, saying: ["between containers"])
                try engine.expectRefusal("cp", "none:/a", "b", status: 1, saying: ["no such container"])
                try engine.expectRefusal("cp", "box:/none", "b", status: 1, saying: ["no such file"])
                // A folder takes no file's place, nor a file a folder's.
                mkdir("\(engine.folder)/one", 0o755)
                try engine.expectRefusal("cp", "\(engine.folder)/one", "box:/d", status: 1, saying: ["not replaced"])
                try engine.expectRefusal("cp", "box:/d/one", engine.folder, status: 1, saying: ["not replaced"])
            }
        }

        @Test func aKilledCopyOfAStoppedContainerLeavesNothing() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "--name", "box", "busybox", "dd", "if=/dev/zero", "of=/big", "bs=1M", "count=50")
                let copy = try engine.start("cp", "box:/big", "-")
                // It waits for its reader, with everything mounted.
                copy.read { !$0.isEmpty }
                kill(copy.pid, SIGKILL)
                #expect(copy.finish().status == 137)
                try #expect(engine("start", "-a", "box").status == 0)
            }
        }
    }
}
