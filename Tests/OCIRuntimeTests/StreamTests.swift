import Glibc
import LinuxSystem
import OCISpec
import Testing

@testable import OCIRuntime

@Suite struct StreamTests {
    @Test(arguments: [
        StreamPacket.hello(wantsOutput: true, sendsInput: false), .input([1, 2, 0, 255]), .input([]), .inputEnd,
        .windowSize(rows: 24, columns: 300), .output(Array(repeating: 7, count: 32768)), .errorOutput([0]),
        .exited(code: -5, oomKilled: true), .exited(code: 255, oomKilled: false), .failed("why — because"),
    ])
    func packetsSurviveTheirJourney(_ packet: StreamPacket) {
        #expect(packet.bytes.withUnsafeBytes { StreamPacket($0) } == packet)
    }

    @Test(
        arguments: [[], [0], [UInt8(ascii: "W"), 1], [UInt8(ascii: "X"), 1, 2], [UInt8(ascii: "H")], [200, 1, 2]]
            as [[UInt8]])
    func whatIsNoPacketIsNone(_ bytes: [UInt8]) {
        #expect(bytes.withUnsafeBytes { StreamPacket($0) } == nil)
    }

    @Test func socketsAreReachedAlsoByPathsTooLongForAnAddress() throws {
        try withTemporaryFolder { folder in
            let long = "\(folder)/\(String(repeating: "long", count: 40))"
            mkdir(long, 0o700)
            for path in ["\(folder)/attach.sock", "\(long)/attach.sock"] {
                let listener = try StreamSocket.listen(at: path)
                let client = try StreamSocket.connect(to: path)
                #expect(listener.rawValue >= 0 && client.rawValue >= 0 && access(path, F_OK) == 0)
            }
        }
    }

    @Test func packetsGoThroughASocketOneByOne() throws {
        let pair = try DescriptorPair.packetSockets()
        try StreamSocket.send(.output([1, 2, 3]), to: pair.first)
        try StreamSocket.send(.exited(code: 3, oomKilled: false), to: pair.first)
        #expect(try StreamSocket.receive(from: pair.second) == .output([1, 2, 3]))
        #expect(try StreamSocket.receive(from: pair.second) == .exited(code: 3, oomKilled: false))
    }

    // MARK: - The log

    private struct Entry: Equatable {
        var text: String
        var stream: String
    }

    /// Writes pieces to a log in a temporary folder and reads its entries back.
    private func entries(_ pieces: [(String, JSONFileLog.Stream)], finish: Bool = true) throws -> [Entry] {
        return try withTemporaryFolder { folder in
            let log = try JSONFileLog(path: "\(folder)/log")
            for (piece, stream) in pieces {
                Array(piece.utf8).withUnsafeBytes { log.append($0, to: stream) }
            }
            if finish { log.finish() }
            let text = String(decoding: try FileDescriptor.open("\(folder)/log").readAll(), as: UTF8.self)
            return try text.split(separator: "\n").map { line in
                let object = try JSONValue(parsing: String(line)).object()
                #expect(try Timestamp(object.required("time", as: String.self)).seconds > 0)
                return Entry(text: try #require(object["log"]?.stringValue), stream: try object.required("stream"))
            }
        }
    }

    @Test func aLineIsAnEntryHoweverItArrives() throws {
        let result = try entries([("one\ntw", .stdout), ("err\n", .stderr), ("o\n\n", .stdout)])
        #expect(
            result == [
                Entry(text: "one\n", stream: "stdout"), Entry(text: "err\n", stream: "stderr"),
                Entry(text: "two\n", stream: "stdout"), Entry(text: "\n", stream: "stdout"),
            ])
    }

    @Test func aLineThatNeverEndsIsWrittenAtTheEnd() throws {
        #expect(try entries([("half", .stdout)], finish: false).isEmpty)
        #expect(try entries([("half", .stdout)]) == [Entry(text: "half", stream: "stdout")])
    }

    @Test func aLongLineIsSplitAt16KiB() throws {
        let line = String(repeating: "x", count: JSONFileLog.entryLimit + 100) + "\n"
        let result = try entries([(line, .stdout), ("next\n", .stdout)])
        #expect(result.map(\.text.utf8.count) == [JSONFileLog.entryLimit, 101, 5])
        #expect(result.map(\.text).joined() == line + "next\n")
    }

    @Test func bytesThatAreNoTextStayOneEntry() throws {
        let result = try entries([("a\u{0}\u{1b}[31m\"\\\n", .stdout)])
        #expect(result == [Entry(text: "a\u{0}\u{1b}[31m\"\\\n", stream: "stdout")])
    }
}
