import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Log bombs: a blocked reader never blocks.
    @Suite struct RunningReaders {
        /// Attaches to a container's supervisor as a client that wants the output and never reads it.
        private func blockedReader(of container: String, in engine: TestEngine) throws -> FileDescriptor {
            let id = try engine.inspect(container, "{{.Id}}")
            // The path is longer than a socket's address may be.
            let folder = try FileDescriptor.open("\(engine.runRoot)/containers/\(id)", O_RDONLY | O_DIRECTORY)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let path = Array("/proc/self/fd/\(folder.rawValue)/attach.sock".utf8)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
            let socket = FileDescriptor(
                owning: socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
            let number = socket.rawValue
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(result == 0)
            try #require(send(number, [UInt8(ascii: "H"), 1], 2, 0) == 2)
            return socket
        }

        /// 4 MiB, more than the socket and the supervisor's patience hold.
        private static let flood =
            "yes $(head -c 2047 /dev/zero | tr '\\0' x) | head -n 2048; echo done; sleep 1000"

        @Test func aReaderThatDoesNotReadHoldsNobodyUp() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-di", "--name", "loud", "busybox", "sh", "-c", "sleep 1; \(Self.flood)")
                let reader = try blockedReader(of: "loud", in: engine)
                let isDone = try TestEngine.eventually { try engine("logs", "--tail", "1", "loud").line == "done" }
                #expect(isDone)
                try #expect(engine("stop", "-t", "0", "loud").status == 0)
                _ = consume reader
            }
        }

        @Test func floodsOfClientsAndGarbageOnTheSocketDisturbNobody() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "loud", "busybox", "sh", "-c", "sleep 2; echo done; sleep 1000")
                var readers: [Int32] = []
                defer { for reader in readers { close(reader) } }
                for round in 0..<40 {
                    let reader = try blockedReader(of: "loud", in: engine)
                    let garbage = (0..<(round * 40)).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ round) }
                    _ = send(reader.rawValue, garbage, garbage.count, Int32(MSG_NOSIGNAL))
                    readers.append(dup(reader.rawValue))
                }
                let isDone = try TestEngine.eventually { try engine("logs", "loud").line == "done" }
                #expect(isDone)
            }
        }

        /// A foreground client is the far end of the container's pipe: the container waits for it, but ending the container
        /// does not.
        @Test(arguments: [["stop", "-t", "1"], ["kill"], ["rm", "-f"]])
        func aStoppedForegroundClientDoesNotKeepItsContainer(_ command: [String]) throws {
            try TestEngine.withBusybox { engine in
                let client = try engine.start(
                    "run", "--name", "loud", "busybox", "sh", "-c", "yes $(head -c 999 /dev/zero | tr '\\0' y)")
                client.read { $0.contains("y") }
                client.signal(SIGSTOP)
                usleep(300_000)
                let ended = try engine.run(command + ["loud"], seconds: 9)
                #expect(ended.status == 0, "\(ended)")
                if command[0] != "rm" {
                    try #expect(engine.inspect("loud", "{{.State.Status}} {{.State.ExitCode}}") == "exited 137")
                    try #expect(engine("rm", "loud").status == 0)
                }
                client.signal(SIGCONT)
                // All that was written arrives, and then the end.
                let result = client.finish()
                #expect(result.status == 137)
                #expect(result.output.allSatisfy { $0 == "y" || $0 == "\n" } && result.output.count > 1000)
            }
        }

        @Test func aBackgroundProcessThatWritesOnDoesNotKeepExecOpen() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "quiet", "busybox", "sleep", "1000")
                let result = try engine("exec", "quiet", "sh", "-c", "yes & echo started; exit 5", seconds: 20)
                #expect(result.status == 5)
                #expect(result.output.contains("started\n"))
            }
        }
    }
}
