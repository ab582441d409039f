import LinuxSystem
import Testing

@testable import ImageStore

/// gzip streams, whole and damaged, against gzip(1).
@Suite struct GzipTests {
    /// Bytes in runs of odd lengths.
    private final class Runs: ByteSource {
        private let bytes: UnsafeMutableRawBufferPointer
        private var position = 0
        private var length: Int

        init(_ bytes: [UInt8], length: Int) {
            self.bytes = .allocate(byteCount: bytes.count, alignment: 1)
            self.bytes.copyBytes(from: bytes)
            self.length = length
        }

        deinit { bytes.deallocate() }

        func next() throws -> UnsafeRawBufferPointer? {
            guard position < bytes.count else { return nil }
            let run = bytes[position..<min(position + length, bytes.count)]
            position += run.count
            length = length % 70_000 * 3 + 1
            return UnsafeRawBufferPointer(rebasing: run)
        }
    }

    private func inflate(_ stream: [UInt8], runs: Int = 100_000) throws -> [UInt8] {
        let source = GzipSource(Runs(stream, length: runs), name: "stream")
        var result: [UInt8] = []
        while let run = try source.next() { result += run }
        return result
    }

    /// What gzip(1) makes of something that can be compressed in parts, and is of the length.
    private func pair(_ length: Int, level: Int) throws -> (plain: [UInt8], stream: [UInt8]) {
        let fixture = try ImageFixture()
        var state: UInt64 = UInt64(length) | 1
        let plain = (0..<length).map { index -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1
            return index / 5000 % 3 == 0 ? UInt8(truncatingIfNeeded: state >> 56) : UInt8(state >> 60)
        }
        try fixture.folder.write("plain", plain)
        let path = fixture.folder("plain")
        try #require(run("sh", "-c", "gzip -n -\(level) < \(path) > \(path).gz") == 0)
        return (plain, try #require(try StoredFile.read("\(path).gz")))
    }

    @Test(arguments: [0, 1, 32_767, 32_768, 65_536, 262_143, 262_144, 262_145, 600_000], [1, 9])
    func whatGzipMakesIsInflated(length: Int, level: Int) throws {
        let (plain, stream) = try pair(length, level: level)
        for runs in [1, 7, 300_000] { try #expect(inflate(stream, runs: runs) == plain, "runs of \(runs)") }
    }

    @Test func membersFollowEachOther() throws {
        let (first, second) = (try pair(300_000, level: 6), try pair(10, level: 9))
        for runs in [1, 13, 1_000_000] {
            try #expect(
                inflate(first.stream + second.stream + first.stream, runs: runs)
                    == first.plain + second.plain + first.plain)
            // Padding, as of tapes, is none.
            try #expect(inflate(second.stream + [UInt8](repeating: 0, count: 512), runs: runs) == second.plain)
        }
    }

    @Test func whatIsCutIsRefused() throws {
        let (_, stream) = try pair(70_000, level: 6)
        let end = stream.count - 20
        for count in Array(2..<40) + stride(from: 40, to: end, by: 997) + (end..<stream.count) {
            #expect(throws: ImageStoreError.self, "\(count)") { try inflate(Array(stream.prefix(count)), runs: 113) }
        }
    }

    /// By the structure of the stream, or by its checksum at the latest.
    @Test func whatIsChangedIsRefused() throws {
        let (plain, stream) = try pair(20_000, level: 6)
        // The header's time, flags of the compressor and system mean nothing.
        for index in Array(2..<4) + Array(10..<stream.count) where index % 31 < 3 || index > stream.count - 9 {
            for bit in 0..<8 {
                var changed = stream
                changed[index] ^= 1 << bit
                let result = try? inflate(changed, runs: 4096)
                #expect(result == nil || result == plain, "bit \(bit) of byte \(index)")
            }
        }
    }
}
