import Glibc
import ImageStore
import LinuxSystem
import OCISpec
import Testing

struct RepositoryStoreTests {
    private let type = MediaType.imageManifest

    private func with(_ body: (RepositoryStore, String) throws -> Void) throws {
        let folder = try TemporaryFolder()
        let root = "\(folder.path)/root"
        try withExtendedLifetime(folder) {
            try body(RepositoryStore(try ImageStore(root: root)) { [] }, root)
        }
    }

    private func put(_ bytes: [UInt8], _ store: RepositoryStore, _ name: RepositoryName) throws -> Digest {
        let upload = try store.beginUpload(to: name)
        try bytes.withUnsafeBytes { try upload.append($0) }
        let digest = try Digest(of: bytes)
        try upload.finish(as: digest)
        return digest
    }

    private func manifest(_ config: Digest, _ layer: Digest, note: String = "") -> [UInt8] {
        ImageManifest(
            mediaType: type, config: Descriptor(mediaType: .emptyJSON, digest: config, size: 2),
            layers: [Descriptor(mediaType: .layer, digest: layer, size: 3)],
            annotations: note.isEmpty ? [:] : ["note": note]
        ).jsonBytes()
    }

    /// Makes files of a repository as old as the pyramids.
    private func age(_ root: String, _ path: String) throws {
        var times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        try #require(utimensat(AT_FDCWD, "\(root)/registry/\(path)", &times, 0) == 0)
    }

    @Test func whatARepositoryHasSurvivesEveryCollection() throws {
        try with { store, root in
            let name = try RepositoryName("a/b")
            let (config, layer) = (try put([1, 2], store, name), try put([3, 4, 5], store, name))
            let stored = try store.put(
                manifest(config, layer), mediaType: type, as: .tag("1"), in: name, keepsTags: false)
            try ImageStore(root: root).collectGarbage()
            try #expect(store.manifest(.tag("1"), in: name).digest == stored.digest)
            for blob in [config, layer] { _ = try store.open(blob, in: name) }
            // Old, and needed by a manifest.
            try age(root, "a/b/_blobs/\(layer.hex)")
            try store.removeStale()
            _ = try store.open(layer, in: name)
            try store.remove(manifest: stored.digest, from: name)
            #expect(throws: RepositoryError.self) { try store.manifest(.tag("1"), in: name) }
            try #expect(store.tags(of: name) == [])
            try store.removeStale()
            #expect(throws: RepositoryError.noBlob(layer)) { _ = try store.open(layer, in: name) }
            // Young: it may be on its way into another manifest.
            _ = try store.open(config, in: name)
            #expect(access("\(root)/blobs/sha256/\(layer.hex)", F_OK) != 0)
            #expect(access("\(root)/blobs/sha256/\(stored.digest.hex)", F_OK) != 0)
        }
    }

    @Test func whoeverAsksForABlobKeepsItForADay() throws {
        try with { store, root in
            let name = try RepositoryName("a")
            let blob = try put([1], store, name)
            try age(root, "a/_blobs/\(blob.hex)")
            try #expect(store.size(of: blob, in: name) == 1)
            try store.removeStale()
            _ = try store.open(blob, in: name)
        }
    }

    @Test func anImageKeepsWhatARepositoryLetsGo() throws {
        try with { store, root in
            let (one, two) = (try RepositoryName("one"), try RepositoryName("two"))
            let blob = try put([1], store, one)
            try #expect(store.mount(blob, from: one, into: two))
            try store.remove(blob: blob, from: one)
            _ = try store.open(blob, in: two)
            try store.remove(blob: blob, from: two)
            #expect(access("\(root)/blobs/sha256/\(blob.hex)", F_OK) != 0)
            let used = RepositoryStore(try ImageStore(root: root)) { [blob] }
            _ = try put([1], used, one)
            try used.remove(blob: blob, from: one)
            #expect(access("\(root)/blobs/sha256/\(blob.hex)", F_OK) == 0)
        }
    }

