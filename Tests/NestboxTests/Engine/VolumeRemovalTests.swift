import Glibc
import LinuxSystem
import OCISpec
import Testing

@testable import Nestbox

/// Who may remove a volume when, and what is left of one.
@Suite struct VolumeRemovalTests {
    let folder: TemporaryFolder
    let engine: Engine

    init() throws {
        folder = try TemporaryFolder()
        engine = try folder.engine()
    }

    private func container(_ volume: String?, _ target: String = "/data") throws -> ContainerRecord {
        var configuration = ContainerConfiguration(image: "x", command: ["x"])
        configuration.mounts = [MountConfiguration(kind: .volume, source: volume, target: target)]
        return try engine.make(configuration, from: try emptyImage(folder)).record
    }

    @Test func aVolumeThatAContainerIsBeingMadeWithIsKept() throws {
        do {
            let hold = try engine.volumeStore.make("data") { _ in }
            #expect(try engine.pruneVolumes(all: true).removed == [])
            #expect(engine.volumeStore.exists("data"))
            // A container may be made with it meanwhile.
            _ = try container("data")
            withExtendedLifetime(hold) {}
        }
        #expect(try engine.pruneVolumes(all: true).removed == [])
        try engine.remove(try #require(engine.list(all: true).first))
        #expect(try engine.pruneVolumes(all: true).removed == ["data"])
    }

    @Test func pruneTakesAnonymousVolumesOnly() throws {
        let named = try engine.createVolume("data", labels: ["a": "1"])
        let loose = try engine.createVolume()
        let record = try container(nil)
        #expect(!named.isAnonymous && loose.isAnonymous)
        #expect(try engine.volume(record.anonymousVolumes[0]).isAnonymous)
        #expect(try engine.pruneVolumes().removed == [loose.name])
        // Whoever names 64 digits has named it.
        let digits = String(repeating: "a", count: 64)
        #expect(try !engine.createVolume(digits).isAnonymous)
        #expect(try engine.pruneVolumes().removed == [])
    }

    @Test func aDamagedRecordKeepsEveryVolume() throws {
        let record = try container("data")
        try StoredFile.write(engine.paths.container(record.id).record, "{", mode: 0o600)
        #expect(throws: EngineError.self) { try engine.pruneVolumes(all: true) }
        #expect(throws: EngineError.self) { try engine.removeVolume("data") }
        #expect(engine.volumeStore.exists("data"))
        #expect(try engine.volumes().map(\.name) == ["data"])
    }

    @Test func whatDeadCommandsLeftIsRemoved() throws {
        _ = try engine.createVolume("whole")
        for (name, part) in [("making", "unfinished"), ("removing", "unfinished/sub"), ("empty", "")] {
            try StoredFile.makeFolder("\(engine.paths.volumes)/\(name)/\(part)")
        }
        // One that is alive has the lock.
        try StoredFile.makeFolder(engine.paths.volume("alive"))
        let lock = try #require(try FolderLock.acquire(engine.paths.volume("alive")))
        #expect(try engine.volumes().map(\.name) == ["whole"])
        #expect(try Set(StoredFile.names(in: engine.paths.volumes)) == ["whole", "alive"])
        lock.hold()
    }

    /// They have no record.
    @Test func volumesOfEarlierVersionsAreKnown() throws {
        let digits = String(repeating: "b", count: 64)
        for name in ["data", digits] { try StoredFile.makeFolder(engine.paths.volumeData(name)) }
        let volume = try engine.volume("data")
        #expect(volume.labels == [:] && !volume.isAnonymous && volume.created > .unixEpoch)
        #expect(try engine.pruneVolumes().removed == [digits])
        // A power cut may have emptied one.
        try StoredFile.write(engine.paths.volumeRecord("data"), "", mode: 0o600)
        #expect(try engine.volumes().map(\.name) == ["data"])
    }

    @Test func manyMakersAndRemoversLeaveWholeVolumes() throws {
        concurrently(8) { number in
            for _ in 0..<40 {
                if number < 4 {
                    do {
                        let hold = try engine.volumeStore.make("data") { folder in
                            close(openat(folder.rawValue, "file", O_WRONLY | O_CREAT, 0o600))
                        }
                        withExtendedLifetime(hold) {
                            #expect(StoredFile.exists(engine.paths.volumeData("data") + "/file"))
                        }
                    } catch {
                        Issue.record(error)
                    }
                } else {
                    do {
                        try engine.removeVolume("data")
                    } catch EngineError.noSuchVolume {
                    } catch {
                        Issue.record(error)
                    }
                }
            }
        }
    }

    @Test func sizesAreThoseOnTheDisk() throws {
        let top = try folder.makeFolder("size")
        _ = try folder.write("size/file", String(repeating: "x", count: 10_000))
        #expect(link(top + "/file", top + "/again") == 0)
        #expect(symlink("/etc", top + "/link") == 0)
        _ = try folder.makeFolder("size/sub")
        _ = try folder.write("size/sub/file", "12345")
        #expect(TreeSize.bytes(below: top) == 10_009)
        // A hole of 1 TiB takes nothing.
        let sparse = open(top + "/sparse", O_WRONLY | O_CREAT, 0o600)
        #expect(ftruncate(sparse, 1 << 40) == 0)
        close(sparse)
        #expect(TreeSize.bytes(below: top) == 10_009)
        #expect(TreeSize.bytes(below: top + "/link") == 0 && TreeSize.bytes(below: top + "/none") == 0)
    }
}
