import Glibc
import Testing

@testable import ImageStore

/// What the writer writes, as libarchive and GNU tar read it.
@Suite struct TarWriterTests {
    private func archive(_ entries: [(TarEntry, [UInt8])]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try withoutActuallyEscaping({ (run: UnsafeRawBufferPointer) in bytes.append(contentsOf: run) }) { write in
            var writer = TarWriter(write)
            for (entry, data) in entries {
                try writer.start(entry)
                try writer.writeData(data)
            }
            try writer.finish()
        }
        return bytes
    }

    @Test func whatFieldsCannotSayStandsInPaxHeaders() throws {
        let long = Array(String(repeating: "n", count: 180).utf8)
        var big = TarEntry(kind: .file, path: [0xfc, 0xff] + long, userID: 3_000_000, groupID: 5, time: -7, size: 3)
        big.attributes = [(Array("user.a".utf8), [0, 1, 10, 255])]
        let link = TarEntry(kind: .symbolicLink, path: Array("l".utf8), target: long)
        let bytes = try archive([(big, Array("abc".utf8)), (link, [])])
        #expect(bytes.count % 512 == 0)
        let reader = try ArchiveReader(MemorySource(bytes), format: .tar, name: "test", headerLimit: 1 << 20)
        let first = try #require(try reader.nextEntry())
        let path = try #require(first.path)
        #expect(UnsafeBufferPointer(start: path, count: strlen(path)).map(UInt8.init(bitPattern:)) == big.path)
        #expect(first.userID == 3_000_000 && first.groupID == 5 && first.size == 3)
        #expect(first.modificationTime.tv_sec == -7)
        var attributes: [String: [UInt8]] = [:]
        first.forEachExtendedAttribute { attributes[String(cString: $0)] = Array($1) }
        #expect(attributes == ["user.a": [0, 1, 10, 255]])
        let second = try #require(try reader.nextEntry())
        #expect(second.symbolicLinkTarget.map { String(cString: $0) } == String(decoding: long, as: UTF8.self))
        #expect(try reader.nextEntry() == nil)
    }

    @Test func holesStayHoles() throws {
        var entry = TarEntry(kind: .file, path: Array("folder/sparse".utf8), size: 1 << 50)
        entry.segments = [.init(offset: 1 << 40, count: 4), .init(offset: 1 << 50, count: 0)]
        let bytes = try archive([(entry, Array("data".utf8))])
        #expect(bytes.count < 8192)
        let reader = try ArchiveReader(MemorySource(bytes), format: .tar, name: "test", headerLimit: 1 << 20)
        let read = try #require(try reader.nextEntry())
        #expect(read.path.map { String(cString: $0) } == "folder/sparse")
        #expect(read.size == 1 << 50)
        let block = try #require(try reader.nextBlock())
        #expect(block.offset == 1 << 40 && Array(block.bytes) == Array("data".utf8))
    }

    @Test func dataThatDoesNotComeIsZeros() throws {
        let bytes = try archive([(TarEntry(kind: .file, path: [97], size: 600), Array("abc".utf8))])
        #expect(bytes.count == 512 + 1024 + 1024)
    }
}
