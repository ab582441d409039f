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
        let layers = try image.layers.map { layer in
            let head = try open(layer.blob)
            return Descriptor(
                mediaType: try Self.mediaType(of: head, layer.blob), digest: layer.blob,
                size: Int64(try head.status().st_size))
        }
        for layer in layers { try addBlob(layer.digest) }
        guard let configuration = try store.read(StoreFolder.path(ofBlob: image.id)) else { throw missing(image.id) }
        try addBlob(configuration, image.id)
        let manifest = try manifest(of: image, configurationSize: configuration.count, layers)
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

    /// The manifest that the image came with, if it names just these blobs; otherwise a new one.
    private func manifest(
        of image: ImageRecord, configurationSize: Int, _ layers: [Descriptor]
    ) throws -> (bytes: [UInt8], digest: Digest, mediaType: MediaType) {
        if let digest = image.manifest, let bytes = try store.read(StoreFolder.path(ofBlob: digest)),
            let manifest = try? ImageManifest(jsonBytes: bytes), manifest.config.digest == image.id,
            manifest.layers.map(\.digest) == layers.map(\.digest)
        {
            return (bytes, digest, manifest.mediaType ?? .imageManifest)
        }
        let manifest = ImageManifest(
            mediaType: .imageManifest,
            config: Descriptor(mediaType: .imageConfiguration, digest: image.id, size: Int64(configurationSize)),
            layers: layers)
        let bytes = manifest.jsonBytes()
        return (bytes, try StreamDigest.of(bytes).digest, .imageManifest)
    }

    private static func mediaType(of blob: borrowing FileDescriptor, _ digest: Digest) throws -> MediaType {
        let number = blob.rawValue
        var head = [UInt8](repeating: 0, count: ContentKind.headSize)
        let count = try retrying("read", digest.description) { pread(number, &head, head.count, 0) }
        switch head[..<count].withUnsafeBytes({ ContentKind($0) }) {
        case .gzip: return .layerGzip
        case .zstd: return .layerZstd
        case .tar, .json, .unknown, .otherCompression: return .layer
        }
    }

    // MARK: - Entries

    private func open(_ digest: Digest) throws -> FileDescriptor {
        do throws(SystemError) {
            return try store.descriptor.open(StoreFolder.path(ofBlob: digest), O_RDONLY | O_NOFOLLOW)
        } catch {
            guard error.errno == .noSuchFile else { throw error }
            throw missing(digest)
        }
    }

    private func missing(_ digest: Digest) -> ImageStoreError {
        .store("\(store.path)/\(StoreFolder.path(ofBlob: digest))", reason: "the blob is missing; load the image again")
    }

    private mutating func addBlob(_ digest: Digest) throws {
        guard written.insert(digest).inserted else { return }
        let file = try open(digest)
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
