import LinuxSystem
import Testing

@testable import ImageStore

/// threats.md, layer archives, row 6: bombs.
///
/// Each is stopped while it streams, and the error names the limit.
@Suite struct LimitTests {
    let fixture: ImageFixture

    init() throws { fixture = try ImageFixture() }

    /// The head of an archive whose only file claims to be of that size.
    private func head(size: Int) -> [UInt8] {
        var tar = TarBuilder()
        tar.header(.file, Array("zeros".utf8), size: size, TarBuilder.Attributes())
        return tar.bytes
    }

    @Test func tenGigabytesFromLessThanOneMegabyte() throws {
        let size = 10 << 30
        let bomb = Compression.zstdBomb(head: head(size: size), zeros: size)
        #expect(bomb.count < 1 << 20)
        #expect(try fixture.fault(bomb).contains("limit of 200 for the compression ratio"))
    }

    @Test func totalSize() throws {
        let limits = UnpackLimits(unpackedSize: 1 << 20)
        let bomb = Compression.zstdBomb(head: head(size: 64 << 20), zeros: 64 << 20)
        #expect(try fixture.fault(bomb, limits: limits).contains("limit of 1048576 for the unpacked size"))
        #expect(
            try fixture.fault(limits: limits) { $0.file("big", String(repeating: "x", count: 2 << 20)) }
                .contains("for the unpacked size"))
    }

    @Test func zerosAfterTheArchiveCountAsWell() throws {
        var tar = TarBuilder()
        tar.file("file")
        let bomb = Compression.zstdBomb(head: tar.finished(), zeros: 64 << 20)
        #expect(
            try fixture.fault(bomb, limits: UnpackLimits(unpackedSize: 1 << 20)).contains("for the unpacked size"))
    }

    @Test func manyEntries() throws {
        let message = try fixture.fault(limits: UnpackLimits(entries: 50)) { tar in
            for index in 0...50 { tar.file("file\(index)") }
        }
        #expect(message.contains("\"file50\" exceeds the limit of 50 for the number of entries"))
    }

    @Test func longPath() throws {
        let path = String(repeating: "aaaa/", count: 20_000)
        #expect(try fixture.fault { $0.file(path) }.contains("limit of 4095 for the length of a path"))
        let fitting = String(repeating: "aaaa/", count: 818) + "aaaaa"
        #expect(fitting.utf8.count == 4095)
        let layer = try fixture.unpack { $0.file(fitting, "x") }
        let file = try RootDirectory(path: layer).open(RootedPath(fitting))
        #expect(try file.readAll() == Array("x".utf8))
    }

    @Test func longComponent() throws {
        #expect(
            try fixture.fault { $0.file("a/" + String(repeating: "b", count: 256)) }
                .contains("limit of 255 for the length of a path component"))
        try fixture.unpack { $0.file("a/" + String(repeating: "b", count: 255)) }
    }

    @Test func sparseFileOfExabytes() throws {
        let size = 1 << 60
        let message = try fixture.fault { tar in
            tar.add(
                .file, "GNUSparseFile.0/huge", data: Array("0\n".utf8) + [UInt8](repeating: 0, count: 510),
                TarBuilder.Attributes(pax: [
                    ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "huge"),
                    ("GNU.sparse.realsize", "\(size)"),
                ]))
        }
        #expect(message.contains("\"huge\" exceeds the limit of 2199023255552 for the size of a file"))
    }

    @Test func endlessPaxHeaders() throws {
        // Each is small; together they never come to an entry.
        let message = try fixture.fault(limits: UnpackLimits(headerSize: 256 << 10)) { tar in
            for _ in 0..<20_000 { tar.block(.pax, [0x78], data: TarBuilder.paxRecords([("a", "b")]), .init()) }
            tar.file("never")
        }
        #expect(message.contains("size of an entry's headers") || message.contains("special headers"), "\(message)")
    }

    @Test func largePaxHeader() throws {
        let value = String(repeating: "v", count: 3 << 20)
        let message = try fixture.fault { $0.add(.file, "f", TarBuilder.Attributes(pax: [("comment", value)])) }
        #expect(message.contains("too large"), "\(message)")
    }

    @Test func sparseMapOfMegabytes() throws {
        let map = "400000\n" + String(repeating: "0\n0\n", count: 400_000)
        let message = try fixture.fault(limits: UnpackLimits(headerSize: 256 << 10)) { tar in
            tar.add(
                .file, "GNUSparseFile.0/f", data: Array(map.utf8),
                TarBuilder.Attributes(pax: [
                    ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "f"),
                    ("GNU.sparse.realsize", "1"),
                ]))
        }
        #expect(message.contains("size of an entry's headers"), "\(message)")
    }

    @Test func extendedAttributes() throws {
        let pax = (0..<5).map { ("SCHILY.xattr.user.a\($0)", String(repeating: "v", count: 60_000)) }
        #expect(
            try fixture.fault { $0.add(.file, "f", TarBuilder.Attributes(pax: pax)) }
                .contains("\"f\" exceeds the limit of 262144 for the size of an entry's extended attributes"))
    }

    @Test func manifestsOfAnArchive() throws {
        var tar = TarBuilder()
        for index in 0..<5 { tar.file("\(index).json", "{" + String(repeating: " ", count: 1 << 20)) }
        try fixture.folder.write("image.tar", tar.finished())
        var message = "no error"
        do {
            _ = try fixture.store.load(
                from: .file(fixture.folder("image.tar")), limits: UnpackLimits(metadataSize: 4 << 20))
        } catch { message = "\(error)" }
        #expect(message.contains("size of the manifests and configurations"))
        fixture.expectEmpty()
    }

    @Test func limitsCanBeRaised() throws {
        var tar = TarBuilder()
        tar.file("file")
        let bomb = Compression.zstdBomb(head: tar.finished(), zeros: 64 << 20)
        try fixture.unpack(bomb, limits: UnpackLimits(unpackedSize: 65 << 20))
    }

    @Test func thousandsOfNestedFoldersAreRemoved() throws {
        // Deeper than a path or the number of descriptors can be, by a link back to the depth reached.
        let deep = String(repeating: "d/", count: 1500)
        let layer = try fixture.unpack { tar in
            tar.folder(deep)
            tar.symlink("link", to: deep)
            tar.folder("link/" + deep)
            tar.file("d", "a file now")
        }
        #expect(text("\(layer)/d") == "a file now")
    }
}
