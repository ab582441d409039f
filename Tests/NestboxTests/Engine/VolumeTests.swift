import CLinux
import Glibc
import LinuxSystem
import Synchronization
import Testing

@testable import Nestbox

/// What an image has at a volume's place, and what it must not get by it; owners and devices need root.
@Suite(.enabled(if: geteuid() == 0)) struct VolumeCopyUpTests {
    let folder: TemporaryFolder
    let layer: String
    let volume: String

    init() throws {
        folder = try TemporaryFolder()
        layer = try folder.makeFolder("layer")
        volume = try folder.makeFolder("volume")
        _ = try folder.makeFolder("staging")
    }

    private func copy(_ target: String, layers: [String]? = nil) throws {
        let copy = VolumeCopyUp(layers: layers ?? [layer], staging: folder.path + "/staging")
        try copy.copy(target, to: try FileDescriptor.open(volume, O_RDONLY | O_DIRECTORY))
    }

    private func status(_ path: String) -> stat {
        var result = stat()
        #expect(lstat(path, &result) == 0)
        return result
    }

    @Test func everythingAboutFilesIsKept() throws {
        let data = try folder.makeFolder("layer/data")
        try StoredFile.makeFolder(data + "/sub")
        _ = try folder.write("layer/data/sub/file", "content")
        chmod(data + "/sub/file", 0o4750)
        chown(data + "/sub/file", 5, 6)
        chmod(data + "/sub/file", 0o4750)
        link(data + "/sub/file", data + "/hard")
        symlink("/etc/passwd", data + "/link")
        lchown(data + "/link", 7, 8)
        mkfifo(data + "/fifo", 0o640)
        mknod(data + "/null", S_IFCHR | 0o622, 0x103)
        chmod(data + "/null", 0o622)
        mknod(data + "/whiteout", S_IFCHR, 0)
        // A hole of 1 GiB, then a byte.
        let sparse = open(data + "/sparse", O_WRONLY | O_CREAT, 0o600)
        pwrite(sparse, "x", 1, 1 << 30)
        close(sparse)
        chown(data, 1000, 1001)
        chmod(data, 0o1770)
        let times = [timespec(tv_sec: 1000, tv_nsec: 1), timespec(tv_sec: 2000, tv_nsec: 2)]
        utimensat(AT_FDCWD, data + "/sub/file", times, 0)

        try copy("/data")

        let top = status(volume)
        #expect((top.st_uid, top.st_gid, top.st_mode & 0o7777) == (1000, 1001, 0o1770))
        let file = status(volume + "/sub/file")
        #expect((file.st_uid, file.st_gid, file.st_mode & 0o7777) == (5, 6, 0o4750))
        #expect((file.st_mtim.tv_sec, file.st_mtim.tv_nsec) == (2000, 2))
        #expect(try StoredFile.read(volume + "/sub/file") == Array("content".utf8))
        #expect(status(volume + "/hard").st_ino == file.st_ino)
        #expect(StoredFile.link(volume + "/link") == "/etc/passwd")
        #expect(status(volume + "/link").st_uid == 7)
        #expect(status(volume + "/fifo").st_mode == S_IFIFO | 0o640)
        #expect((status(volume + "/null").st_mode, status(volume + "/null").st_rdev) == (S_IFCHR | 0o622, 0x103))
        #expect(!StoredFile.exists(volume + "/whiteout"))
        #expect(status(volume + "/sparse").st_size == (1 << 30) + 1)
        #expect(status(volume + "/sparse").st_blocks < 1000)
    }

    /// CVE-2022-23648: the image's volume path is a symlink to the host's files.
    @Test(arguments: ["/etc", "../../../../../../../etc", "/proc/self/root/etc"])
    func aSymlinkLeadsNowhereOutside(target: String) throws {
        symlink(target, layer + "/data")
        try copy("/data")
        #expect(try StoredFile.names(in: volume) == [])
        // The same further up.
        symlink(target, layer + "/up")
        try copy("/up/apt")
        #expect(try StoredFile.names(in: volume) == [])
    }

    @Test func aSymlinkInsideTheImageIsFollowedInsideIt() throws {
        _ = try folder.makeFolder("layer/real")
        _ = try folder.write("layer/real/file", "x")
        symlink("/real", layer + "/data")
        try copy("/data")
        #expect(try StoredFile.names(in: volume) == ["file"])
    }

    @Test func nothingToCopyIsNoFailure() throws {
        try copy("/missing")
        _ = try folder.write("layer/plain", "a file, not a folder")
        try copy("/plain")
        #expect(try StoredFile.names(in: volume) == [])
    }

    @Test func severalLayersAreSeenAsTheContainerSeesThem() throws {
        let upper = try folder.makeFolder("upper")
        _ = try folder.makeFolder("layer/data")
        _ = try folder.write("layer/data/old", "1")
        _ = try folder.write("layer/data/removed", "1")
        _ = try folder.makeFolder("upper/data")
        _ = try folder.write("upper/data/new", "2")
        mknod(upper + "/data/removed", S_IFCHR, 0)
        try copy("/data", layers: [upper, layer])
        #expect(Set(try StoredFile.names(in: volume)) == ["old", "new"])
    }

    @Test func extendedAttributesAreKeptButOverlays() throws {
        _ = try folder.makeFolder("layer/data")
        let file = try folder.write("layer/data/file", "x")
        func set(_ name: String, _ value: String) -> Bool {
            var pid = pid_t()
            let text = ["setfattr", "-n", name, "-v", value, file]
            var words: [UnsafeMutablePointer<CChar>?] = text.map { strdup($0) }
            words.append(nil)
            defer { for word in words { free(word) } }
            guard posix_spawnp(&pid, "setfattr", nil, nil, &words, environ) == 0 else { return false }
            var status: Int32 = -1
            waitpid(pid, &status, 0)
            return status == 0
        }
        // Without the attr package there is nothing to set them with.
        guard set("user.mine", "kept"), set("trusted.overlay.opaque", "y") else { return }
        try copy("/data")
        let copied = open(volume + "/file", O_RDONLY)
        defer { close(copied) }
        var names = [UInt8](repeating: 0, count: 4096)
        let count = names.withUnsafeMutableBytes {
            nb_syscall6(Int(SYS_flistxattr), Int(copied), Int(bitPattern: $0.baseAddress), $0.count, 0, 0, 0)
        }
        let list = String(decoding: names[..<max(0, count)], as: UTF8.self)
        #expect(list.contains("user.mine"))
        #expect(!list.contains("overlay"))
    }
}

