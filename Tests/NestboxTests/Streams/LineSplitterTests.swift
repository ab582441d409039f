import Testing

@testable import Nestbox

@Suite struct LineSplitterTests {
    private func chunk(_ text: String, _ stream: LogEntry.Stream = .output) -> OutputChunk {
        OutputChunk(stream: stream, bytes: Array(text.utf8))
    }

    @Test func linesOfTwoStreamsAreKeptApart() {
        var splitter = LineSplitter()
        #expect(splitter.split(chunk("on")).isEmpty)
        #expect(splitter.split(chunk("warn", .error)).isEmpty)
        let lines = splitter.split(chunk("e\n\ntwo\nthr"))
        #expect(lines == ["one", "", "two"].map { OutputLine(stream: .output, text: $0) })
        #expect(splitter.split(chunk("ing\n", .error)) == [OutputLine(stream: .error, text: "warning")])
        #expect(splitter.finish() == [OutputLine(stream: .output, text: "thr")])
        #expect(splitter.finish().isEmpty)
    }

    @Test func aCharacterMayComeInTwoChunks() {
        var splitter = LineSplitter()
        let bytes = Array("ü\n".utf8)
        #expect(splitter.split(OutputChunk(stream: .output, bytes: [bytes[0]])).isEmpty)
        #expect(splitter.split(OutputChunk(stream: .output, bytes: Array(bytes[1...]))).map(\.text) == ["ü"])
    }

    @Test func aLineWithoutEndComesInPieces() {
        var splitter = LineSplitter()
        let piece = OutputChunk(stream: .output, bytes: [UInt8](repeating: 0x61, count: OutputLines.limit))
        #expect(splitter.split(piece).map(\.text.utf8.count) == [OutputLines.limit])
        #expect(splitter.finish().isEmpty)
    }
}
