import Glibc
import LinuxSystem
import OCISpec
import Testing

/// What fuzzers have found their way with, and what they have found: each input goes through its parser again.
@Suite struct CorpusTests {
    /// One file for each parser; a line of base64 for each input (corpus.py).
    private static let folder =
        String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex)) + "/Corpus"

    @Test(arguments: FuzzEntry.allCases) func parserKeepsItsPromises(entry: FuzzEntry) throws {
        let text = try #require(try StoredFile.readText("\(Self.folder)/\(entry.rawValue).txt"))
        let lines = text.split(separator: "\n")
        #expect(lines.count > 3)
        for (number, line) in lines.enumerated() {
            let input = try #require(Base64.decode(String(line)), "\(entry), line \(number + 1)")
            do {
                try entry.check(input)
            } catch {
                Issue.record("\(entry), line \(number + 1): \(error)")
            }
        }
    }
}
