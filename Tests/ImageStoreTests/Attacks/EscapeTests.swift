import Glibc
import LinuxSystem
import Testing

@testable import ImageStore

/// threats.md, layer archives, rows 1 to 4: names, links, whiteouts and replaced folders that lead outside.
@Suite struct EscapeTests {
    let fixture: ImageFixture
    /// A folder outside the layer that every attack aims at.
    let outside: String

    init() throws {
        fixture = try ImageFixture()
        try fixture.folder.write("outside/secret", "untouched")
        outside = fixture.folder("outside")
        chmod("\(outside)/secret", 0o600)
    }

    private func expectOutsideUntouched(sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(tree(outside) == ["secret"], sourceLocation: sourceLocation)
        #expect(text("\(outside)/secret") == "untouched", sourceLocation: sourceLocation)
        let secret = try #require(fileStatus("\(outside)/secret"), sourceLocation: sourceLocation)
        #expect(secret.permissions == 0o600 && secret.st_nlink == 1, sourceLocation: sourceLocation)
        #expect(secret.st_mtim.tv_sec != 1_700_000_000, sourceLocation: sourceLocation)
    }

    @Test func dotDotAndAbsoluteNamesStayInside() throws {
        let layer = try fixture.unpack { tar in
            tar.file("../../../../../../../../\(outside)/up", "1")
            tar.file("a/../../../b", "2")
            tar.file(outside + "/absolute", "3")
            tar.file("//./c/.//d", "4")
        }
        #expect(text("\(layer)\(outside)/up") == "1")
        #expect(text("\(layer)/b") == "2")
        #expect(text("\(layer)\(outside)/absolute") == "3")
        #expect(text("\(layer)/c/d") == "4")
        try expectOutsideUntouched()
    }

    @Test(arguments: ["..", "a/..", "/..", "./../", "a/b/../.."])
    func nameEndingInDotDotIsRefused(name: String) throws {
        #expect(try fixture.fault { $0.folder(name) }.contains("ends in \"..\""))
    }

    @Test func fileThroughAbsoluteSymlinkIsRefused() throws {
        let message = try fixture.fault { tar in
            tar.symlink("link", to: outside)
            tar.file("link/secret", "evil")
        }
        #expect(message.contains("cannot unpack entry \"link/secret\""))
        try expectOutsideUntouched()
    }

    @Test func fileThroughSymlinksStaysInside() throws {
        let layer = try fixture.unpack { tar in
            tar.folder("a/b/")
            tar.folder("tmp/")
            tar.symlink("a/b/up", to: "../../../../../../../..")
            tar.symlink("abs", to: "/tmp")
            tar.file("a/b/up/top", "1")
            tar.file("abs/x", "2")
        }
        #expect(text("\(layer)/top") == "1")
        #expect(text("\(layer)/tmp/x") == "2")
        try expectOutsideUntouched()
    }

    @Test func fileOverSymlinkReplacesTheLink() throws {
        let layer = try fixture.unpack { tar in
            tar.symlink("file", to: "\(outside)/secret")
            tar.file("file", "new", mode: 0o4777)
            tar.symlink("folder", to: outside)
            tar.folder("folder/", mode: 0o711)
            tar.file("folder/inside", "x")
        }
        #expect(fileStatus("\(layer)/file")?.kind == S_IFREG)
        #expect(text("\(layer)/file") == "new")
        #expect(fileStatus("\(layer)/folder")?.kind == S_IFDIR)
        #expect(text("\(layer)/folder/inside") == "x")
        try expectOutsideUntouched()
    }

    @Test func symlinkOfALowerLayerIsNotFollowed() throws {
        var lower = TarBuilder()
        lower.symlink("etc", to: outside)
        var upper = TarBuilder()
        upper.file("etc/secret", "evil")
        let archive = try ImageArchiveBuilder.dockerSave([lower.finished(), upper.finished()])
        try fixture.folder.write("image.tar", archive)
        _ = try fixture.store.load(from: .file(fixture.folder("image.tar")))
        let layers = try fixture.store.layerPaths(of: fixture.store.image(named: "test:1"))
        #expect(text("\(layers[0])/etc/secret") == "evil")
        #expect(linkTarget("\(layers[1])/etc") == outside)
        try expectOutsideUntouched()
    }

    @Test func hardLinkToAFileOutsideIsRefused() throws {
        for target in ["\(outside)/secret", "../../../../../../../../..\(outside)/secret", "link/secret"] {
            let message = try fixture.fault { tar in
                tar.symlink("link", to: outside)
                tar.hardLink("stolen", to: target)
            }
            #expect(message.contains("which the layer does not hold"), "\(target)")
        }
        try expectOutsideUntouched()
    }

