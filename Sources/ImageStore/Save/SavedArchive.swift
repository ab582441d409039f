internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// A `docker save` archive that is being written.
struct SavedArchive {
    private let store: StoreFolder
    private var tar: TarWriter
    private var written: Set<Digest> = []
    private var entries: [DockerArchiveEntry] = []
    private var manifests: [Descriptor] = []
    private var hasFolders = false

    /// - Parameter write: takes the archive's bytes.
    init(_ store: StoreFolder, _ write: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.store = store
        tar = TarWriter(write)
    }

    /// Writes an image: its layers, its configuration and its manifest.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`, what the archive's consumer throws.
    mutating func add(_ image: ImageRecord, _ references: [ImageReference]) throws {
        if !hasFolders {
            for folder in ["blobs", "blobs/sha256"] {
                try tar.start(TarEntry(kind: .folder, path: Array(folder.utf8), permissions: 0o755))
            }
            hasFolders = true
        }
        let layers = try store.layerDescriptors(of: image)
        for layer in layers { try addBlob(layer.digest) }
        guard let configuration = try store.read(StoreFolder.path(ofBlob: image.id)) else {
            throw store.missing(image.id)
        }
        try addBlob(configuration, image.id)
        let manifest = try store.manifest(of: image, configurationSize: configuration.count, layers)
        try addBlob(manifest.bytes, manifest.digest)
        entries.append(
            DockerArchiveEntry(
                config: ImageLayout.path(ofBlob: image.id), repoTags: references.map(\.familiar),
                layers: layers.map { ImageLayout.path(ofBlob: $0.digest) }))
        let descriptor = Descriptor(
            mediaType: manifest.mediaType, digest: manifest.digest, size: Int64(manifest.bytes.count))
        if references.isEmpty { manifests.append(descriptor) }
        for reference in references {
            var named = descriptor
            named.annotations[AnnotationName.containerdImageName] = reference.description
            named.annotations[AnnotationName.referenceName] = reference.tag
            manifests.append(named)
        }
    }

    /// Writes what says which images there are, and ends the archive.
    ///
    /// - Throws: what the archive's consumer throws.
    mutating func finish() throws {
        try addFile(ImageLayout.headerFile, ImageLayout().jsonBytes())
        try addFile(ImageLayout.indexFile, ImageIndex(mediaType: .imageIndex, manifests: manifests).jsonBytes())
        try addFile(DockerArchiveEntry.manifestFile, JSONValue.array(entries.map(\.json)).serialized())
        try tar.finish()
    }

    // MARK: - Entries

    private mutating func addBlob(_ digest: Digest) throws {
        guard written.insert(digest).inserted else { return }
        let file = try store.open(blob: digest)
        try tar.start(
            TarEntry(
                kind: .file, path: Array(ImageLayout.path(ofBlob: digest).utf8),
                size: Int64(try file.status().st_size)))
        var hash = StreamDigest()
        try withUnsafeTemporaryAllocation(byteCount: ChunkRing.chunkSize, alignment: 4096) { buffer in
            while case let count = try file.read(into: buffer), count > 0 {
                let run = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                hash.update(run)
                try tar.writeData(run)
            }
        }
        let actual = try hash.finish().digest
        guard actual == digest else {
            throw ImageStoreError.store(
                "\(store.path)/\(StoreFolder.path(ofBlob: digest))",
                reason: "the blob has changed to \(actual); remove the image and load it again")
        }
    }

    private mutating func addBlob(_ bytes: [UInt8], _ digest: Digest) throws {
        guard written.insert(digest).inserted else { return }
        try addFile(ImageLayout.path(ofBlob: digest), bytes)
    }

    private mutating func addFile(_ path: String, _ bytes: [UInt8]) throws {
        try tar.start(TarEntry(kind: .file, path: Array(path.utf8), size: Int64(bytes.count)))
        try tar.writeData(bytes)
    }
}
