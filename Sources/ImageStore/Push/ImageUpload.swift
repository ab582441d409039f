internal import Glibc
public import LinuxSystem
public import OCISpec

/// An image as a registry takes it: what it came with, byte for byte.
public struct ImageUpload: Sendable {
    /// The manifest's bytes.
    public let manifest: [UInt8]
    /// The manifest's digest.
    public let digest: Digest
    /// The manifest's kind.
    public let mediaType: MediaType
    /// The configuration.
    public let configuration: Descriptor
    /// The layers, the base first, and their diff IDs.
    public let layers: [(blob: Descriptor, diffID: Digest)]
    private let folder: StoreFolder
    /// Nothing of it is removed meanwhile.
    private let hold: LayerHold

    init(_ folder: StoreFolder, _ record: ImageRecord, _ hold: LayerHold) throws {
        self.folder = folder
        self.hold = hold
        let blobs = try folder.layerDescriptors(of: record)
        layers = Array(zip(blobs, record.layers.map(\.diffID)))
        let size = folder.size(of: StoreFolder.path(ofBlob: record.id))
        (manifest, digest, mediaType) = try folder.manifest(of: record, configurationSize: Int(size), blobs)
        let manifest = try ImageManifest(metadata: manifest, name: digest.description)
        configuration = manifest.config
    }

    /// Opens the file of a layer or of the configuration.
    ///
    /// - Throws: `ImageStoreError.store` when it is missing, `SystemError`.
    public func open(_ blob: Descriptor) throws -> FileDescriptor { try folder.open(blob: blob.digest) }
}

extension ImageStore {
    /// The named image as a registry takes it.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func upload(of name: String) throws -> ImageUpload {
        let (record, _) = try find(name, folder.references())
        let hold = try hold(image(named: record.id.description))
        return try ImageUpload(folder, record, hold)
    }

    /// The names of images that have a layer, on any registry: where it came from, or where it went to.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func references(ofImagesWith blob: Digest) throws -> [ImageReference] {
        let references = try folder.references()
        return try folder.images().filter { $0.layers.contains { $0.blob == blob } }.flatMap { image in
            references.filter { $0.value == image.id }.keys.sorted().compactMap { try? ImageReference($0) }
        }
    }
}
