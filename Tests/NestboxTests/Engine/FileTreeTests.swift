import Glibc
import LinuxSystem
import Testing

@testable import Nestbox

@Suite struct FileTreeTests {
    @Test func removesWhatAContainerCanMake() throws {
        let folder = try TemporaryFolder()
        let tree = try folder.makeFolder("tree")
        let outside = try folder.makeFolder("outside")
        _ = try folder.write("outside/keep", "kept")
        try StoredFile.makeFolder(tree + "/sub/sub")
        symlink(outside, tree + "/sub/link")
        symlink("/nonexistent", tree + "/dangling")
        mkfifo(tree + "/fifo", 0o600)
        // A name that is no UTF-8.
        let name = Array((tree + "/").utf8CString.dropLast()) + [CChar(bitPattern: 0xff), CChar(bitPattern: 0xfe), 0]
        #expect(mkdir(name, 0o000) == 0)
        try FileTree.remove(tree)
        #expect(!StoredFile.exists(tree))
        #expect(StoredFile.exists(outside + "/keep"))
    }

    @Test func removesFoldersNestedBeyondAnyPathLength() throws {
        let folder = try TemporaryFolder()
        let tree = try folder.makeFolder("tree")
        var current = open(tree, O_RDONLY | O_DIRECTORY)
        for _ in 0..<3000 {
            mkdirat(current, "deeper-and-deeper", 0o700)
            let next = openat(current, "deeper-and-deeper", O_RDONLY | O_DIRECTORY)
            close(current)
            current = next
        }
        close(current)
        try FileTree.remove(tree)
        #expect(!StoredFile.exists(tree))
    }

    @Test func aMissingTreeIsNoFailure() throws {
        let folder = try TemporaryFolder()
        try FileTree.remove(folder.path + "/nothing")
        try FileTree.remove(folder.path + "/nothing/at/all")
    }

    @Test func removesASingleFileOrLink() throws {
        let folder = try TemporaryFolder()
        let target = try folder.write("target", "x")
        symlink(target, folder.path + "/link")
        try FileTree.remove(folder.path + "/link")
        #expect(StoredFile.exists(target))
    }
}

@Suite struct EnginePathsTests {
    @Test func rootsAreNormalisedAndToldApart() {
        let one = EnginePaths(root: "/var/lib/nestbox", runRoot: "/run/nestbox")
        #expect(EnginePaths(root: "/var//lib/./x/../nestbox/", runRoot: "/run/nestbox/") == one)
        let other = EnginePaths(root: "/var/lib/nestbox2", runRoot: "/run/nestbox")
        #expect(one.cgroupFolder != other.cgroupFolder)
        #expect(one.cgroupFolder.hasPrefix("nestbox-") && one.cgroupFolder.utf8.count == 16)
    }

    @Test func aRecordIsReplacedWhole() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/record"
        try AtomicFile.write(Array("one".utf8), to: path, isFlushed: true)
        try AtomicFile.write(Array("two".utf8), to: path)
        #expect(try StoredFile.read(path) == Array("two".utf8))
        #expect(try StoredFile.names(in: folder.path) == ["record"])
        #expect(try StoredFile.read(folder.path + "/missing") == nil)
    }
}
