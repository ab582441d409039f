import Glibc
import Testing

@testable import ImageStore

/// What a layer becomes on the disk.
@Suite struct LayerUnpackerTests {
    let fixture: ImageFixture

    init() throws { fixture = try ImageFixture() }

    @Test(.enabled(if: isRoot)) func whiteoutsAndOpaqueFolders() throws {
        let layer = try fixture.unpack { tar in
            tar.file("a/.wh.gone")
            tar.folder("opaque/")
            tar.file("opaque/.wh..wh..opq")
            tar.file("opaque/new", "x")
            tar.file(".wh..wh.aufs", "ignored")
            tar.hardLink(".wh..wh.plnk/1.2", to: "nothing")
            tar.file("a/.wh..wh.orph", "ignored")
        }
        let gone = try #require(fileStatus("\(layer)/a/gone"))
        #expect(gone.kind == S_IFCHR && gone.st_rdev == 0)
        #expect(extendedAttribute("\(layer)/opaque", "trusted.overlay.opaque") == "y")
        #expect(tree(layer) == ["a", "a/gone", "opaque", "opaque/new"])
    }

    @Test(.enabled(if: isRoot)) func whiteoutOfWhatTheLayerBringsItself() throws {
        let layer = try fixture.unpack { tar in
            // The specification: a whiteout hides only what lower layers have, whatever the order.
            tar.file(".wh.folder")
            tar.folder("folder/")
            tar.file("folder/new", "1")
            tar.folder("other/")
            tar.file("other/new", "2")
            tar.file(".wh.other")
            tar.file("file", "3")
            tar.file(".wh.file")
            tar.file(".wh.late")
            tar.file("late", "4")
        }
        #expect(extendedAttribute("\(layer)/folder", "trusted.overlay.opaque") == "y")
        #expect(extendedAttribute("\(layer)/other", "trusted.overlay.opaque") == "y")
        #expect(text("\(layer)/folder/new") == "1" && text("\(layer)/other/new") == "2")
        #expect(text("\(layer)/file") == "3" && text("\(layer)/late") == "4")
    }

    @Test(.enabled(if: isRoot)) func layerThatHidesEverythingBelow() throws {
        var upper = TarBuilder()
        upper.file(".wh..wh..opq")
        upper.file("only")
        let archive = try ImageArchiveBuilder.dockerSave([
            ImageArchiveBuilder.layer("base"), upper.finished(), ImageArchiveBuilder.layer("top"),
        ])
        try fixture.folder.write("image.tar", archive)
        _ = try fixture.store.load(from: .file(fixture.folder("image.tar")))
        let paths = try fixture.store.layerPaths(of: fixture.store.image(named: "test:1"))
        #expect(paths.map(names) == [["top"], ["only"]])
    }

    @Test func laterEntriesReplaceEarlierOnes() throws {
        let layer = try fixture.unpack { tar in
            tar.file("file", "old and longer")
            tar.file("file", "new")
            tar.folder("folder/sub/")
            tar.file("folder/sub/file", "x")
            tar.file("folder", "a file now")
            tar.file("was-file", "x")
            tar.folder("was-file/")
            tar.file("was-file/in", "y")
            tar.symlink("link", to: "one")
            tar.symlink("link", to: "two")
        }
        #expect(text("\(layer)/file") == "new")
        #expect(text("\(layer)/folder") == "a file now")
        #expect(text("\(layer)/was-file/in") == "y")
        #expect(linkTarget("\(layer)/link") == "two")
    }

    @Test func folderGivenTwiceKeepsItsContentAndTakesTheLastAttributes() throws {
        let layer = try fixture.unpack { tar in
            tar.add(.folder, "folder/", TarBuilder.Attributes(mode: 0o700, mtime: 1))
            tar.file("folder/file", "x")
            tar.add(.folder, "folder", TarBuilder.Attributes(mode: 0o2751, mtime: 2))
            tar.add(.folder, "./", TarBuilder.Attributes(mode: 0o711, mtime: 3))
            tar.file("later", "y")
        }
        let folder = try #require(fileStatus("\(layer)/folder"))
        #expect(folder.permissions == 0o2751 && folder.st_mtim.tv_sec == 2)
        #expect(text("\(layer)/folder/file") == "x")
        let root = try #require(fileStatus(layer))
        #expect(root.permissions == 0o711 && root.st_mtim.tv_sec == 3)
    }

    @Test func missingFoldersAreMade() throws {
        let layer = try fixture.unpack { $0.file("a/b/c", "x") }
        #expect(fileStatus("\(layer)/a/b")?.permissions == 0o755)
        #expect(fileStatus(layer)?.permissions == 0o755)
    }

    @Test func fileBelowAFileIsRefused() throws {
        let message = try fixture.fault { tar in
            tar.file("file", "x")
            tar.file("file/below", "y")
        }
        #expect(message.contains("\"file/below\": a folder on its path is something else"))
    }

