import Glibc
import Testing

extension IntegrationTests {
    /// `attach`: coming back to a container that runs.
    @Suite struct Attaching {
        @Test func severalTerminalsShareAContainer() throws {
            try TestEngine.withBusybox { engine in
                let script = "while read line; do echo got $line; done; exit 7"
                let started = try engine("run", "-dit", "--name", "box", "busybox", "sh", "-c", script)
                try #require(started.status == 0, "\(started)")
                func attach(_ options: String...) throws -> TerminalSession {
                    try TerminalSession(engine.command(["attach"] + options + ["box"]), rows: 24, columns: 80)
                }
                let (first, second) = (try attach(), try attach("--detach-keys", "ctrl-a,d"))
                #expect(TestEngine.eventually { first.isRaw && second.isRaw })
                first.type("one\r")
                #expect(first.shows("got one\r\n") && second.shows("got one\r\n"), "\(second.text)")
                second.type("\u{1}d")
                #expect(second.finish() == 0)
                #expect(!second.isRaw)
                let watcher = try attach("--no-stdin")
                // It says nothing when it is there.
                let isShown = (0..<20).contains { _ in
                    first.type("two\r")
                    return watcher.shows("got two", seconds: 1)
                }
                #expect(isShown && first.shows("got two\r\n"), "\(watcher.text)")
                // The end of the input ends the container, and all who are there with its exit code.
                first.type("\u{4}")
                #expect(first.finish() == 7)
                #expect(watcher.finish() == 7)
                try engine.expectRefusal("attach", "box", status: 1, saying: ["not running"])
            }
        }

        @Test func streamsWithoutATerminalAreCarried() throws {
            try TestEngine.withBusybox { engine in
                let script = "trap 'echo hung up' HUP; read x; echo \"got $x\"; echo bad >&2; exit 4"
                try engine("run", "-di", "--name", "box", "busybox", "sh", "-c", script)
                // A client that dies, or does not read, is no matter to the container.
                let dead = try engine.start("attach", "box")
                usleep(300_000)
                dead.signal(SIGKILL)
                _ = dead.finish()
                let result = try Command.run(engine.command(["attach", "box"]), input: "word\n")
                #expect(result.status == 4 && result.output == "got word\n" && result.error == "bad\n", "\(result)")
                try engine.expectRefusal("attach", "none", status: 1, saying: ["no such container"])
            }
        }
    }
}
