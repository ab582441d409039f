import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// What is left as it was when somebody sets the time of day: in the VM, whose clock is the tests' own.
    @Suite(.enabled(if: getenv("NESTBOX_OWN_CLOCK") != nil, "sets the machine's clock: in the VM only"))
    struct ClockJumps {
        private static let day = 86_400

        /// The clock is wrong by so many seconds for as long as `body` takes.
        private func withClock(wrongBy seconds: Int, _ body: () throws -> Void) throws {
            try set(by: seconds)
            defer { #expect(throws: Never.self) { try set(by: -seconds) } }
            try body()
        }

        private func set(by seconds: Int) throws {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            now.tv_sec += seconds
            try retrying("set", "the clock") { clock_settime(CLOCK_REALTIME, &now) }
        }

        @Test(arguments: [-day, day]) func whatIsTimedGoesOn(_ jump: Int) throws {
            try TestEngine.withBusybox { engine in
                try engine(
                    "run", "-d", "--name", "checked", "--health-cmd", "echo check >>/checks", "--health-interval",
                    "100ms",
                    "busybox", "sleep", "100000")
                try engine("run", "-d", "--name", "restless", "--restart", "always", "busybox", "sleep", "0.1")
                let deaf = "trap '' TERM; echo ready; while :; do sleep 1; done"
                try engine("run", "-d", "--name", "deaf", "busybox", "sh", "-c", deaf)
                let slow = "trap 'sleep 1; exit 7' TERM; echo ready; while :; do sleep 0.1; done"
                try engine("run", "-d", "--name", "slow", "busybox", "sh", "-c", slow)
                for name in ["deaf", "slow"] {
                    #expect(try TestEngine.eventually { try engine("logs", name).output == "ready\n" })
                }
                func checks() throws -> Int { try engine("exec", "checked", "cat", "/checks").lines.count }
                func restarts() throws -> Int { Int(try engine.inspect("restless", "{{.RestartCount}}")) ?? 0 }
                try withClock(wrongBy: jump) {
                    let (checked, restarted) = (try checks(), try restarts())
                    #expect(try TestEngine.eventually { try checks() > checked + 2 })
                    #expect(try TestEngine.eventually { try restarts() > restarted })
                    // Neither killed before its time nor waited for until the clock comes to it.
                    try #expect(engine("stop", "-t", "2", "deaf").status == 0)
                    try #expect(engine.inspect("deaf", "{{.State.ExitCode}}") == "137")
                    try #expect(engine("stop", "-t", "\(30 * TestEngine.patience)", "slow").status == 0)
                    try #expect(engine.inspect("slow", "{{.State.ExitCode}}") == "7")
                    let status = try engine("ps", "--filter", "name=checked", "--format", "{{.Status}}").line
                    #expect(status.hasPrefix("Up ") && !status.contains("-"), "\(status)")
                    try #expect(engine("run", "--rm", "busybox", "echo", "here").line == "here")
                }
            }
        }

        @Test func whatWasWrittenUnderAWrongClockHidesNothing() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "writer", "busybox", "sleep", "100000")
                func write(_ word: String) throws {
                    try engine("exec", "writer", "sh", "-c", "echo \(word) >/proc/1/fd/1")
                    #expect(try TestEngine.eventually { try engine("logs", "writer").output.hasSuffix("\(word)\n") })
                }
                try write("first")
                try withClock(wrongBy: 365 * Self.day) {
                    try write("future")
                    try engine("volume", "create", "future")
                }
                try write("last")
                try engine("volume", "create", "last")
                try #expect(engine("logs", "writer").output == "first\nfuture\nlast\n")
                try #expect(engine("logs", "--since", "1h", "--until", "0s", "writer").output == "first\nlast\n")
                let told = try engine(
                    "events", "--since", "1h", "--until", "0s", "--filter", "type=volume", "--format", "{{.Actor.ID}}")
                #expect(told.status == 0 && told.output == "last\n", "\(told)")
                try engine("volume", "rm", "future", "last")
            }
        }
    }
}
