import Glibc
import Testing

@testable import OCIRuntime

/// The files that a container's output ends up in.
@Suite struct JSONFileLogTests {
    private func size(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    private func append(_ text: String, to log: JSONFileLog) {
        Array(text.utf8).withUnsafeBytes { log.append($0, to: .stdout) }
    }

    @Test func aLogBombFillsThreeFilesAndNoMore() throws {
        try withTemporaryFolder { folder in
            let log = try JSONFileLog(path: "\(folder)/log", limit: 4096)
            for number in 0..<2000 { append("line \(number)\n", to: log) }
            for name in ["log", "log.1", "log.2"] {
                let bytes = try #require(size("\(folder)/\(name)"))
                #expect(bytes < 4096 + 200)
            }
            #expect(size("\(folder)/log.3") == nil)
        }
    }

    @Test func aLogThatIsTakenUpAgainCountsWhatItHolds() throws {
        try withTemporaryFolder { folder in
            for _ in 0..<3 {
                let log = try JSONFileLog(path: "\(folder)/log", limit: 1000)
                append(String(repeating: "x", count: 400) + "\n", to: log)
            }
            #expect(size("\(folder)/log.1") != nil)
        }
    }
}
