import Glibc
import Testing

extension IntegrationTests {
    /// `kill -9` after single system calls, counted and not timed: a part of what `make kill-walk` walks as a whole.
    @Suite(.enabled(if: getenv("NESTBOX_KILL_WALK") != nil, "needs make's NESTBOX_KILL_WALK")) struct KillWalk {
        @Test func nothingIsLostLeakedOrDoubled() throws {
            let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
            let words = [
                "/\(tests)/KillWalk/walk.py", "--tool", String(cString: getenv("NESTBOX_KILL_WALK")),
                "--bin", String(cString: getenv("NESTBOX_BIN")), "--fixtures",
                String(cString: getenv("NESTBOX_FIXTURES")), "--stride", "40", "--seconds", "40",
            ]
            let result = try Command.run(["python3"] + words, seconds: 300)
            #expect(result.status == 0, "\(result.output)\n\(result.error)")
        }
    }
}
