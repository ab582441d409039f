import Glibc
import LinuxSystem
import Testing

@testable import ImageStore

/// A layer as an EROFS image, as the kernel shows it: always what the same archive gives as a folder.
@Suite(.enabled(if: isRoot && kernelMountsImages)) struct ErofsLayerTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Unpacks an archive into a folder and into an image.
    ///
    /// - Returns: what each has, or the error it ended with.
    private func both(_ archive: [UInt8]) throws -> (folder: String, image: String) {
        var remover = TreeRemover(scratch: try FileDescriptor.open(folder.path, O_RDONLY | O_DIRECTORY).release())
        try remover.removeScratch()
        for name in ["layer", "scratch"] { mkdir(folder(name), 0o755) }
        let root = try FileDescriptor.open(folder("layer"), O_RDONLY | O_DIRECTORY)
        let scratch = try FileDescriptor.open(folder("scratch"), O_RDONLY | O_DIRECTORY)
        let (rootNumber, path) = (root.rawValue, folder.path)
        let scratchNumber = scratch.rawValue
        let limits = UnpackLimits()
        func reader() throws -> ArchiveReader {
            try ArchiveReader(MemorySource(archive), format: .tar, name: "layer", headerLimit: limits.headerSize)
        }
        // On a thread of its own, whose umask is.
        let unpacked = try Worker { () -> Result<UnpackedLayer, any Error> in
            try FileCalls.makeUmaskPrivate()
            return Result {
                var unpacker = LayerUnpacker(
                    into: FolderLayer(root: rootNumber, scratch: scratchNumber), limits: limits)
                return try unpacker.unpack(
                    ArchiveReader(MemorySource(archive), format: .tar, name: "layer", headerLimit: limits.headerSize))
            }
        }.join()
        let file = try FileDescriptor.open("\(path)/image", O_RDWR | O_CREAT | O_EXCL)
        let written = Result { () throws -> UnpackedLayer in
            var unpacker = LayerUnpacker(into: try ErofsLayer(file.duplicate(), name: "image"), limits: limits)
            return try unpacker.unpack(reader())
        }
        let image = written.flatMap { layer in
            Result {
                let mount = try ErofsImage.mount(file, name: "image")
                return try "\(layer) \(TreeDescription.of(try mount.open(".", O_RDONLY | O_DIRECTORY)))"
            }
        }
        let plain = unpacked.flatMap { layer in
            Result { try "\(layer) \(TreeDescription.of(try root.open(".")))" }
        }
        func text(_ result: Result<String, any Error>) -> String {
            switch result {
            case .success(let text): text
            case .failure(let error): "error: \(error)"
            }
        }
        return (text(plain), text(image))
    }

    @Test func anImageHasWhatAFolderHas() throws {
        var tar = TarBuilder()
        tar.add(.folder, "./", TarBuilder.Attributes(mode: 0o751, uid: 5, gid: 6))
        tar.file("bin/tool", String(repeating: "x", count: 10_000), mode: 0o4755)
        tar.hardLink("bin/other", to: "bin/tool")
        tar.file("empty")
        tar.add(.file, "owned", data: [1, 2, 3], TarBuilder.Attributes(mode: 0o640, uid: 70_000, gid: 4_000_000_000))
        tar.add(.file, "old", data: [1], TarBuilder.Attributes(mtime: 1))
        tar.symlink("short", to: "bin/tool")
        tar.symlink("long", to: String(repeating: "t/", count: 1990) + "end")
        tar.symlink("longest", to: String(repeating: "l", count: 4094))
        tar.add(.character, "null", TarBuilder.Attributes(mode: 0o666, devMajor: 1, devMinor: 3))
        tar.add(.block, "disk", TarBuilder.Attributes(mode: 0o660, devMajor: 259, devMinor: 70_000))
        tar.add(.fifo, "fifo")
        tar.add(
            .file, "attributes", data: [9],
            TarBuilder.Attributes(pax: [
                ("SCHILY.xattr.user.one", "1"), ("SCHILY.xattr.user.two", String(repeating: "2", count: 3000)),
                ("SCHILY.xattr.user.overlay.opaque", "y"), ("SCHILY.xattr.trusted.overlay.redirect", "/"),
                ("SCHILY.xattr.security.capability", "\u{1}\0\0\u{2}\0\u{20}\0\0" + String(repeating: "\0", count: 12)),
            ]))
        tar.folder("a/b/")
        tar.file("a/b/.wh..wh..opq")
        tar.file("a/.wh.gone")
        tar.file(String(repeating: "n", count: 255), "long name")
        tar.folder("-first/")
        tar.file("!/before-the-dot", "1")
        let (plain, image) = try both(tar.finished())
        #expect(plain == image)
        #expect(image.contains("/a/b 40755 0:0 links 2 trusted.overlay.opaque=y") && image.contains("user.two"))
    }

    @Test func foldersHaveTheTimesOfTheirEntries() throws {
        var tar = TarBuilder()
        tar.add(.folder, "given/", TarBuilder.Attributes(mtime: 1_234_567_890))
        tar.add(.file, "given/implied/file", TarBuilder.Attributes(mtime: 1_111_111_111))
        let file = try FileDescriptor.open(folder("image"), O_RDWR | O_CREAT | O_EXCL)
        var unpacker = LayerUnpacker(into: try ErofsLayer(file.duplicate(), name: "image"), limits: UnpackLimits())
        _ = try unpacker.unpack(
            ArchiveReader(MemorySource(tar.finished()), format: .tar, name: "layer", headerLimit: 1 << 20))
        let mount = try ErofsImage.mount(file, name: "image")
        #expect(try mount.open("given").status().st_mtim.tv_sec == 1_234_567_890)
        // One that the archive has no entry for has the time of what made it necessary.
        #expect(try mount.open("given/implied").status().st_mtim.tv_sec == 1_111_111_111)
    }

    @Test func foldersOfManyBlocks() throws {
        var tar = TarBuilder()
        for number in 0..<3000 {
            tar.file("many/\(String(repeating: "n", count: number % 200))\(number)", "\(number)")
            tar.folder("folders/\(number)/")
        }
        // One that just fills a block, and one that has a byte more: 12 bytes each, and those of `.` and `..`.
        for (name, last) in [("full", 173), ("over", 174)] {
            for number in 0..<16 { tar.file("\(name)/\(String(repeating: "f", count: 218))\(10 + number)") }
            tar.file("\(name)/\(String(repeating: "z", count: last))")
        }
        let (plain, image) = try both(tar.finished())
        #expect(plain == image)
    }

    /// The first part of the path is made, and then there is a link that was there before.
    @Test func aLinkBehindAMissingFolderCounts() throws {
        var tar = TarBuilder()
        tar.file("b/file", "text")
        tar.symlink("a", to: "b")
        tar.symlink("nowhere", to: "missing")
        tar.file("c/../a/other", "text")
        let (plain, image) = try both(tar.finished())
        #expect(plain == image && plain.contains("b/other") && !plain.hasPrefix("error"), "\(plain)")
        tar = TarBuilder()
        tar.symlink("nowhere", to: "missing")
        tar.file("c/../nowhere/other", "text")
        let refused = try both(tar.finished())
        #expect(refused.0 == refused.1 && refused.0.hasPrefix("error"), "\(refused)")
    }

    @Test func aLinkThatTakesItsSourceAwayIsRefused() throws {
        var tar = TarBuilder()
        tar.file("folder/file", "text")
        tar.hardLink("folder", to: "folder/file")
        let (plain, image) = try both(tar.finished())
        #expect(plain == image && plain.contains("which the layer does not hold"), "\(plain), \(image)")
    }

    /// Archives that nobody would make: links on the way, names twice, whiteouts of anything.
    @Test(arguments: [1, UInt64(time(nil))]) func anyArchive(seed: UInt64) throws {
        var failures = 0
        for number in 0..<600 {
            var random = SeededNumbers(seed: seed &* 1_000_003 &+ UInt64(number))
            let archive = random.archive()
            let (plain, image) = try both(archive)
            #expect(plain == image, "seed \(seed), number \(number)")
            if plain.hasPrefix("error") { failures += 1 }
            if plain != image { break }
        }
        // Neither all nor none are refused.
        #expect(failures > 30 && failures < 570, "\(failures)")
    }

    @Test func holesTakeNoSpace() throws {
        let script =
            "truncate -s 3G sparse; printf middle | dd of=sparse bs=1 seek=2000000000 conv=notrunc status=none; tar -S -cf sparse.tar sparse"
        try #require(run("sh", "-c", "cd \(folder.path) && \(script)") == 0)
        let archive = try FileDescriptor.open(folder("sparse.tar")).readAll()
        let file = try FileDescriptor.open(folder("image"), O_RDWR | O_CREAT | O_EXCL)
        var unpacker = LayerUnpacker(into: try ErofsLayer(file.duplicate(), name: "image"), limits: UnpackLimits())
        _ = try unpacker.unpack(
            ArchiveReader(MemorySource(archive), format: .tar, name: "layer", headerLimit: 1 << 20))
        let status = try file.status()
        #expect(status.st_size > 3 << 30 && status.st_blocks * 512 < 4 << 20)
        let mount = try ErofsImage.mount(file, name: "image")
        let sparse = try mount.open("sparse")
        var bytes = [UInt8](repeating: 1, count: 8)
        #expect(pread(sparse.rawValue, &bytes, 8, 1_999_999_999) == 8)
        #expect(bytes == [0] + Array("middle".utf8) + [0])
        #expect(try sparse.status().st_size == 3 << 30)
    }

    @Test func theSameLayerGivesTheSameBytes() throws {
        var tar = TarBuilder()
        for number in 0..<200 { tar.file("some/\(number)/file", "\(number)") }
        let archive = tar.finished()
        let images = try ["one", "two"].map { name in
            let file = try FileDescriptor.open(folder(name), O_RDWR | O_CREAT | O_EXCL)
            var unpacker = LayerUnpacker(into: try ErofsLayer(file.duplicate(), name: name), limits: UnpackLimits())
            _ = try unpacker.unpack(
                ArchiveReader(MemorySource(archive), format: .tar, name: "layer", headerLimit: 1 << 20))
            return try FileDescriptor.open(folder(name)).readAll()
        }
        #expect(images[0] == images[1])
    }

    /// A map of no data, in a block of its own: all of the file is a hole.
    private static let emptyMap = Array("0\n".utf8) + [UInt8](repeating: 0, count: 510)

    /// What becomes of an archive as an image.
    private func written(_ archive: [UInt8]) throws -> String {
        let file = try FileDescriptor.open(folder("written"), O_RDWR | O_CREAT | O_TRUNC)
        var unpacker = LayerUnpacker(into: try ErofsLayer(file, name: "written"), limits: UnpackLimits())
        do {
            return try
                "\(unpacker.unpack(ArchiveReader(MemorySource(archive), format: .tar, name: "layer", headerLimit: 4 << 20)))"
        } catch {
            return "error: \(error)"
        }
    }

    @Test func whatAnImageCannotHoldIsRefused() throws {
        var tar = TarBuilder()
        tar.add(
            .file, "file", data: [],
            TarBuilder.Attributes(pax: [("SCHILY.xattr.user.large", String(repeating: "x", count: 65_536))]))
        let (_, image) = try both(tar.finished())
        #expect(image.contains("its extended attributes are more than an image can hold"), "\(image)")
        // Just what an inode can hold, and then the folder becomes opaque: one of both is refused, and nothing traps.
        for size in [65_520, 65_500] {
            tar = TarBuilder()
            let attributes = (0..<4).map { ("SCHILY.xattr.user.\($0)", String(repeating: "x", count: size)) }
            tar.add(.folder, "folder/", TarBuilder.Attributes(pax: attributes))
            tar.file("folder/.wh..wh..opq")
            let image = try written(tar.finished())
            #expect(image.contains("more than an image can hold") == (size == 65_520), "\(image)")
        }
        for key in ["GNU.sparse.realsize", "GNU.sparse.size", "SCHILY.realsize"] {
            tar = TarBuilder()
            tar.add(.file, "file", data: [], TarBuilder.Attributes(pax: [(key, "-5")]))
            #expect(try written(tar.finished()).contains("its size is negative"), "\(key)")
        }
        tar = TarBuilder()
        let many = (0..<600).map { ("SCHILY.xattr.user.\($0)", "") }
        tar.add(.file, "file", data: [], TarBuilder.Attributes(pax: many))
        #expect(try written(tar.finished()).contains("more than an image can hold"))
        for (name, value) in [("user.", "x"), ("security.capability", "none")] {
            tar = TarBuilder()
            tar.add(.file, "file", data: [], TarBuilder.Attributes(pax: [("SCHILY.xattr.\(name)", value)]))
            let (plain, image) = try both(tar.finished())
            #expect(plain == image && image.contains("is malformed"), "\(plain) \(image)")
        }
        // The folder that the source lies in is replaced by it.
        tar = TarBuilder()
        tar.file("a/b/f", "x")
        tar.hardLink("a", to: "a/b/f")
        #expect(try written(tar.finished()).contains("which the layer does not hold"))
        // More than half of the numbers of blocks.
        tar = TarBuilder()
        for number in 0..<5 {
            let size = ("GNU.sparse.major", "1")
            tar.add(
                .file, "sparse\(number)", data: Self.emptyMap,
                TarBuilder.Attributes(pax: [
                    size, ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "sparse\(number)"),
                    ("GNU.sparse.realsize", "\(Int64(2) << 40)"),
                ]))
        }
        #expect(try written(tar.finished()).contains("the layer's files are more than an image can hold"))
        tar = TarBuilder()
        tar.symlink("link", to: String(repeating: "l", count: 4096))
        let (plain, other) = try both(tar.finished())
        #expect(other.contains("File name too long") && plain.contains("File name too long"), "\(plain) \(other)")
    }
}

/// Whether this process can mount EROFS images from files.
let kernelMountsImages: Bool = {
    guard let fixture = try? ImageFixture(), let store = try? StoreFolder(path: fixture.folder("trial")) else {
        return false
    }
    return (try? StagingFolder(store).canMountImages) ?? false
}()
