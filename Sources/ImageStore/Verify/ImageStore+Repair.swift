internal import Glibc
internal import LinuxSystem
public import OCISpec

extension ImageStore {
    /// Mends what can be mended by what the store has: unpacks layers again, writes records anew, and removes what nothing needs.
    ///
    /// Content that is damaged or missing has to be replaced before, see ``replaceBlob(_:)``.
    ///
    /// - Parameters:
    ///   - damages: what ``verify(_:uses:)`` has found.
    ///   - uses: what containers need.
    ///   - whileIdle: carries its body out while no container runs on a layer; otherwise it says which one does.
    /// - Returns: why what is still damaged is so, as far as there is a reason besides its remedy.
    /// - Throws: what `uses` throws.
    public func repair(
        _ damages: [StoreDamage], uses: @escaping () throws -> [StoreUse] = { [] },
        whileIdle: (_ layer: Digest, _ body: () throws -> Void) throws -> String? = { _, body in
            try body()
            return nil
        }
    ) throws -> [StoreObject: String] {
        var reasons: [StoreObject: String] = [:]
        for damage in damages {
            do {
                switch (damage.object, damage.remedy) {
                case (.reference(let name), _): try remove(name: name)
                case (.image(let id), .rewrite): try rewrite(id)
                case (.blob(let digest), .remove), (.blob(let digest), .push): try remove(damaged: digest)
                case (.layer(let diffID), .unpack(let blob)):
                    reasons[damage.object] = try unpack(blob, asLayer: diffID, uses, whileIdle)
                case (.layer(let diffID), .remove): try remove(unneeded: diffID, uses)
                case (.stray(let path), _): try take(path)
                default: break
                }
            } catch {
                reasons[damage.object] = "\(error)"
            }
        }
        return reasons
    }

    /// Takes away a name that stands for no image.
    private func remove(name: String) throws {
        let staging = try StagingFolder(folder)
        defer { try? staging.remove() }
        let lock = try folder.lock()
        var references = try folder.references()
        if let id = references[name], !folder.exists(StoreFolder.path(ofImage: id)) {
            references[name] = nil
            try staging.write(references.jsonBytes(pretty: true), as: StoreFolder.referencesFile)
            try folder.flush(folder: "images")
        }
        _ = consume lock
    }

    /// Takes damaged content out of the store, so that it is not given to anybody, and taken when it comes again.
    private func remove(damaged digest: Digest) throws {
        let path = StoreFolder.path(ofBlob: digest)
        let file: FileDescriptor
        do throws(SystemError) {
            file = try folder.descriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        } catch {
            if error.errno == .noSuchFile { return }
            // What cannot even be opened is none of ours.
            return try take(path)
        }
        guard case .damaged = StoreFolder.hash(file, digest, path) else { return }
        let staging = try StagingFolder(folder)
        defer { try? staging.remove() }
        let lock = try folder.lock()
        // Another may have replaced it meanwhile.
        if folder.isStill(file, path) { try staging.take(path) }
        _ = consume lock
    }

    private func take(_ path: String) throws {
        let staging = try StagingFolder(folder)
        defer { try? staging.remove() }
        try staging.take(path)
    }

    private func remove(unneeded diffID: Digest, _ uses: () throws -> [StoreUse]) throws {
        let staging = try StagingFolder(folder)
        defer { try? staging.remove() }
        let lock = try folder.lock()
        let locks = LayerLocks(folder)
        guard try locks.take(diffID) else { return }
        let path = StoreFolder.path(ofLayer: diffID)
        if try !folder.referencedPaths().contains(path), try !uses().contains(where: { $0.layers.contains(diffID) }) {
            try staging.take(path)
        }
        _ = consume lock
    }

    // MARK: - Layers

