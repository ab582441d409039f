internal import CArchive
internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Makes verified images visible, in an order that leaves nothing half visible whenever the process ends.
///
/// The disk: everything of the load lies in the staging folder. One syncfs(2) there waits until the file system has it;
/// the blob's share is mostly written by then, because ``BlobWriter`` starts that early. Only then come the renames, and
/// the record of the image last: a journal commits renames in order, so after a power failure a record never refers to
/// a layer that is missing or has empty files. One syncfs costs less than an fsync for each of thousands of files, and
/// unlike a record of "written in this boot" it leaves nothing to be distrusted or repaired after a crash.
struct ImageCommit {
    let store: StoreFolder
    let staging: StagingFolder
    /// Blobs and layers to be renamed into place: the name in the staging folder and the path in the store.
    private var moves: [(name: String, target: String)] = []
    private var targets: Set<String> = []
    private var records: [ImageRecord] = []
    private var references: [(reference: ImageReference, id: Digest)] = []

    init(_ store: StoreFolder, _ staging: StagingFolder) {
        self.store = store
        self.staging = staging
    }

    /// Puts an image on the list.
    ///
    /// - Throws: `SystemError`, and what the layers' records hold.
    mutating func add(_ image: ResolvedImage) throws {
        try addBlob(image.configuration, image.id)
        if let manifest = image.manifest { try addBlob(manifest.bytes, manifest.digest) }
        var layers: [ImageRecord.Layer] = []
        var size: Int64 = 0
        for layer in image.layers {
            let record: LayerRecord
            switch layer {
            case .present(let known): record = known
            case .staged(let staged):
                record = try staged.record.get()
                try addLayer(staged, record)
            }
            layers.append(ImageRecord.Layer(diffID: record.diffID, blob: record.blob))
            size += record.size
        }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        records.append(
            ImageRecord(
                id: image.id, manifest: image.manifest?.digest, layers: layers, size: size,
                loaded: Timestamp(seconds: Int64(now.tv_sec), nanoseconds: UInt32(now.tv_nsec)) ?? .unixEpoch))
        references += image.references.map { ($0, image.id) }
    }

    private mutating func addBlob(_ bytes: [UInt8], _ digest: Digest) throws {
        let target = StoreFolder.path(ofBlob: digest)
        guard targets.insert(target).inserted else { return }
        let name = staging.newName("blob")
        let file = try staging.descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
        try file.writeAll(bytes)
        moves.append((name, target))
    }

    private mutating func addLayer(_ layer: StagedLayer, _ record: LayerRecord) throws {
        let target = StoreFolder.path(ofLayer: record.diffID)
        if targets.insert(target).inserted {
            let file = try staging.descriptor.open(
                "\(layer.folderName)/\(LayerRecord.file)", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
            try file.writeAll(record.jsonBytes(pretty: true))
            moves.append((layer.folderName, target))
        }
        let blob = StoreFolder.path(ofBlob: record.blob)
        if targets.insert(blob).inserted { moves.append((layer.blobName, blob)) }
    }

    /// Flushes, and makes everything visible.
    ///
    /// - Throws: `SystemError`, `ImageStoreError`.
    func finish() throws {
        if moves.contains(where: { !store.exists($0.target) }) {
            try checked(FileCalls.syncFileSystem(staging.descriptor.rawValue), "flush", store.path)
        }
        let lock = try store.lock()
        // Another load may have brought the same in the meantime; then its copy stays, and this one is removed.
        let new = moves.filter { !store.exists($0.target) }
        try staging.note(new.map(\.target))
        for (name, target) in new { try staging.publish(name, as: target) }
        for record in records {
            for path in record.paths where !store.exists(path) {
                throw ImageStoreError.store(
                    "\(store.path)/\(path)", reason: "it was removed while the image was being loaded; load it again")
            }
            try staging.write(record.jsonBytes(pretty: true), as: StoreFolder.path(ofImage: record.id))
        }
        if !references.isEmpty {
            var known = try store.references()
            for (reference, id) in references { known[reference.description] = id }
            try staging.write(known.jsonBytes(pretty: true), as: StoreFolder.referencesFile)
        }
        try store.flush(folder: "images")
        _ = consume lock
    }
}