@Suite struct VolumeStoreTests {
    @Test func ofManyMakersOneFillsAndTheOthersWait() throws {
        let folder = try TemporaryFolder()
        let store = VolumeStore(paths: EnginePaths(root: folder.path, runRoot: folder.path))
        let fills = Mutex<Int>(0)
        let incomplete = Mutex<Int>(0)
        concurrently(8) { _ in
            _ = try? store.make("data") { new in
                fills.withLock { $0 += 1 }
                usleep(20_000)
                let file = openat(new.rawValue, "file", O_WRONLY | O_CREAT, 0o600)
                close(file)
            }
            if !StoredFile.exists(store.paths.volumeData("data") + "/file") { incomplete.withLock { $0 += 1 } }
        }
        #expect(fills.withLock { $0 } == 1)
        #expect(incomplete.withLock { $0 } == 0)
        #expect(try store.names() == ["data"])
    }

    @Test func aFillThatFailsLeavesNoVolume() throws {
        let folder = try TemporaryFolder()
        let store = VolumeStore(paths: EnginePaths(root: folder.path, runRoot: folder.path))
        #expect(throws: EngineError.failure("full")) {
            try store.make("data") { _ in throw EngineError.failure("full") }
        }
        #expect(!store.exists("data"))
        // What a killed maker left is thrown away by the next one.
        try StoredFile.makeFolder(folder.path + "/volumes/data/unfinished/half")
        try store.make("data") { _ in }
        #expect(store.exists("data"))
        #expect(try StoredFile.names(in: store.paths.volumeData("data")) == [])
    }

    @Test func aUsedVolumeIsNotRemoved() throws {
        let folder = try TemporaryFolder()
        let engine = try folder.engine()
        var configuration = ContainerConfiguration(image: "x", command: ["x"])
        configuration.mounts = [MountConfiguration(kind: .volume, source: "data", target: "/data")]
        let record = try engine.make(configuration, from: try emptyImage(folder)).record
        #expect(try engine.volumes().map(\.name) == ["data"])
        let user = ContainerIdentity(id: record.id, name: record.name)
        #expect(throws: EngineError.volumeInUse(name: "data", containers: [user])) {
            try engine.removeVolume("data")
        }
        try engine.remove(try engine.container(record.id), volumes: true)
        // A named volume survives its containers.
        #expect(try engine.volumes().map(\.name) == ["data"])
        try engine.removeVolume("data")
        #expect(throws: EngineError.noSuchVolume("data")) { try engine.removeVolume("data") }
        #expect(throws: EngineError.noSuchVolume("..")) { try engine.removeVolume("..") }
    }

    /// A container that has the volume may have put a link to the host's files there.
    @Test func aSubpathStaysInsideTheVolume() throws {
        let folder = try TemporaryFolder()
        let engine = try folder.engine()
        func record(_ subpath: String) throws -> ContainerRecord {
            var mount = MountConfiguration(kind: .volume, source: "data", target: "/data")
            mount.volumeSubpath = subpath
            var configuration = ContainerConfiguration(image: "x", command: ["x"])
            configuration.mounts = [mount]
            return try engine.make(configuration, from: try emptyImage(folder)).record
        }
        let (good, missing, link) = (try record("sub"), try record("missing"), try record("link/passwd"))
        let data = engine.paths.volumeData("data")
        try StoredFile.makeFolder(data + "/sub")
        symlink("/etc", data + "/link")
        let folders = try VolumeFolders(of: good, engine.paths)
        let number = try #require(folders.descriptors.first)
        #expect(StoredFile.link("/proc/self/fd/\(number)") == data + "/sub")
        let input = engine.specificationInput(of: good, facts: HostFacts())
        #expect(folders.applied(to: input).volumes["/data"] == "/proc/self/fd/\(number)")
        #expect(throws: EngineError.self) { try VolumeFolders(of: missing, engine.paths) }
        #expect(throws: EngineError.self) { try VolumeFolders(of: link, engine.paths) }
    }
}
