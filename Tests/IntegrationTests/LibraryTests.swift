import Glibc
import LinuxSystem
import Nestbox
import Testing

extension IntegrationTests {
    /// The engine in a program of somebody's own.
    @Suite struct Library {
        @Test func aCommandsOutputAndStatusComeBack() async throws {
            try await TestEngine.withBusybox { test in
                let engine = try test.library()
                let result = try await engine.run(TestEngine.quiet("echo out; echo err >&2; exit 3"))
                #expect(result.output == "out\n" && result.errorOutput == "err\n")
                #expect(result.status.code == 3 && !result.status.isSuccess && !result.status.isOutOfMemory)
                let copy = Array("line\n".utf8) + [UInt8](repeating: 0x61, count: 1 << 20)
                let cat = ContainerConfiguration(image: "busybox", command: ["cat"])
                var quiet = cat
                quiet.network = .none
                #expect(try await engine.run(quiet, input: copy).standardOutput == copy)
                #expect(try engine.list(all: true).isEmpty)
            }
        }

        @Test func aCommandThatIsNotThereIsAnErrorWithItsCode() async throws {
            try await TestEngine.withBusybox { test in
                let engine = try test.library()
                var configuration = ContainerConfiguration(image: "busybox", command: ["/no/such"])
                configuration.network = .none
                let error = await #expect(throws: EngineError.self) { try await engine.run(configuration) }
                #expect(error?.exitCode == 127, "\(String(describing: error))")
                let other = await #expect(throws: EngineError.self) {
                    try await engine.run(ContainerConfiguration(image: "no-such-image"))
                }
                #expect("\(String(describing: other))".contains("no-such-image"))
                #expect(try engine.list(all: true).isEmpty)
            }
        }