    @Test func anUploadHasOneWriterAndGoesOnAnywhere() throws {
        try with { store, root in
            let name = try RepositoryName("a")
            let id: String
            do {
                let upload = try store.beginUpload(to: name)
                id = upload.id
                try [1, 2].withUnsafeBytes { try upload.append($0) }
                withExtendedLifetime(upload) {
                    _ = #expect(throws: RepositoryError.uploadBusy(id)) { try store.upload(id, to: name) }
                }
            }
            // Another process knows no hash of the first bytes.
            let other = RepositoryStore(try ImageStore(root: root)) { [] }
            let upload = try other.upload(id, to: name)
            #expect(upload.size == 16)
            let rest: [UInt8] = [3]
            try rest.withUnsafeBytes { try upload.append($0) }
            let all = [1, 2].withUnsafeBytes { Array($0) } + rest
            try upload.finish(as: Digest(of: all))
            try #expect(other.open(Digest(of: all), in: name).readAll() == all)
            #expect(throws: RepositoryError.noUpload(id)) { try store.upload(id, to: name) }
            #expect(throws: RepositoryError.noUpload("../x")) { try store.upload("../x", to: name) }
            let paused = try store.beginUpload(to: name)
            try rest.withUnsafeBytes { try paused.append($0) }
            paused.pause()
            let resumed = try store.upload(paused.id, to: name)
            withExtendedLifetime(paused) { #expect(resumed.size == 1) }
            try resumed.finish(as: Digest(of: rest))
            let stale = try store.beginUpload(to: name).id
            try age(root, "a/_uploads/\(stale)")
            try store.removeStale()
            #expect(throws: RepositoryError.noUpload(stale)) { try store.size(ofUpload: stale, to: name) }
        }
    }

    @Test func anImmutableTagStays() throws {
        try with { store, _ in
            let name = try RepositoryName("a")
            let (config, layer) = (try put([1, 2], store, name), try put([3, 4, 5], store, name))
            func push(_ note: String) throws -> StoredManifest {
                try store.put(
                    manifest(config, layer, note: note), mediaType: type, as: .tag("1"), in: name, keepsTags: true)
            }
            let first = try push("x")
            // The same once more is no change.
            try #expect(push("x").digest == first.digest)
            #expect(throws: RepositoryError.tagExists("1", first.digest)) { try push("y") }
            try #expect(store.manifest(.tag("1"), in: name).digest == first.digest)
        }
    }

    @Test func anIndexWantsItsManifests() throws {
        try with { store, _ in
            let name = try RepositoryName("a")
            let (config, layer) = (try put([1, 2], store, name), try put([3, 4, 5], store, name))
            let bytes = manifest(config, layer)
            let digest = try Digest(of: bytes)
            let index = ImageIndex(
                mediaType: .imageIndex,
                manifests: [Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))]
            ).jsonBytes()
            #expect(throws: RepositoryError.missingPart(digest)) {
                try store.put(index, mediaType: .imageIndex, as: .tag("1"), in: name, keepsTags: false)
            }
            _ = try store.put(bytes, mediaType: type, as: .digest(digest), in: name, keepsTags: false)
            _ = try store.put(index, mediaType: .imageIndex, as: .tag("1"), in: name, keepsTags: false)
            try #expect(store.manifest(.tag("1"), in: name).mediaType == .imageIndex)
            #expect(throws: RepositoryError.self) {
                try store.put(index, mediaType: type, as: .tag("2"), in: name, keepsTags: false)
            }
        }
    }

    @Test func aSecretIsMadeOnceAndForItsOwnerOnly() async throws {
        let folder = try TemporaryFolder()
        let root = "\(folder.path)/root"
        let images = try ImageStore(root: root)
        let secrets = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<16 {
                group.addTask { try RepositoryStore(images) { [] }.secret("test") }
            }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(secrets.count == 1 && secrets.first?.count == 32)
        let store = RepositoryStore(images) { [] }
        try #expect(store.secret("other") != store.secret("test"))
        let file = "\(root)/registry/_secrets/test"
        var status = stat()
        #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
        // Nothing lies beside it, and it is no repository.
        #expect(try StoredFile.names(in: "\(root)/registry/_new") == [])
        #expect(try store.repositories() == [])
        try FileDescriptor.open(file, O_WRONLY | O_TRUNC).writeAll([1, 2, 3])
        #expect { try store.secret("test") } throws: { "\($0)".contains("it is damaged; remove it") }
        withExtendedLifetime(folder) {}
    }
}