    /// Makes a layer's files anew from its blob.
    ///
    /// - Returns: nil, or what keeps it from being replaced.
    private func unpack(
        _ blob: Digest, asLayer diffID: Digest, _ uses: @escaping () throws -> [StoreUse],
        _ whileIdle: (Digest, () throws -> Void) throws -> String?
    ) throws -> String? {
        let staging = try StagingFolder(folder)
        defer { try? staging.remove() }
        let name = try stage(blob, diffID, staging)
        let path = StoreFolder.path(ofLayer: diffID)
        let locks = LayerLocks(folder)
        guard try locks.take(diffID) else { return "a container is being made from it; try again" }
        return try whileIdle(diffID) {
            let lock = try folder.lock()
            let needed = try? folder.referencedPaths().contains(path)
            if try needed ?? true || folder.exists(path) || uses().contains(where: { $0.layers.contains(diffID) }) {
                try staging.replace(path, with: name)
                try folder.flush(folder: "layers")
            }
            _ = consume lock
        }
    }

    /// Unpacks a blob into a staging folder, and waits until the disk has it.
    ///
    /// - Returns: the name there.
    private func stage(_ blob: Digest, _ diffID: Digest, _ staging: StagingFolder) throws -> String {
        let file = try folder.open(blob: blob)
        let size = Int64(try file.status().st_size)
        var head: [UInt8] = []
        try file.forEachChunk(upTo: min(size, Int64(ContentKind.headSize)), of: "\(blob)") { head += $0 }
        let ingestion = try LayerIngestion(
            staging, kind: head.withUnsafeBytes { ContentKind($0) }, name: "\(blob)", size: size,
            limits: UnpackLimits(), target: BlobTarget(name: "", number: file.duplicate().release(), existing: size))
        defer { ingestion.abandon() }
        try file.forEachChunk(upTo: size, of: "\(blob)") { try ingestion.write($0) }
        let staged = try ingestion.finish()
        guard staged.blob.digest == blob else {
            throw ImageStoreError.digestMismatch(object: "blob", expected: blob, actual: staged.blob.digest)
        }
        let record = try staged.record.get()
        guard record.diffID == diffID else {
            throw ImageStoreError.digestMismatch(object: "layer \(blob)", expected: diffID, actual: record.diffID)
        }
        try staging.write(record.jsonBytes(pretty: true), to: "\(staged.folderName)/\(LayerRecord.file)")
        try checked(FileCalls.syncFileSystem(staging.descriptor.rawValue), "flush", folder.path)
        return staged.folderName
    }

    // MARK: - Images

    /// Writes the record of an image anew, from its configuration and its layers.
    private func rewrite(_ id: Digest) throws {
        let bytes = try configurationBytes(id)
        let actual = try StreamDigest.of(bytes).digest
        guard actual == id else {
            throw ImageStoreError.digestMismatch(object: "configuration", expected: id, actual: actual)
        }
        let configuration = try ImageConfiguration(metadata: bytes, name: id.description)
        let records = try configuration.rootfs.diffIDs.map { diffID in
            guard let record = try folder.layer(diffID) else {
                throw ImageStoreError.store(
                    "\(folder.path)/\(StoreFolder.path(ofLayer: diffID))", reason: "the layer is missing; load it again"
                )
            }
            return record
        }
        let record = ImageRecord(
            id: id, manifest: try manifest(of: id, records.map(\.blob)),
            layers: records.map { ImageRecord.Layer(diffID: $0.diffID, blob: $0.blob) },
            size: records.reduce(0) { $0 + $1.size }, loaded: WallClock.now())
        let staging = try StagingFolder(folder)
        defer { try? staging.remove() }
        let lock = try folder.lock()
        // Not when somebody has removed it meanwhile.
        if folder.exists(StoreFolder.path(ofImage: id)) {
            try staging.write(record.jsonBytes(pretty: true), as: StoreFolder.path(ofImage: id))
            try folder.flush(folder: "images")
        }
        _ = consume lock
    }

    /// The manifest of the store that names this configuration and these layers.
    private func manifest(of id: Digest, _ layers: [Digest]) throws -> Digest? {
        return try folder.digests(in: "blobs/sha256").sorted().first { digest in
            let path = StoreFolder.path(ofBlob: digest)
            guard folder.size(of: path) <= RepositoryStore.manifestLimit, let bytes = try? folder.read(path),
                bytes.first == UInt8(ascii: "{"), let manifest = try? ImageManifest(jsonBytes: bytes)
            else { return false }
            return manifest.config.digest == id && manifest.layers.map(\.digest) == layers
        }
    }
}
