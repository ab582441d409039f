import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// Many clients that know nothing of each other and want the same names, images and volumes.
    @Suite struct ResilienceClient {
        private static let clients = TestEngine.patience == 1 ? 50 : 6
        /// How many commands each of them gives, one after the other.
        private static let commands = seconds != nil ? 60 : TestEngine.patience == 1 ? 12 : 4
        /// For how many seconds they begin again with the first of them, where somebody has time for that.
        private static let seconds = getenv("NESTBOX_CLIENT_SECONDS").flatMap { Int(String(cString: $0)) }

        /// What a command may say when another client was faster: nothing else is an answer.
        private static let expected = [
            "is in use", "no such container", "No such container", "is not running", "already running",
            "no such volume",
            "no such image", "cannot remove running container", "has that name already", "it was removed",
            "another command is working", "is paused", "being removed", "is the container frozen",
            "first process was killed before it could execute", "ended unexpectedly",
            // It was gone again when somebody asked which.
            "a container was made from it",
        ]

        /// xorshift: the same commands each time, and other ones than the next client's.
        private struct Numbers {
            var state: UInt64
            mutating func below(_ bound: Int) -> Int {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return Int(state % UInt64(bound))
            }
        }

        private func command(_ numbers: inout Numbers, _ archive: String) -> [String] {
            let (name, other) = ("box\(numbers.below(6))", "box\(numbers.below(6))")
            let volume = "data\(numbers.below(3))"
            let image = numbers.below(4) == 0 ? "example/app:1.0" : "busybox"
            let run = ["--name", name, "--pull", "never", "-v", "\(volume):/d", "--entrypoint", "sleep", image]
            switch numbers.below(14) {
            case 0, 1, 2: return ["run", "-d"] + run + ["1000"]
            case 3: return ["run", "--rm"] + run + ["0.1"]
            case 4: return ["stop", "-t", "0", name]
            case 5, 6: return ["rm", "-f", name]
            case 7: return ["ps", "-a"]
            case 8: return ["inspect", name]
            case 9: return ["exec", name, "true"]
            case 10: return ["rename", name, other]
            case 11: return ["load", "-q", "-i", archive]
            case 12: return ["rmi", "example/app:1.0"]
            default: return ["volume", "rm", volume]
            }
        }

        @Test func allFailuresAreThoseOfTheSlower() throws {
            try TestEngine.with { engine in
                let archive = try TestEngine.fixture("app-docker.tar")
                let clients = try (1...Self.clients).map { client in
                    var numbers = Numbers(state: UInt64(client) &* 0x9E37_79B9_7F4A_7C15)
                    let lines = (0..<Self.commands).map { _ -> String in
                        let words = command(&numbers, archive)
                        let line = engine.command(words).map { "'\($0)'" }.joined(separator: " ")
                        return "\(line) >/dev/null 2>err; echo \"$?|\(words.joined(separator: " "))|$(cat err)\""
                    }
                    let folder = "\(engine.folder)/client\(client)"
                    try #require(mkdir(folder, 0o700) == 0)
                    var script = lines.joined(separator: "\n")
                    if let seconds = Self.seconds {
                        script =
                            "end=$(($(date +%s) + \(seconds)))\nwhile [ $(date +%s) -lt $end ]; do\n\(script)\ndone"
                    }
                    // Into a file: nobody reads before all have ended.
                    return try Command(["sh", "-c", "cd \(folder) && exec >out\n\(script)"])
                }
                var successes = 0
                for (number, client) in clients.enumerated() {
                    let result = client.finish(seconds: 300 * TestEngine.patience + (Self.seconds ?? 0) * 2)
                    #expect(result.status == 0 && result.error.isEmpty, "\(result)")
                    let lines = try TestEngine.read("\(engine.folder)/client\(number + 1)/out").split(separator: "\n")
                    // One line each, as each error is one line.
                    #expect(lines.count >= Self.commands && lines.count % Self.commands == 0, "\(lines)")
                    for line in lines {
                        let parts = line.split(separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
                        if parts.first == "0" {
                            successes += 1
                        } else {
                            let isKilled = parts.first == "137" && parts.last == ""
                            #expect(isKilled || Self.expected.contains { line.contains($0) }, "\(line)")
                        }
                    }
                }
                #expect(successes > 0)
                // Nobody holds anything any more, and every name and image can be had.
                for id in try engine("ps", "-aq").lines { try #expect(engine("rm", "-f", String(id)).status == 0) }
                for number in 0..<6 {
                    let again = try engine("run", "--rm", "--name", "box\(number)", "busybox", "echo", "again")
                    #expect(again.line == "again", "\(again)")
                }
                try #expect(engine("volume", "prune", "-a", "-f").status == 0)
                #expect(TestEngine.names(in: "\(engine.root)/volumes").isEmpty)
                try #expect(engine("load", "-q", "-i", archive).status == 0)
                try #expect(engine("rmi", "example/app:1.0").status == 0)
                try #expect(engine("images", "-q").lines.count == 1)
                #expect(TestEngine.names(in: "\(engine.root)/tmp").isEmpty)
            }
        }
    }
}
