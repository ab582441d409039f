import Glibc
import LinuxSystem
import OCIRuntime
import OCISpec
import Synchronization
import Testing

@testable import Nestbox

@Suite struct LogReaderTests {
    let folder: TemporaryFolder
    var path: String { folder.path + "/log.json" }

    init() throws { folder = try TemporaryFolder() }

    private func line(_ text: String, second: Int = 0, stream: String = "stdout") -> String {
        let time = "2026-01-01T00:00:\(second < 10 ? "0" : "")\(second).000000000Z"
        let escaped = text.hasSuffix("\n") ? text.dropLast() + "\\n" : text
        return "{\"log\":\"\(escaped)\",\"stream\":\"\(stream)\",\"time\":\"\(time)\"}\n"
    }

    private func read(_ options: LogOptions = LogOptions()) throws -> [String] {
        let reader = try LogReader(path: path, options: options, supervisor: nil)
        var result: [String] = []
        while let entry = try reader.next() { result.append(entry.text) }
        return result
    }

    @Test func readsAllInOrder() throws {
        _ = try folder.write("log.json", line("one\n") + line("two\n", stream: "stderr") + line("three"))
        #expect(try read() == ["one\n", "two\n", "three"])
        let reader = try LogReader(path: path, options: LogOptions(), supervisor: nil)
        #expect(try reader.next()?.stream == .output)
        #expect(try reader.next()?.stream == .error)
    }

    @Test func aMissingLogIsEmpty() throws {
        #expect(try read() == [])
        #expect(try read(LogOptions(tail: 5)) == [])
    }

    @Test(arguments: [0, 1, 2, 5, 999, 1000, 1001, 5000]) func tailCountsFromTheEnd(count: Int) throws {
        // Long enough for several blocks of 64 KiB.
        let texts = (0..<1000).map { "\($0) " + String(repeating: "x", count: $0 % 500) + "\n" }
        _ = try folder.write("log.json", texts.map { line($0) }.joined())
        #expect(try read(LogOptions(tail: count)) == Array(texts.suffix(count)))
    }

    @Test func tailReachesIntoRotatedFiles() throws {
        _ = try folder.write("log.json.2", line("1\n") + line("2\n"))
        _ = try folder.write("log.json.1", line("3\n") + line("4\n"))
        _ = try folder.write("log.json", line("5\n"))
        #expect(try read() == ["1\n", "2\n", "3\n", "4\n", "5\n"])
        #expect(try read(LogOptions(tail: 1)) == ["5\n"])
        #expect(try read(LogOptions(tail: 2)) == ["4\n", "5\n"])
        #expect(try read(LogOptions(tail: 4)) == ["2\n", "3\n", "4\n", "5\n"])
        #expect(try read(LogOptions(tail: 9)) == ["1\n", "2\n", "3\n", "4\n", "5\n"])
    }

    @Test func longLinesAndBrokenOnes() throws {
        let long = String(repeating: "y", count: 1 << 20) + "\n"
        _ = try folder.write(
            "log.json", line("a\n") + "{\"log\": broken\n" + line(long) + "\n" + line("b\n") + "{\"log\":\"cut sho")
        #expect(try read() == ["a\n", long, "b\n"])
        #expect(try read(LogOptions(tail: 1)) == ["b\n"])
    }

    @Test func aLineBeyondTheLimitIsPassedOver() throws {
        _ = try folder.write(
            "log.json", line("a\n") + String(repeating: "z", count: LogFile.lineLimit + 10) + "\n" + line("b\n"))
        #expect(try read() == ["a\n", "b\n"])
    }

    @Test func sinceAndUntil() throws {
        _ = try folder.write("log.json", (0..<10).map { line("\($0)\n", second: $0) }.joined())
        let since = try Timestamp("2026-01-01T00:00:03Z")
        let until = try Timestamp("2026-01-01T00:00:05Z")
        #expect(try read(LogOptions(since: since)) == (3..<10).map { "\($0)\n" })
        #expect(try read(LogOptions(until: until)) == (0..<6).map { "\($0)\n" })
        #expect(try read(LogOptions(since: since, until: until)) == ["3\n", "4\n", "5\n"])
    }

    /// A process of our own stands in for the supervisor that writes the log.
    @Test func followsThroughRotationUntilTheWriterEnds() throws {
        var pid = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
        defer { for argument in arguments { free(argument) } }
        #expect(posix_spawnp(&pid, "sleep", nil, nil, &arguments, environ) == 0)
        let writer = try #require(ProcessIdentity(pid: pid))
        _ = try folder.write("log.json", line("1\n"))
        let reader = try LogReader(path: path, options: LogOptions(follow: true), supervisor: writer.open())
        #expect(try reader.next()?.text == "1\n")
        let (child, path, folder) = (pid, path, folder)
        let (second, third) = (line("2\n"), line("3\n"))
        let texts = Mutex<[String]>([])
        concurrently(2) { index in
            if index == 0 {
                let file = open(path, O_WRONLY | O_APPEND)
                let half = second.utf8.count / 2
                _ = write(file, second, half)
                second.withCString { _ = write(file, $0 + half, second.utf8.count - half) }
                close(file)
                rename(path, path + ".1")
                _ = try? folder.write("log.json", third)
                kill(child, SIGKILL)
            } else {
                while let entry = try? reader.next() { texts.withLock { $0.append(entry.text) } }
            }
        }
        waitpid(pid, nil, 0)
        #expect(texts.withLock { $0 } == ["2\n", "3\n"])
    }
}

/// One thread makes the reader, one other uses it, and the first waits for that one to end: never two at a time.
extension LogReader: @unchecked Sendable {}