        @Test func moreThanTheLimitOfOutputEndsTheContainer() async throws {
            try await TestEngine.withBusybox { test in
                let engine = try test.library()
                await #expect(throws: EngineError.self) {
                    try await engine.run(TestEngine.quiet("while :; do echo much; done"), outputLimit: 4096)
                }
                #expect(try engine.list(all: true).isEmpty)
            }
        }

        @Test func linesComeAsTheyAreWrittenAndInputIsRead() async throws {
            try await TestEngine.withBusybox { test in
                let engine = try test.library()
                var configuration = TestEngine.quiet(
                    "while read word; do echo \"got $word\"; done; echo end >&2; printf x")
                configuration.interactive = true
                var seen: [String] = []
                let status = try await engine.withContainer(configuration) { container in
                    try await container.process.write(Array("1\n".utf8))
                    for try await line in container.lines {
                        seen.append("\(line.stream.rawValue) \(line.text)")
                        // Each word is sent after the answer to the one before.
                        switch line.text {
                        case "got 1": try await container.process.write(Array("2\n".utf8))
                        case "got 2": try await container.process.endInput()
                        default: break
                        }
                    }
                    return try await container.wait()
                }
                #expect(seen.prefix(2) == ["stdout got 1", "stdout got 2"] && status.isSuccess, "\(seen)")
                #expect(seen.dropFirst(2).sorted() == ["stderr end", "stdout x"], "\(seen)")
            }
        }

        @Test func waitingDropsOutputThatNobodyReads() async throws {
            try await TestEngine.withBusybox { test in
                let engine = try test.library()
                let script =
                    "i=0; while [ $i -lt 40000 ]; do echo 0123456789012345678901234567890; i=$((i+1)); done; exit 4"
                let status = try await engine.withContainer(TestEngine.quiet(script)) { try await $0.wait() }
                #expect(status.code == 4)
                // One who has read enough leaves the rest to those who wait.
                let second = try await engine.withContainer(TestEngine.quiet(script)) { container in
                    for try await _ in container.lines { break }
                    return try await container.wait()
                }
                #expect(second.code == 4)
            }
        }

        @Test func aBodyThatFailsLeavesNothing() async throws {
            struct Failure: Error {}
            try await TestEngine.withBusybox { test in
                let engine = try test.library()
                await #expect(throws: Failure.self) {
                    try await engine.withContainer(TestEngine.quiet("sleep 1000")) { _ in throw Failure() }
                }
                #expect(try engine.list(all: true).isEmpty)
            }
        }

        @Test func cancellingEndsAndRemovesWhatRuns() async throws {
            try await TestEngine.withBusybox { test in
                let engine = try test.library()
                let (started, continuation) = AsyncStream<Void>.makeStream()
                let task = Task {
                    try await engine.withContainer(TestEngine.quiet("echo ready; sleep 1000")) { container in
                        for try await _ in container.lines { continuation.finish() }
                    }
                }
                for await _ in started {}
                #expect(try engine.list().count == 1)
                task.cancel()
                let result = await task.result
                #expect(throws: EngineError.cancelled) { try result.get() }
                #expect(try engine.list(all: true).isEmpty)
            }
        }

        /// The start is anywhere between its beginning and its end when it is cancelled.
        @Test(arguments: [0, 1, 3, 6, 10, 20, 40]) func cancellingWhileItStartsLeavesNothing(milliseconds: Int)
            async throws
        {
            try await TestEngine.withBusybox { test in
                let engine = try test.library()
                let task = Task { try await engine.run(TestEngine.quiet("sleep 1000")) }
                try await Task.sleep(for: .milliseconds(milliseconds))
                task.cancel()
                let result = await task.result
                #expect(throws: EngineError.cancelled) { _ = try result.get() }
                #expect(try engine.list(all: true).isEmpty)
                let other = Task { try await engine.launch(TestEngine.quiet("sleep 1000")) }
                other.cancel()
                if let handle = try? await other.value { try await handle.remove(force: true) }
                #expect(try engine.list(all: true).isEmpty)
            }
        }

        @Test func executedCommandsHaveOutputsOfTheirOwn() async throws {
            try await TestEngine.withBusybox { test in
                let engine = try test.library()
                try await engine.withContainer(TestEngine.quiet("sleep 1000")) { container in
                    let result = try await container.handle.run(
                        ExecConfiguration(command: ["sh", "-c", "cat; echo err >&2; exit 7"]), input: Array("in".utf8))
                    #expect(result.output == "in" && result.errorOutput == "err\n" && result.status.code == 7)
                    // Cancelled, its process is no more; the container is left alone.
                    let (started, continuation) = AsyncStream<Void>.makeStream()
                    let task = Task {
                        try await container.handle.withProcess(
                            ExecConfiguration(command: ["sh", "-c", "echo ready; exec sleep 777"])
                        ) { process in
                            for try await _ in process.lines { continuation.finish() }
                        }
                    }
                    for await _ in started {}
                    task.cancel()
                    _ = await task.result
                    let processes = try await container.handle.run(ExecConfiguration(command: ["ps"]))
                    #expect(!processes.output.contains("sleep 777") && processes.output.contains("sleep 1000"))
                }
            }
        }

        @Test func logsAreFollowedUntilTheEnd() async throws {
            try await TestEngine.withBusybox { test in
                let engine = try test.library()
                let handle = try await engine.launch(
                    TestEngine.quiet("echo one; while [ ! -e /go ]; do sleep 0.05; done; echo two >&2; exit 5"))
                var texts: [String] = []
                for try await entry in handle.logs(LogOptions(follow: true)) {
                    texts.append("\(entry.stream.rawValue) \(entry.text)")
                    if entry.text == "one\n" {
                        #expect(try await handle.run(ExecConfiguration(command: ["touch", "/go"])).status.isSuccess)
                    }
                }
                #expect(texts == ["stdout one\n", "stderr two\n"])
                #expect(try await handle.wait().code == 5)
                try await handle.remove()
                await #expect(throws: EngineError.self) { try await handle.wait() }
            }
        }

        @Test func followingEndsWithItsTask() async throws {
            try await TestEngine.withBusybox { test in
                let engine = try test.library()
                let handle = try await engine.launch(TestEngine.quiet("echo one; sleep 1000"))
                let (started, continuation) = AsyncStream<Void>.makeStream()
                let task = Task {
                    for try await _ in handle.logs(LogOptions(follow: true)) { continuation.finish() }
                }
                for await _ in started {}
                task.cancel()
                let result = await task.result
                #expect(throws: EngineError.cancelled) { try result.get() }
                #expect(try await handle.inspect().isRunning)
                #expect(try await handle.stop(timeout: .zero))
                #expect(try await handle.wait().code == 137)
                #expect(try await !handle.stop())
                try await handle.remove()
            }
        }

        @Test func aLimitOfMemoryIsToldOf() async throws {
            try await TestEngine.withBusybox { test in
                var configuration = ContainerConfiguration(
                    image: "busybox", command: ["dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"])
                configuration.network = .none
                configuration.resources.memory = 32 << 20
                configuration.resources.cpus = 0.5
                let result = try await test.library().run(configuration)
                #expect(result.status.isOutOfMemory && result.status.code == 137, "\(result)")
            }
        }

        /// The number of threads of this process.
        private static func threads() -> Int { TestEngine.names(in: "/proc/self/task").count }

        /// The runtimes that wait for a request: children of this process without a container.
        private func waitingRuntimes() throws -> [Int32] {
            try StoredFile.names(in: "/proc").compactMap { Int32($0) }.filter { pid in
                guard let arguments = try? StoredFile.readText("/proc/\(pid)/cmdline"),
                    let status = try? StoredFile.readText("/proc/\(pid)/status")
                else { return false }
                return status.contains("\nPPid:\t\(getpid())\n") && arguments.contains("supervise")
                    && !arguments.contains("--request-fd")
            }
        }

        @Test func theNextRuntimeIsReadyAndGoesWithTheEngine() async throws {
            try await TestEngine.withBusybox { test in
                let before = Set(try waitingRuntimes())
                func newRuntimes() throws -> [Int32] { try waitingRuntimes().filter { !before.contains($0) } }
                var engine: Engine? = try test.library()
                #expect(try await engine?.run(TestEngine.quiet("echo first")).output == "first\n")
                #expect(try TestEngine.eventually { try newRuntimes().count == 1 })
                let spare = try newRuntimes()
                // It becomes the supervisor of the next one.
                var handle = try await engine?.launch(TestEngine.quiet("sleep 100"))
                let process = try test.inspect(try #require(handle?.id), "{{.State.Pid}}")
                let status = try TestEngine.read("/proc/\(process)/status")
                #expect(status.contains("\nPPid:\t\(try #require(spare.first))\n"), "\(status)")
                try test("rm", "-f", try #require(handle?.id))
                #expect(try TestEngine.eventually { try newRuntimes().count == 1 })
                // Whatever of the engine's is still held holds it, too.
                (engine, handle) = (nil, nil)
                #expect(try TestEngine.eventually { try newRuntimes().isEmpty })
            }
        }

        @Test func aReplacedRuntimeStartsTheNextContainer() async throws {
            try await TestEngine.withBusybox { test in
                let copy = "\(test.root)/runtime"
                _ = try Command.run(["cp", TestEngine.runtimePath(), copy])
                let engine = try Engine(
                    configuration: EngineConfiguration(root: test.root, runRoot: test.runRoot, runtime: copy))
                #expect(try await engine.run(TestEngine.quiet("echo first")).output == "first\n")
                // As an update does it: the one that is kept ready is the old one's.
                _ = try Command.run(["cp", "/bin/false", "\(copy).new"])
                try #require(rename("\(copy).new", copy) == 0)
                await #expect(throws: EngineError.self) { try await engine.run(TestEngine.quiet("echo second")) }
                _ = try Command.run(["cp", TestEngine.runtimePath(), "\(copy).new"])
                try #require(rename("\(copy).new", copy) == 0)
                #expect(try await engine.run(TestEngine.quiet("echo third")).output == "third\n")
                #expect(try engine.list(all: true).isEmpty)
            }
        }

        @Test func waitingForAHundredContainersNeedsFewThreads() async throws {
            try await TestEngine.withBusybox { test in
                let engine = try test.library()
                let before = Self.threads()
                let handles = try await withThrowingTaskGroup { group in
                    for _ in 0..<100 {
                        group.addTask { try await engine.launch(TestEngine.quiet("exec sleep 1000")) }
                    }
                    return try await group.reduce(into: [ContainerHandle]()) { $0.append($1) }
                }
                let codes = try await withThrowingTaskGroup { group in
                    for handle in handles { group.addTask { try await handle.wait().code } }
                    // All wait: a handle more answers only when the queue before it was worked off.
                    for handle in handles { #expect(try await handle.inspect().isRunning) }
                    let added = Self.threads() - before
                    #expect(added <= 24, "\(added) threads more than before")
                    print("threads: \(before) before, \(added) more with 100 containers waited for")
                    await withTaskGroup { stopping in
                        for handle in handles { stopping.addTask { _ = try? await handle.kill() } }
                    }
                    return try await group.reduce(into: [Int32]()) { $0.append($1) }
                }
                #expect(codes == [Int32](repeating: 137, count: 100))
                for handle in handles { try await handle.remove() }
            }
        }
    }
}
