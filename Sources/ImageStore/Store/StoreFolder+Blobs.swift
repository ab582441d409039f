internal import Glibc
internal import LinuxSystem
internal import OCISpec

extension StoreFolder {
    /// Opens a blob for reading.
    ///
    /// - Throws: `ImageStoreError.store` when it is missing, `SystemError`.
    func open(blob digest: Digest) throws -> FileDescriptor {
        do throws(SystemError) {
            return try descriptor.open(Self.path(ofBlob: digest), O_RDONLY | O_NOFOLLOW)
        } catch {
            guard error.errno == .noSuchFile else { throw error }
            throw missing(digest)
        }
    }

    func missing(_ digest: Digest) -> ImageStoreError {
        .store("\(path)/\(Self.path(ofBlob: digest))", reason: "the blob is missing; load the image again")
    }

    /// What a manifest says of an image's layers, as their blobs are here.
    ///
    /// - Throws: `ImageStoreError.store` when one is missing, `SystemError`.
    func layerDescriptors(of image: ImageRecord) throws -> [Descriptor] {
        try image.layers.map { layer in
            let head = try open(blob: layer.blob)
            return Descriptor(
                mediaType: try Self.mediaType(of: head, layer.blob), digest: layer.blob,
                size: Int64(try head.status().st_size))
        }
    }

    /// The manifest that the image came with, if it names just these blobs; otherwise a new one.
    ///
    /// - Throws: `SystemError`.
    func manifest(
        of image: ImageRecord, configurationSize: Int, _ layers: [Descriptor]
    ) throws -> (bytes: [UInt8], digest: Digest, mediaType: MediaType) {
        if let digest = image.manifest, let bytes = try read(Self.path(ofBlob: digest)),
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
}
