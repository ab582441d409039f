import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// A container that exchanges what is being copied (CVE-2018-15664): threats.md, "While it runs".
    @Suite struct CopyAttacks {
        private static let rounds = 200

        /// A container that turns `place` from a folder into a link to `secret` on the host, into a fifo, and back, again and again.
        private static func start(
            _ engine: TestEngine, place: String, secret: String, with flags: [String] = []
        ) throws {
            let script = """
                mkdir -p \(place)/sub; echo inner >\(place)/file; echo inner >\(place)/sub/file; cp -r \(place) /kept
                touch /ready
                while :; do
                    mv \(place) \(place).1; ln -s \(secret) \(place)
                    rm \(place); ln -s ../../../../../../../..\(secret) \(place)
                    rm \(place); mkfifo \(place); rm \(place); ln -s /proc/self/root\(secret) \(place)
                    rm -rf \(place); mv \(place).1 \(place)
                    rm \(place)/file; mkfifo \(place)/file; rm \(place)/file; ln -s \(secret)/canary \(place)/file
                    rm \(place)/file; cp /kept/file \(place)/file
                done
                """
            let started = try engine.run(["run", "-d", "--name", "box"] + flags + ["busybox", "sh", "-c", script])
            try #require(started.status == 0, "\(started)")
            try #require(TestEngine.eventually { try engine("exec", "box", "ls", "/ready").status == 0 })
        }

        private static func makeSecret(_ engine: TestEngine) throws -> String {
            _ = try engine.file("secret/canary", text: "SECRET\n")
            _ = try engine.file("secret/file", text: "SECRET\n")
            return "\(engine.folder)/secret"
        }

        private static func expectUntouched(_ engine: TestEngine) throws {
            #expect(Set(TestEngine.names(in: "\(engine.folder)/secret")) == ["canary", "file"])
            #expect(engine.hostText("secret/canary") == "SECRET\n")
            #expect(engine.hostText("secret/file") == "SECRET\n")
        }

        @Test func nothingOfTheHostIsRead() throws {
            try TestEngine.withBusybox { engine in
                let secret = try Self.makeSecret(engine)
                try Self.start(engine, place: "/x/p", secret: secret)
                var copied = 0
                for round in 0..<Self.rounds {
                    let (source, flags) = [
                        ("box:/x/p/file", [""]), ("box:/x", [""]), ("box:/x/p", ["-L"]), ("box:/x/p/file", ["-aL"]),
                    ][round % 4]
                    let out = "\(engine.folder)/out"
                    let result = try engine.run(["cp"] + flags.filter { !$0.isEmpty } + [source, out], seconds: 20)
                    #expect(result.status == 0 || result.status == 1, "it hangs: \(result)")
                    copied += result.status == 0 ? 1 : 0
                    // Regular files only: a link is copied as a link, and may say anything.
                    let found = try Command.run(
                        ["find", out, "-type", "f", "-exec", "grep", "-s", "SECRET", "{}", "+"])
                    #expect(found.output.isEmpty, "\(source): \(found.output)")
                    try FileTree.remove(out)
                }
                #expect(copied > 0)
                try Self.expectUntouched(engine)
            }
        }

        /// To Swift a slash and the accent behind it are one character: the link before it would be part of the last name, which
        /// is opened as it is, and lead through the host's root.
        @Test func aSlashWithAnAccentIsASlash() throws {
            try TestEngine.withBusybox { engine in
                let secret = try Self.makeSecret(engine)
                _ = try engine.file("secret/\u{301}file", text: "SECRET\n")
                let out = try engine.file("out", text: "mine\n")
                try engine("run", "-d", "--name", "box", "busybox", "sleep", "1000")
                try engine(
                    "exec", "box", "sh", "-c",
                    "ln -s \(secret) /a; ln -s ../\u{301}d /r; mkdir /b; echo own >/b/\u{301}file")
                try #expect(engine("cp", "box:/a/\u{301}file", out).status == 1)
                try #expect(engine("cp", "-L", "box:/a/\u{301}file", out).status == 1)
                try #expect(engine("cp", out, "box:/a/\u{301}file").status == 1)
                #expect(engine.hostText("out") == "mine\n" && engine.hostText("secret/\u{301}file") == "SECRET\n")
                try #expect(engine("cp", "box:/b/\u{301}file", out).status == 0)
                #expect(engine.hostText("out") == "own\n")
                try #expect(engine("cp", out, "box:/r").status == 0)
                try #expect(engine("exec", "box", "cat", "/\u{301}d").output == "own\n")
            }
        }

        @Test func nothingOfTheHostIsWritten() throws {
            try TestEngine.withBusybox { engine in
                let secret = try Self.makeSecret(engine)
                try Self.start(engine, place: "/x/p", secret: secret)
                _ = try engine.file("in/new", text: "new\n")
                _ = try engine.file("in/file", text: "new\n")
                mkdir("\(engine.folder)/p", 0o755)
                _ = try engine.file("p/new", text: "new\n")
                var copied = 0
                for round in 0..<Self.rounds {
                    let (source, target) = [
                        ("in/new", "box:/x/p/new"), ("in/.", "box:/x/p"), ("p", "box:/x"), ("in/file", "box:/x/p/file"),
                    ][round % 4]
                    let result = try engine.run(["cp", "\(engine.folder)/\(source)", target], seconds: 20)
                    #expect(result.status == 0 || result.status == 1, "it hangs: \(result)")
                    copied += result.status == 0 ? 1 : 0
                }
                #expect(copied > 0)
                try Self.expectUntouched(engine)
            }
        }

        /// The destination on the host is a folder that the container can change, too.
        @Test func aSharedDestinationLeadsNowhereElse() throws {
            try TestEngine.withBusybox { engine in
                let secret = try Self.makeSecret(engine)
                mkdir("\(engine.folder)/shared", 0o777)
                try Self.start(
                    engine, place: "/shared/tree", secret: secret, with: ["-v", "\(engine.folder)/shared:/shared"])
                try engine("exec", "box", "sh", "-c", "mkdir -p /tree/sub; echo new >/tree/new; echo new >/tree/file")
                for _ in 0..<Self.rounds {
                    let result = try engine.run(["cp", "box:/tree", "\(engine.folder)/shared"], seconds: 20)
                    #expect(result.status == 0 || result.status == 1, "it hangs: \(result)")
                }
                try Self.expectUntouched(engine)
            }
        }
    }
}
