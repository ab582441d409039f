import Testing

extension IntegrationTests {
    /// `-t` and `-i` on a terminal.
    @Suite struct Terminals {
        private static func session(_ engine: TestEngine, _ arguments: [String]) throws -> TerminalSession {
            try TerminalSession(engine.command(arguments), rows: 31, columns: 97)
        }

        @Test func sizeKeysSignalsAndDetachingWorkAsOnARealTerminal() throws {
            try TestEngine.withBusybox { engine in
                let script = """
                    trap 'echo interrupted' INT; trap 'echo now $(stty size)' WINCH; echo $(tty) $(stty size)
                    read line; echo "got $line"; while :; do sleep 0.05; done
                    """
                let session = try Self.session(
                    engine, ["run", "-it", "--name", "screen", "busybox", "sh", "-c", script])
                #expect(session.shows("/dev/pts/0 31 97\r\n"), "\(session.text)")
                #expect(session.isRaw)
                // The terminal inside echoes what is typed; the one outside does not.
                session.type("words\r")
                #expect(session.shows("words\r\n"), "\(session.text)")
                #expect(session.shows("got words\r\n"), "\(session.text)")
                session.resize(rows: 40, columns: 120)
                #expect(session.shows("now 40 120\r\n"), "\(session.text)")
                session.type("\u{3}")
                #expect(session.shows("interrupted\r\n"), "\(session.text)")
                session.type("\u{10}\u{11}")
                #expect(session.finish() == 0)
                #expect(!session.isRaw)
                try #expect(engine.inspect("screen", "{{.State.Running}} {{.Config.Tty}}") == "true true")

                let other = try Self.session(
                    engine, ["exec", "-it", "--detach-keys", "ctrl-a,d", "screen", "sh", "-c", "tty; stty size; cat"])
                #expect(other.shows("/dev/pts/1\r\n31 97\r\n"), "\(other.text)")
                other.type("\u{1}d")
                #expect(other.finish() == 0)
                let ending = try Self.session(engine, ["exec", "-it", "screen", "sh", "-c", "read x; exit 6"])
                ending.type("\r")
                #expect(ending.finish() == 6)
                #expect(!ending.isRaw)
            }
        }

        /// What loading the busybox image from a slow pipe shows on a terminal.
        private static func loading(environment: [String]) throws -> String {
            var text = ""
            try TestEngine.with(image: nil) { engine in
                let fixture = try TestEngine.fixture("busybox-docker.tar")
                // Bars appear for what takes longer than 50 ms: the archive comes in two parts.
                let script = "(head -c 900000 '\(fixture)'; sleep 1; tail -c +900001 '\(fixture)') | \"$@\""
                let session = try TerminalSession(
                    ["sh", "-c", script, "sh"] + engine.command(["load"]), rows: 24, columns: 90,
                    environment: environment)
                #expect(session.finish() == 0, "\(session.text)")
                text = session.text
            }
            return text
        }

        @Test func loadingDrawsBarsOnATerminalWithColourUnlessNO_COLORIsSet() throws {
            let coloured = try Self.loading(environment: ["TERM=xterm"])
            #expect(coloured.contains(": unpacking [\u{1B}[32m"), "\(coloured)")
            #expect(coloured.contains("Loaded image: busybox:latest"), "\(coloured)")
            let plain = try Self.loading(environment: ["TERM=xterm", "NO_COLOR=1"])
            #expect(plain.contains(": unpacking ["), "\(plain)")
            #expect(!plain.contains("\u{1B}[32m"), "\(plain)")
            let dumb = try Self.loading(environment: ["TERM=dumb"])
            #expect(!dumb.contains("\u{1B}") && dumb.contains(": unpacked ("), "\(dumb)")
        }

        @Test func aTerminalMakesOneStreamOfBothAndNeedsATerminalToType() throws {
            try TestEngine.withBusybox { engine in
                let result = try engine(
                    "run", "-t", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; tty; exit 3")
                #expect(result.output == "out\r\nerr\r\n/dev/pts/0\r\n" && result.error.isEmpty, "\(result)")
                #expect(result.status == 3)
                let refused = try engine("run", "-it", "--rm", "busybox", "true")
                #expect(refused.status != 0 && refused.error.contains("terminal"), "\(refused)")
                // Without -t it is no terminal, and without -i nothing can be typed.
                let plain = try engine("run", "--rm", "busybox", "sh", "-c", "test -t 1 || echo none; cat", input: "x")
                #expect(plain.output == "none\n", "\(plain)")
            }
        }
    }
}
