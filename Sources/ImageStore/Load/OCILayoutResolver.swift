internal import OCISpec

/// Finds the images of an OCI layout.
struct OCILayoutResolver {
    /// How deep an index may stand in another.
    private static let maximumDepth = 4

    let archive: any ImageArchive
    let platform: Platform

    /// For every name in the index its image for the platform; nil when the archive is no such layout.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    func images() throws -> [ResolvedImage]? {
        guard let bytes = try archive.file(ImageLayout.indexFile) else { return nil }
        if let header = try archive.file(ImageLayout.headerFile) {
            _ = try ImageLayout(metadata: header, name: ImageLayout.headerFile)
        }
        let index = try ImageIndex(metadata: bytes, name: ImageLayout.indexFile)
        // Manifests of one name are the variants of one image.
        var names: [String?] = []
        var groups: [String?: [Descriptor]] = [:]
        for descriptor in index.manifests where !Self.isAttestation(descriptor) {
            let name = Self.name(of: descriptor)
            if groups[name] == nil { names.append(name) }
            groups[name, default: []].append(descriptor)
        }
        var images: [ResolvedImage] = []
        for name in names {
            let descriptors = groups[name] ?? []
            // Without names, manifests for no particular platform are images of their own.
            let choices =
                name == nil && descriptors.allSatisfy { $0.platform == nil } ? descriptors.map { [$0] } : [descriptors]
            for choice in choices {
                let references = try name.flatMap(reference).map { [$0] } ?? []
                images.append(try image(from: ImageIndex(manifests: choice), references: references, depth: 0))
            }
        }
        return images
    }

    private static func isAttestation(_ descriptor: Descriptor) -> Bool {
        descriptor.annotations[AnnotationName.dockerReferenceType] != nil || descriptor.platform?.os == "unknown"
    }

    private static func name(of descriptor: Descriptor) -> String? {
        descriptor.annotations[AnnotationName.containerdImageName]
            ?? descriptor.annotations[AnnotationName.referenceName]
    }

    /// What the annotation names.
    ///
    /// A tag by itself, as most tools write it, belongs to the repository that the archive's file or folder is called
    /// after.
    private func reference(_ name: String) throws -> ImageReference? {
        if name.contains("/") || name.contains(":") {
            do throws(InvalidImageReference) {
                return try ImageReference(name)
            } catch {
                throw ImageStoreError.metadata(ImageLayout.indexFile, reason: error.description)
            }
        }
        return archive.stem.flatMap { try? ImageReference("\($0):\(name)") }
    }

    /// The best image of an index for the platform.
    private func image(from index: ImageIndex, references: [ImageReference], depth: Int) throws -> ResolvedImage {
        let candidates = index.manifests(for: platform)
        for descriptor in candidates where descriptor.mediaType.isManifest {
            return try image(of: descriptor, references: references)
        }
        for descriptor in candidates where descriptor.mediaType.isIndex {
            guard depth < Self.maximumDepth else {
                throw ImageStoreError.metadata(descriptor.digest.description, reason: "indexes are nested too deeply")
            }
            let bytes = try metadata(descriptor, from: ImageLayout.indexFile)
            let nested = try ImageIndex(metadata: bytes, name: descriptor.digest.description)
            return try image(from: nested, references: references, depth: depth + 1)
        }
        if let descriptor = candidates.first {
            throw ImageStoreError.mediaType(descriptor.mediaType.rawValue, object: descriptor.digest.description)
        }
        let available = index.manifests.filter { !Self.isAttestation($0) }.compactMap { $0.platform?.description }
        throw ImageStoreError.platform(
            wanted: platform.description, available: available.isEmpty ? ["no platform"] : available)
    }

    private func image(of descriptor: Descriptor, references: [ImageReference]) throws -> ResolvedImage {
        let name = descriptor.digest.description
        let bytes = try metadata(descriptor, from: ImageLayout.indexFile)
        let manifest = try ImageManifest(metadata: bytes, name: name)
        guard manifest.config.mediaType.isConfiguration else {
            throw ImageStoreError.mediaType(manifest.config.mediaType.rawValue, object: "manifest \(name)")
        }
        let configuration = try metadata(manifest.config, from: "manifest \(name)")
        let layers = try manifest.layers.map { layer in
            guard layer.mediaType.layerCompression != nil else {
                throw ImageStoreError.mediaType(layer.mediaType.rawValue, object: "layer \(layer.digest)")
            }
            return (layer.digest.description, try self.layer(layer, from: "manifest \(name)"))
        }
        return try ResolvedImage(
            configuration: configuration, id: manifest.config.digest, manifest: (bytes, descriptor.digest),
            layers: layers, references: references)
    }

    /// The bytes that a descriptor stands for, verified.
    private func metadata(_ descriptor: Descriptor, from source: String) throws -> [UInt8] {
        let path = try path(of: descriptor)
        guard let bytes = try archive.file(path) else {
            if let actual = archive.digest(ofUnknown: path) { try verify(actual, descriptor) }
            throw ImageStoreError.missing("blob \(descriptor.digest)", from: source)
        }
        try verify(StreamDigest.of(bytes), descriptor)
        return bytes
    }

    private func layer(_ descriptor: Descriptor, from source: String) throws -> OfferedLayer {
        let path = try path(of: descriptor)
        guard let layer = try archive.layer(path) else {
            guard let actual = archive.digest(ofUnknown: path) else {
                throw ImageStoreError.missing("blob \(descriptor.digest)", from: source)
            }
            try verify(actual, descriptor)
            throw ImageStoreError.archive(
                "layer \(descriptor.digest)", reason: "it is no tar archive (plain, gzip or zstd)")
        }
        // A layer that the store has was verified when it came, perhaps in another compression.
        if case .staged = layer { try verify(layer.blob, descriptor) }
        return layer
    }

    private func path(of descriptor: Descriptor) throws -> String {
        guard descriptor.digest.algorithm == .sha256 else {
            throw ImageStoreError.metadata(
                descriptor.digest.description, reason: "only sha256 digests can be verified here")
        }
        return ImageLayout.path(ofBlob: descriptor.digest)
    }

    private func verify(_ actual: BlobSummary, _ descriptor: Descriptor) throws {
        guard actual.digest == descriptor.digest else {
            throw ImageStoreError.digestMismatch(
                object: "blob", expected: descriptor.digest, actual: actual.digest)
        }
        guard actual.size == descriptor.size else {
            throw ImageStoreError.sizeMismatch(descriptor.digest, expected: descriptor.size, actual: actual.size)
        }
    }
}
