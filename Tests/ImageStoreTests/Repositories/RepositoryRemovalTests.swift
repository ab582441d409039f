import Glibc
import ImageStore
import LinuxSystem
import OCISpec
import Testing

/// Repositories that are made and removed, and what is left by a process that dies in the middle.
struct RepositoryRemovalTests {
    private typealias Fixture = RepositoryFixture

    @Test func aRepositoryIsMadeOnceWithItsSettings() throws {
        let fixture = try Fixture()
        let settings = RepositorySettings(visibility: .public, tagMutability: .immutable)
        try fixture.store.create(fixture.name, settings)
        let found = try fixture.store.settings(of: fixture.name)
        #expect(found.visibility == .public && found.tagMutability == .immutable && found.created != nil)
        #expect(throws: RepositoryError.repositoryExists(fixture.name)) {
            try fixture.store.create(fixture.name, RepositorySettings())
        }
        // A push makes nothing new of it.
        try fixture.store.create(fixture.name)
        try fixture.push("x", "1")
        try #expect(fixture.store.settings(of: fixture.name) == found)
        try fixture.store.change(fixture.name) { $0.tagMutability = .mutable }
        try #expect(fixture.store.settings(of: fixture.name).tagMutability == .mutable)
        try #expect(fixture.store.settings(of: fixture.name).visibility == .public)
    }

    @Test func aRepositoryWithImagesIsRemovedByForceOnly() throws {
        let fixture = try Fixture()
        let below = try RepositoryName("team/web/below")
        let kept = try fixture.push("kept", "1", to: below)
        let shared = try Digest(of: Array("{}".utf8))
        let digest = try fixture.push("x", "1")
        #expect(throws: RepositoryError.notEmpty(fixture.name, images: 1)) {
            try fixture.store.remove(fixture.name, force: false)
        }
        try fixture.store.remove(fixture.name, force: true)
        try #expect(fixture.store.repositories() == [below])
        #expect(!fixture.hasBlob(digest) && fixture.hasBlob(kept) && fixture.hasBlob(shared))
        #expect(throws: RepositoryError.noRepository(fixture.name)) {
            try fixture.store.remove(fixture.name, force: true)
        }
        try fixture.store.remove(below, force: true)
        for folder in ["registry/team", "blobs/sha256"] {
            let names = names("\(fixture.root)/\(folder)")
            #expect(names.isEmpty, "\(folder): \(names)")
        }
    }

    @Test func anImageOrAContainerKeepsWhatARemovedRepositoryHad() throws {
        let used = try Digest(of: Array("x".utf8))
        let fixture = try Fixture(inUse: [used])
        try fixture.push("x", "1")
        try fixture.store.remove(fixture.name, force: true)
        #expect(fixture.hasBlob(used))
    }

    @Test func anUploadIntoARemovedRepositoryIsTold() throws {
        let fixture = try Fixture()
        let upload = try fixture.store.beginUpload(to: fixture.name)
        try [UInt8(1)].withUnsafeBytes { try upload.append($0) }
        try fixture.store.remove(fixture.name, force: false)
        #expect(throws: RepositoryError.noRepository(fixture.name)) { try upload.finish(as: Digest(of: [1])) }
        try #expect(fixture.store.repositories() == [])
    }

    @Test func whatADeadRemovalHasLeftIsNotInherited() throws {
        let fixture = try Fixture()
        try fixture.push("x", "1")
        try fixture.store.put(try Fixture.policy(Fixture.any, "imageCountMoreThan", 1), on: fixture.name)
        try fixture.store.change(fixture.name) { $0.tagMutability = .immutable }
        // As after the first rename.
        try #require(rename(fixture.path("_manifests"), "\(fixture.root)/tmp/gone") == 0)
        try #expect(fixture.store.repositories() == [])
        try fixture.store.create(fixture.name)
        try #expect(fixture.store.tags(of: fixture.name) == [])
        try #expect(fixture.store.settings(of: fixture.name).tagMutability == nil)
        #expect(throws: RepositoryError.noLifecyclePolicy(fixture.name)) {
            try fixture.store.lifecycle(of: fixture.name)
        }
        let layer = try Digest(of: Array("x".utf8))
        #expect(throws: RepositoryError.noBlob(layer)) { _ = try fixture.store.open(layer, in: fixture.name) }
        #expect(!fixture.hasBlob(layer))
    }

    @Test func aSweepFinishesADeadRemoval() throws {
        let fixture = try Fixture()
        try fixture.push("x", "1")
        try #require(rename(fixture.path("_manifests"), "\(fixture.root)/tmp/gone") == 0)
        try fixture.store.removeStale()
        #expect(names("\(fixture.root)/registry").filter { !$0.hasPrefix("_") } == [])
        try #expect(!fixture.hasBlob(Digest(of: Array("x".utf8))))
    }

    /// Each row: what of a removal had been done when its process died.
    @Test(arguments: [
        [], ["_tags/1"], ["_tags/1", "_tags/2"], ["_tags/1", "_manifests"], ["_tags/1", "_manifests", "blob"],
    ])
    func whatWasBegunIsFinishedByTheNextChange(done: [String]) throws {
        for next in ["push", "again", "policy", "sweep", "delete"] {
            let fixture = try Fixture()
            let digest = try fixture.push("x", "1", "2")
            let archived = try fixture.push("z", "3")
            let pending: JSONValue = [
                "expired": .array([digest.json]), "archived": .array([archived.json]), "time": WallClock.now().json,
            ]
            let text = String(decoding: pending.serialized(), as: UTF8.self)
            try StoredFile.write(fixture.path("_pending"), text, mode: 0o600)
            for step in done {
                let path =
                    switch step {
                    case "blob": "\(fixture.root)/blobs/sha256/\(digest.hex)"
                    case "_manifests": fixture.path("_manifests/\(digest.hex)")
                    default: fixture.path(step)
                    }
                try #require(unlink(path) == 0)
            }
            switch next {
            case "push": try fixture.push("y", "9")
            case "again": try fixture.push("x", "9")
            case "policy":
                try fixture.store.put(try Fixture.policy(Fixture.any, "imageCountMoreThan", 10), on: fixture.name)
                try fixture.store.applyLifecycle(to: fixture.name)
            case "sweep": try fixture.store.removeStale()
            default:
                #expect(throws: RepositoryError.noManifest(.digest(digest))) {
                    try fixture.store.remove(manifest: digest, from: fixture.name)
                }
            }
            #expect(!fixture.has("_pending"), "\(next)")
            try #expect(fixture.image(archived)?.archivedAt != nil, "\(next)")
            let image = try fixture.image(digest)
            // The same content, pushed afterwards, is a new image with its new tag alone.
            #expect(image?.tags == (next == "again" ? ["9"] : nil), "\(next)")
            #expect(fixture.hasBlob(digest) == (next == "again"), "\(next)")
            try #expect(fixture.store.tags(of: fixture.name).contains("1") == false)
        }
    }

    @Test func collectionsRunBesidePushesAndPulls() async throws {
        let fixture = try Fixture()
        try fixture.store.create(fixture.name)
        let other = try RepositoryName("kept")
        let kept = try fixture.push("kept", "1", to: other)
        try fixture.store.put(try Fixture.policy(Fixture.any, "imageCountMoreThan", 2), on: fixture.name)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<4 {
                group.addTask {
                    for number in 0..<25 {
                        // Many have the same layers, and some the same manifests.
                        try fixture.push("layer \(number % 7)", "c\(client)-\(number)")
                        try fixture.store.recordPull(of: kept, in: other)
                        _ = try fixture.store.manifest(.tag("1"), in: other)
                    }
                }
            }
            group.addTask { for _ in 0..<40 { _ = try fixture.store.applyLifecycles() } }
            group.addTask { for _ in 0..<20 { try ImageStore(root: fixture.root).collectGarbage() } }
            try await group.waitForAll()
        }
        _ = try fixture.store.applyLifecycles()
        let images = try fixture.store.images(of: fixture.name)
        #expect(images.count == 2)
        for image in images {
            _ = try fixture.store.manifest(.digest(image.digest), in: fixture.name)
            #expect(image.size > 2)
        }
        try #expect(fixture.store.tags(of: fixture.name).sorted() == images.flatMap(\.tags).sorted())
    }
}
