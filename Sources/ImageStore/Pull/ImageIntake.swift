internal import Glibc
internal import LinuxSystem
public import OCISpec
internal import Synchronization

/// Takes the parts of one image in, its layers on several threads at once; nothing is visible before all of it is verified.
///
/// Whenever the process ends, what was received of layers stays below `partial`, and is used by whoever fetches them next.
public final class ImageIntake: Sendable {
    /// What is known of the image's layers.
    private struct Layers {
        /// Keeps layers of the store from being removed meanwhile.
        let intake: LayerIntake
        /// By the digests of their blobs in the manifest.
        var offered: [Digest: OfferedLayer] = [:]
        var partials: [PartialBlob] = []
    }

    let store: ImageStore
    let staging: StagingFolder
    let limits: UnpackLimits
    private let layers: Mutex<Layers>

    init(_ store: ImageStore, limits: UnpackLimits) throws {
        self.store = store
        self.limits = limits
        let intake = try LayerIntake(store.folder, limits: limits) { _ in }
        staging = intake.staging
        layers = Mutex(Layers(intake: intake))
    }

    deinit { try? staging.remove() }

    /// Whether the store has a layer already, by its blob or by what it unpacks to; then it stays.
    ///
    /// - Throws: `SystemError`.
    public func hasLayer(_ layer: Descriptor, diffID: Digest) throws -> Bool {
        try layers.withLock { layers in
            guard let present = try layers.intake.present(layer.digest) ?? layers.intake.present(diffID) else {
                return false
            }
            layers.offered[layer.digest] = present
            return true
        }
    }

    /// Begins to take in a layer, or goes on where an earlier fetch has ended.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func receive(_ layer: Descriptor) throws -> LayerReceiver {
        try LayerReceiver(layer, self)
    }

    func keep(_ layer: StagedLayer, _ partial: PartialBlob?) {
        layers.withLock { layers in
            layers.offered[layer.blob.digest] = .staged(layer)
            if let partial { layers.partials.append(partial) }
        }
    }

    /// Compares everything with what the configuration promises, and makes the image visible.
    ///
    /// - Parameters:
    ///   - manifest: its bytes; those of the configuration and the layers that it names must have come.
    ///   - references: the image's names; another image that had one of them loses it.
    /// - Throws: `ImageStoreError`, `SystemError`; after an error nothing is visible.
    public func finish(
        manifest bytes: [UInt8], configuration: [UInt8], references: [ImageReference]
    ) throws -> Image {
        let digest = try StreamDigest.of(bytes).digest
        let manifest = try ImageManifest(metadata: bytes, name: digest.description)
        let id = try StreamDigest.of(configuration).digest
        guard id == manifest.config.digest else {
            throw ImageStoreError.digestMismatch(object: "configuration", expected: manifest.config.digest, actual: id)
        }
        let (offered, partials) = layers.withLock { ($0.offered, $0.partials) }
        let parts = try manifest.layers.map { layer in
            guard let part = offered[layer.digest] else {
                throw ImageStoreError.missing("layer \(layer.digest)", from: "manifest \(digest)")
            }
            return (name: layer.digest.description, layer: part)
        }
        // Also after an error: a manifest whose layers are not those of its configuration never becomes an image.
        defer { for partial in partials { partial.remove() } }
        let image = try ResolvedImage(
            configuration: configuration, id: id, manifest: (bytes, digest), layers: parts, references: references)
        var commit = ImageCommit(store.folder, staging)
        try commit.add(image)
        try commit.finish()
        return try store.image(named: id.description)
    }
}

extension ImageStore {
    /// Begins to take in an image from elsewhere.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func receiveImage(limits: UnpackLimits = UnpackLimits()) throws -> ImageIntake {
        try ImageIntake(self, limits: limits)
    }

    /// Removes what interrupted fetches have left of layers, and what is known of interrupted uploads.
    ///
    /// - Returns: nil where there was nothing.
    /// - Throws: `SystemError`.
    public func removePartialLayers() throws -> ImageRemoval? {
        let bytes = try folder.removeUnowned(in: PartialBlob.folder) + folder.removeUnowned(in: UploadSession.folder)
        return bytes > 0 ? ImageRemoval(reclaimed: bytes) : nil
    }
}

extension Digest {
    /// The SHA-256 digest of bytes.
    ///
    /// - Throws: `InvalidDigest` never in practice.
    public init(of bytes: [UInt8]) throws {
        self = try StreamDigest.of(bytes).digest
    }
}