    @Test func hardLinkToASymlinkLinksTheSymlink() throws {
        let layer = try fixture.unpack { tar in
            tar.symlink("link", to: "\(outside)/secret")
            // CVE-2021-32760: attributes of the second name must not reach what the link points to.
            tar.add(.hardLink, "second", TarBuilder.Attributes(mode: 0o4777, linkTarget: "link"))
        }
        let second = try #require(fileStatus("\(layer)/second"))
        #expect(second.kind == S_IFLNK && second.st_nlink == 2)
        try expectOutsideUntouched()
    }

    @Test func hardLinkNeverBecomesACopyOrAFolder() throws {
        #expect(
            try fixture.fault { tar in
                tar.folder("folder/")
                tar.hardLink("link", to: "folder")
            }.contains("a hard link to the folder"))
        #expect(try fixture.fault { $0.hardLink("link", to: "/") }.contains("a hard link to the root"))
        #expect(try fixture.fault { $0.hardLink("link", to: "missing") }.contains("does not hold"))
    }

    @Test func hardLinkToItselfKeepsTheFile() throws {
        let layer = try fixture.unpack { tar in
            tar.file("file", "x")
            tar.hardLink("file", to: "./file")
        }
        #expect(text("\(layer)/file") == "x")
    }

    @Test(arguments: [".wh.", ".wh..", ".wh...", "a/.wh.", "a/.wh..", "a/.wh...", ".wh./b", "a/.wh.x/b", ".wh.../b"])
    func malformedWhiteoutIsRefused(name: String) throws {
        let message = try fixture.fault { tar in
            tar.file("a/file")
            tar.file(name)
        }
        #expect(message.contains("a whiteout of no file") || message.contains("below a whiteout"), "\(message)")
    }

    @Test(.enabled(if: isRoot)) func whiteoutDoesNotFollowSymlinks() throws {
        let layer = try fixture.unpack { tar in
            tar.symlink("link", to: outside)
            tar.file(".wh.link")
            tar.symlink("root", to: "/")
            tar.folder("a/")
            tar.file("root/a/.wh.secret")
        }
        // What the layer brings stays; the whiteout lies inside.
        #expect(linkTarget("\(layer)/link") == outside)
        #expect(fileStatus("\(layer)/a/secret")?.kind == S_IFCHR)
        try expectOutsideUntouched()
    }

    @Test func opaqueMarkerBehindASymlinkIsRefused() throws {
        let message = try fixture.fault { tar in
            tar.symlink("link", to: outside)
            tar.file("link/.wh..wh..opq")
        }
        #expect(message.contains("something else in this layer"))
        #expect(extendedAttribute(outside, "trusted.overlay.opaque") == nil)
        try expectOutsideUntouched()
    }

    @Test func folderReplacedByASymlinkIsNotUsedAnyMore() throws {
        // The folder's descriptor is still open when the link takes its place.
        let message = try fixture.fault { tar in
            tar.folder("a/")
            tar.file("a/one", "1")
            tar.symlink("a", to: outside)
            tar.file("a/secret", "evil")
        }
        #expect(message.contains("something else in this layer"))
        try expectOutsideUntouched()
    }

    @Test func linkThatChangesItsTargetIsFollowedAnew() throws {
        let layer = try fixture.unpack { tar in
            tar.folder("a/")
            tar.folder("b/")
            tar.symlink("link", to: "a")
            tar.file("link/one", "1")
            tar.symlink("link", to: "b")
            tar.file("link/two", "2")
        }
        #expect(names("\(layer)/a") == ["one"] && names("\(layer)/b") == ["two"])
    }

    @Test(arguments: ["dev", "proc", "sys", "etc"])
    func systemFolderAsSymlinkIsOnlyALink(name: String) throws {
        let layer = try fixture.unpack { tar in
            tar.symlink(name, to: outside)
        }
        #expect(linkTarget("\(layer)/\(name)") == outside)
        let message = try fixture.fault2 { tar in
            tar.symlink(name, to: outside)
            tar.file("\(name)/secret", "evil")
        }
        #expect(message.contains("something else in this layer"))
        try expectOutsideUntouched()
    }

    @Test func passwdAsFifoIsNotOpened() throws {
        let layer = try fixture.unpack { tar in
            tar.add(.fifo, "etc/passwd")
            tar.symlink("etc/group", to: "\(outside)/secret")
        }
        #expect(fileStatus("\(layer)/etc/passwd")?.kind == S_IFIFO)
        // And what reads it later, by primitive 1, refuses it instead of waiting.
        let root = try RootDirectory(path: layer)
        #expect(throws: SystemError.self) { try root.readFile(RootedPath("/etc/passwd"), limit: 1 << 20) }
        #expect(try root.readFile(RootedPath("/etc/group"), limit: 1 << 20) == nil)
    }
}

extension ImageFixture {
    /// As ``fault(_:limits:)``, in a store that is not empty.
    func fault2(_ build: (inout TarBuilder) -> Void) throws -> String {
        do {
            try unpack(build)
        } catch {
            return "\(error)"
        }
        return "no error"
    }
}
