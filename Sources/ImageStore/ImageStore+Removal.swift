internal import Glibc
internal import LinuxSystem
public import OCISpec

/// What removing an image did.
public struct ImageRemoval: Sendable, Hashable {
    /// The names that were taken away.
    public var untagged: [ImageReference] = []
    /// The image that is gone; nil when it keeps another name.
    public var deleted: Digest?
    /// The diff IDs of the layers that nothing needed any more.
    public var deletedLayers: [Digest] = []
    /// How many bytes the files had that are gone: those of layers and blobs.
    public var reclaimed: Int64 = 0
}

extension ImageStore {
    /// Gives an image one more name; another image that had it loses it.
    ///
    /// - Throws: `ImageStoreError.noImage` or `.ambiguous`, `SystemError`.
    public func tag(_ name: String, as reference: ImageReference) throws {
        let staging = try StagingFolder(folder)
        defer { try? staging.remove() }
        let lock = try folder.lock()
        var references = try folder.references()
        let (record, _) = try find(name, references)
        references[reference.description] = record.id
        try staging.write(references.jsonBytes(pretty: true), as: StoreFolder.referencesFile)
        try folder.flush(folder: "images")
        _ = consume lock
    }

    /// Removes a name, and with the last one the image, its layers and its blobs, as far as nothing else needs them.
    ///
    /// An id removes the image with its only name; with several it has to be forced.
    /// - Parameters:
    ///   - force: also when a container was made from it, or when an id has several names. Layers stay for as long as a
    ///     container uses them.
    ///   - inUse: the image ids and the diff IDs of layers that containers use. It is asked while the layers are locked.
    /// - Throws: `ImageStoreError.noImage`, `.ambiguous` or `.inUse`, `SystemError`.
    @discardableResult
    public func remove(
        _ name: String, force: Bool = false, inUse: @autoclosure () throws -> Set<Digest> = []
    ) throws -> ImageRemoval {
        let staging = try StagingFolder(folder)
        // Outside the lock: removing thousands of files takes its time.
        defer { try? staging.remove() }
        let lock = try folder.lock()
        var references = try folder.references()
        // Not the record, which may be damaged: this is how to get rid of it.
        let (id, reference) = try identify(name, references)
        let names = references.filter { $0.value == id }.keys.sorted()
        let gone = reference.map { [$0.description] } ?? names
        let isLast = gone.count == names.count
        if reference == nil, names.count > 1, !force {
            throw ImageStoreError.inUse(
                name, reason: "it has \(names.count) names; remove them one by one, or force it")
        }
        if isLast, !force, try inUse().contains(id) {
            throw ImageStoreError.inUse(name, reason: "a container was made from it; remove that first, or force it")
        }
        var removal = ImageRemoval()
        for name in gone {
            references[name] = nil
            if let reference = try? ImageReference(name) { removal.untagged.append(reference) }
        }
        try staging.write(references.jsonBytes(pretty: true), as: StoreFolder.referencesFile)
        if isLast {
            try staging.take(StoreFolder.path(ofImage: id))
            removal.deleted = id
            (removal.deletedLayers, removal.reclaimed) = try collect(into: staging, LayerLocks(folder), inUse: inUse)
        }
        try folder.flush(folder: "images")
        _ = consume lock
        return removal
    }

    /// Removes layers and blobs that no image and no container needs.
    ///
    /// Found by looking at what there is, never by counting, so it also finds what an older fault has left.
    /// - Parameter inUse: the image ids and the diff IDs of layers that containers use.
    /// - Returns: the diff IDs of the layers that are gone.
    /// - Throws: `ImageStoreError`, `SystemError`.
    @discardableResult
    public func collectGarbage(inUse: Set<Digest> = []) throws -> [Digest] {
        let staging = try StagingFolder(folder)
        defer { try? staging.remove() }
        let lock = try folder.lock()
        let gone = try collect(into: staging, LayerLocks(folder)) { inUse }
        _ = consume lock
        return gone.layers
    }

    /// Removes an image unless a container was made from it, or is being made from one of its layers.
    ///
    /// - Parameters:
    ///   - id: the image.
    ///   - isDangling: whether it must have lost all of its names, too.
    ///   - inUse: the image ids and the diff IDs of layers that containers use. It is asked while the layers are locked.
    /// - Returns: nil when it was not removed.
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func removeUnused(
        _ id: Digest, isDangling: Bool, inUse: () throws -> Set<Digest>
    ) throws -> ImageRemoval? {
        let staging = try StagingFolder(folder)
        // Outside the lock: removing thousands of files takes its time.
        defer { try? staging.remove() }
        let lock = try folder.lock()
        var references = try folder.references()
        let names = references.filter { $0.value == id }.keys.sorted()
        guard let record = try folder.image(id), !isDangling || names.isEmpty else { return nil }
        // First the locks, then the records: whoever is making a container holds the layers until its record is there.
        let locks = LayerLocks(folder)
        for layer in record.layers where try !locks.take(layer.diffID) { return nil }
        guard try !inUse().contains(id) else { return nil }
        var removal = ImageRemoval(untagged: names.compactMap { try? ImageReference($0) }, deleted: id)
        if !names.isEmpty {
            for name in names { references[name] = nil }
            try staging.write(references.jsonBytes(pretty: true), as: StoreFolder.referencesFile)
        }
        try staging.take(StoreFolder.path(ofImage: id))
        (removal.deletedLayers, removal.reclaimed) = try collect(into: staging, locks, inUse: inUse)
        try folder.flush(folder: "images")
        _ = consume lock
        return removal
    }

    /// Moves what nobody needs into a staging folder.
    ///
    /// The store's lock must be held.
    /// - Returns: the diff IDs of the layers that are gone, and how many bytes they and their blobs had.
    private func collect(
        into staging: StagingFolder, _ locks: LayerLocks, inUse: () throws -> Set<Digest>
    ) throws -> (layers: [Digest], bytes: Int64) {
        // Until all is taken.
        defer { withExtendedLifetime(locks) {} }
        var needed = try folder.referencedPaths()
        var unneeded: [(diffID: Digest, record: LayerRecord?)] = []
        for diffID in try folder.digests(in: "layers") where !needed.contains(StoreFolder.path(ofLayer: diffID)) {
            let record = try? folder.layer(diffID)
            // A load or a starting container that counts on the layer holds a shared lock on it.
            if try locks.take(diffID) {
                unneeded.append((diffID, record))
            } else if let record {
                needed.insert(StoreFolder.path(ofBlob: record.blob))
            }
        }
        // Whoever makes a container holds the configuration of its image, too; nobody new does once the image is none.
        let blobs = try folder.names(in: "blobs/sha256").map { "blobs/sha256/\($0)" }.filter { path throws in
            try !needed.contains(path) && !folder.isPinned(blob: path)
        }
        // Asked when all are locked: a container that was being made before has its record by now.
        let used = try inUse()
        for digest in used { needed.insert(StoreFolder.path(ofBlob: digest)) }
        var gone: [Digest] = []
        var bytes: Int64 = 0
        for (diffID, record) in unneeded {
            if used.contains(diffID) {
                if let record { needed.insert(StoreFolder.path(ofBlob: record.blob)) }
                continue
            }
            try staging.take(StoreFolder.path(ofLayer: diffID))
            gone.append(diffID)
            bytes += record?.size ?? 0
        }
        for path in blobs where !needed.contains(path) {
            bytes += folder.size(of: path)
            try staging.take(path)
        }
        return (gone.sorted(), bytes)
    }
}
