import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// `export`.
    @Suite struct Exporting {
        private static let script = """
            mkdir -p /made/deep && echo x >/made/deep/file && ln /made/deep/file /made/second; chown 5:6 /made/deep
            ln -s deep/file /made/link; mkfifo /made/pipe; chmod 2751 /made; rm /bin/vi; echo in >/data/volume
            rm -r /usr/sbin; mkdir /usr/sbin; echo new >/usr/sbin/new; touch /ready
            """

        private func makeBox(_ engine: TestEngine, running: Bool, _ flags: String...) throws {
            let rest = running ? "; exec sleep 1000" : ""
            let result = try engine.run(
                ["run"] + (running ? ["-d"] : []) + ["--name", "box", "-v", "/data", "--tmpfs", "/memory"] + flags
                    + ["busybox", "sh", "-c", Self.script + rest])
            try #require(result.status == 0, "\(result)")
            try #require(TestEngine.eventually { try engine("diff", "box").output.contains("A /ready") })
        }

        @Test(arguments: [false, true], Users.allCases)
        func whatIsExportedIsAnImageAgain(running: Bool, users: Users) throws {
            try TestEngine.with { engine in
                try makeBox(engine, running: running, users.option)
                let file = "\(engine.folder)/box.tar"
                let export = try engine("export", "-o", file, "box")
                #expect(export.status == 0 && export.output.isEmpty && export.error.isEmpty, "\(export)")
                let names = try Command.run(["tar", "-tf", file]).lines.map(String.init)
                // No marks of layers, nothing of what is mounted, and the kernel's files least of all.
                #expect(!names.contains { $0.contains(".wh.") || $0.hasPrefix("proc/") && $0 != "proc/" }, "\(names)")
                #expect(!names.contains("bin/vi") && !names.contains("data/volume"))
                #expect(names.contains("data/") && names.contains("made/pipe") && names.contains("bin/busybox"))
                try engine("rm", "-f", "-v", "box")
                let made = try engine("import", file, "again:1")
                try #require(made.status == 0, "\(made)")
                let look = """
                    stat -c '%n %u:%g %a %h' /made /made/deep /made/second; cat /made/link; stat -c %F /made/pipe
                    ls -a /usr/sbin; ls /bin/vi /data/volume 2>&1 | wc -l
                    """
                let result = try engine("run", "--rm", "again:1", "sh", "-c", look)
                #expect(
                    result.lines == [
                        "/made 0:0 2751 3", "/made/deep 5:6 755 2", "/made/second 0:0 644 2", "x", "fifo", ".", "..",
                        "new", "2",
                    ], "\(result)")
            }
        }

        @Test func aPausedContainerAndAPipeAreGood() throws {
            try TestEngine.withBusybox { engine in
                try makeBox(engine, running: true)
                try engine("pause", "box")
                let words = engine.command(["export", "box"]).map { "'\($0)'" }.joined(separator: " ")
                let piped = try Command.run(["sh", "-c", "\(words) | tar -xOf - made/deep/file"])
                #expect(piped.output == "x\n", "\(piped)")
                try engine("unpause", "box")
                let events = try engine(
                    "events", "--since", "1h", "--until", "0s", "--filter", "event=export", "--format", "{{.Action}}")
                #expect(events.output == "export\n", "\(events)")
                // What is there already stays when an export fails.
                let file = try engine.file("old.tar", text: "old")
                try #expect(engine("export", "-o", file, "nobody").status == 1)
                #expect(engine.hostText("old.tar") == "old")
            }
        }

        @Test func aTerminalGetsNoArchive() throws {
            try TestEngine.withBusybox { engine in
                try engine("create", "--name", "box", "busybox", "true")
                let session = try TerminalSession(engine.command(["export", "box"]), rows: 24, columns: 80)
                #expect(session.shows("an archive is not for a terminal"), "\(session.text)")
                #expect(session.finish() == 1)
            }
        }

        /// A program in the container must not lead the export out of the container's files.
        @Test func whatAContainerMountsIsNotExported() throws {
            try TestEngine.withBusybox { engine in
                _ = try engine.resident(
                    "--privileged",
                    script: "mkdir /over; mount -t tmpfs none /over; echo no >/over/file; exec sleep 1000")
                try #require(
                    TestEngine.eventually { try engine("exec", "resident", "cat", "/over/file").status == 0 })
                let file = "\(engine.folder)/box.tar"
                try #expect(engine("export", "-o", file, "resident").status == 0)
                let names = try Command.run(["tar", "-tf", file]).lines
                #expect(names.contains("over/") && !names.contains("over/file"))
            }
        }
    }
}