    @Test func foldersWithoutWritePermissionCanBeFilled() throws {
        let layer = try fixture.unpack { tar in
            tar.folder("closed/", mode: 0o555)
            tar.file("closed/file", "x", mode: 0)
        }
        #expect(fileStatus("\(layer)/closed")?.permissions == 0o555)
        #expect(fileStatus("\(layer)/closed/file")?.permissions == 0)
    }

    @Test func hardLinksShareTheFile() throws {
        let layer = try fixture.unpack { tar in
            tar.file("a/file", "x")
            tar.hardLink("b/second", to: "a/file")
            tar.file("third", "old")
            tar.hardLink("third", to: "/a/../b/second")
        }
        let first = try #require(fileStatus("\(layer)/a/file"))
        #expect(first.st_nlink == 3)
        #expect(fileStatus("\(layer)/third")?.st_ino == first.st_ino)
    }

    @Test func sparseFilesStaySparse() throws {
        let size = 1 << 30
        var data = Array("2\n0\n5\n\(size - 5)\n5\n".utf8)
        data += [UInt8](repeating: 0, count: 512 - data.count)
        data += Array("startend!!".utf8)
        let layer = try fixture.unpack { tar in
            tar.add(
                .file, "GNUSparseFile.0/f", data: data,
                TarBuilder.Attributes(pax: [
                    ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "sparse"),
                    ("GNU.sparse.realsize", "\(size)"),
                ]))
        }
        let status = try #require(fileStatus("\(layer)/sparse"))
        #expect(status.st_size == size && status.st_blocks < 64)
        let file = open("\(layer)/sparse", O_RDONLY)
        defer { close(file) }
        var end = [UInt8](repeating: 0, count: 6)
        #expect(pread(file, &end, 6, off_t(size - 6)) == 6)
        #expect(end == [0] + Array("end!!".utf8))
    }

    @Test func namesAreTakenByteForByte() throws {
        // Composed and decomposed, and no UTF-8 at all; in ustar headers, GNU headers and pax records.
        let composed = "caf\u{E9}"
        let decomposed = "cafe\u{301}"
        let long = String(repeating: "\u{FC}", count: 90)
        let layer = try fixture.unpack { tar in
            tar.file("ustar-" + composed)
            tar.file("ustar-" + decomposed)
            tar.file(long)
            tar.add(.file, Array("latin-".utf8) + [0xE9])
            for name in [composed, decomposed] {
                tar.add(.file, "x", TarBuilder.Attributes(pax: [("path", "pax-" + name)]))
                tar.add(
                    .symlink, "y",
                    TarBuilder.Attributes(
                        linkTarget: "to-caf", pax: [("path", "link-" + name), ("linkpath", "to-" + name)]))
            }
            tar.add(.hardLink, "z", TarBuilder.Attributes(pax: [("path", "hard"), ("linkpath", "pax-" + decomposed)]))
        }
        var expected: Set<[UInt8]> = [Array("latin-".utf8) + [0xE9], Array("hard".utf8), Array(long.utf8)]
        for name in [composed, decomposed] {
            for stem in ["ustar-", "pax-", "link-"] { expected.insert(Array((stem + name).utf8)) }
            #expect(linkTarget("\(layer)/link-\(name)").map { Array($0.utf8) } == Array("to-\(name)".utf8))
        }
        #expect(Set(rawNames(layer)) == expected)
    }

    @Test(.enabled(if: isRoot)) func ownersAndTimesOfEveryKind() throws {
        let attributes = TarBuilder.Attributes(mode: 0o640, uid: 4_000_000_000, gid: 123_456, mtime: -5)
        let layer = try fixture.unpack { tar in
            tar.add(.file, "file", data: [1], attributes)
            tar.add(.folder, "folder/", attributes)
            tar.add(.fifo, "fifo", attributes)
            var link = attributes
            link.linkTarget = "nowhere"
            tar.add(.symlink, "link", link)
            var fine = attributes
            fine.pax = [("mtime", "1234567890.123456789"), ("uid", "70000")]
            tar.add(.file, "fine", fine)
        }
        for name in ["file", "folder", "fifo", "link"] {
            let status = try #require(fileStatus("\(layer)/\(name)"))
            #expect(status.st_uid == 4_000_000_000 && status.st_gid == 123_456, "\(name)")
            #expect(status.st_mtim.tv_sec == -5, "\(name)")
            if name != "link" { #expect(status.permissions == 0o640, "\(name)") }
        }
        let fine = try #require(fileStatus("\(layer)/fine"))
        #expect(fine.st_uid == 70000 && fine.st_mtim.tv_sec == 1_234_567_890 && fine.st_mtim.tv_nsec == 123_456_789)
    }

    @Test func processKeepsItsUmask() throws {
        let layer = try fixture.unpack { $0.file("file", mode: 0o666) }
        #expect(fileStatus("\(layer)/file")?.permissions == 0o666)
        let before = umask(0)
        umask(before)
        #expect(before != 0)
    }

    /// Names that may be no UTF-8.
    private func rawNames(_ path: String) -> [[UInt8]] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var result: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2E], name != [0x2E, 0x2E] { result.append(name) }
        }
        return result
    }
}
