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
    ///   - inUse: the image ids and the diff IDs of layers that containers use.
    /// - Throws: `ImageStoreError.noImage`, `.ambiguous` or `.inUse`, `SystemError`.
    @discardableResult
    public func remove(_ name: String, force: Bool = false, inUse: Set<Digest> = []) throws -> ImageRemoval {
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
        if isLast, inUse.contains(id), !force {
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
            removal.deletedLayers = try collect(into: staging, inUse: inUse)
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
        let gone = try collect(into: staging, inUse: inUse)
        _ = consume lock
        return gone
    }

    /// Moves what nobody needs into a staging folder.
    ///
    /// The store's lock must be held.
    private func collect(into staging: StagingFolder, inUse: Set<Digest>) throws -> [Digest] {
        var needed = try folder.referencedPaths()
        for digest in inUse { needed.insert(StoreFolder.path(ofBlob: digest)) }
        var gone: [Digest] = []
        for name in try folder.names(in: "layers") {
            let path = "layers/\(name)"
            guard !needed.contains(path), let diffID = try? Digest("sha256:\(name)") else { continue }
            let record = try? folder.layer(diffID)
            let layer = try folder.descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            // A load or a starting container that counts on the layer holds a shared lock on it.
            guard !inUse.contains(diffID), flock(layer.rawValue, LOCK_EX | LOCK_NB) == 0 else {
                if let record { needed.insert(StoreFolder.path(ofBlob: record.blob)) }
                continue
            }
            try staging.take(path)
            gone.append(diffID)
        }
        for name in try folder.names(in: "blobs/sha256") where !needed.contains("blobs/sha256/\(name)") {
            try staging.take("blobs/sha256/\(name)")
        }
        return gone.sorted()
    }
}

/// Keeps the layers of an image in the store for as long as it lives, whatever is removed meanwhile.
///
/// Hold one from choosing an image until the container's own record says that it uses the image.
public final class LayerHold: Sendable {
    private let descriptors: [HeldDescriptor]

    private final class HeldDescriptor: Sendable {
        let descriptor: FileDescriptor

        init(_ descriptor: consuming FileDescriptor) {
            self.descriptor = descriptor
        }
    }

    fileprivate init(_ folder: StoreFolder, _ layers: [Digest]) throws {
        var held: [HeldDescriptor] = []
        for diffID in layers {
            guard let descriptor = try folder.pin(layer: diffID) else {
                throw ImageStoreError.store(
                    "\(folder.path)/\(StoreFolder.path(ofLayer: diffID))", reason: "the layer is missing; load it again"
                )
            }
            held.append(HeldDescriptor(descriptor))
        }
        descriptors = held
    }
}

extension ImageStore {
    /// Keeps the layers of an image from being removed, also by other processes.
    ///
    /// - Throws: `ImageStoreError.store` when a layer is missing, `SystemError`.
    public func hold(_ image: Image) throws -> LayerHold {
        try LayerHold(folder, image.layers)
    }
}
