internal import LinuxSystem
internal import OCISpec

extension ImageStore {
    /// Every image, those loaded last first.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func images() throws -> [Image] {
        let references = try folder.references()
        return try folder.images().map { try image($0, references) }.sorted { ($1.loaded, $0.id) < ($0.loaded, $1.id) }
    }

    /// The image of that name: a reference in its short or long form, `sha256:` and an id, or the first digits of an id.
    ///
    /// - Throws: `ImageStoreError.noImage` or `.ambiguous`, `SystemError`.
    public func image(named name: String) throws -> Image {
        let references = try folder.references()
        let (record, _) = try find(name, references)
        return try image(record, references)
    }

    /// The absolute folders of an image's layers, the topmost first: what overlayfs takes as `lowerdir`.
    ///
    /// - Throws: `ImageStoreError.store` when a layer is missing, `SystemError`.
    public func layerPaths(of image: Image) throws -> [String] {
        var paths: [String] = []
        for diffID in image.layers.reversed() {
            guard let record = try folder.layer(diffID) else {
                throw ImageStoreError.store(
                    "\(folder.path)/\(StoreFolder.path(ofLayer: diffID))", reason: "the layer is missing; load it again"
                )
            }
            paths.append("\(folder.path)/\(StoreFolder.path(ofLayer: diffID))/diff")
            if record.hidesLowerLayers { break }
        }
        return paths
    }

    /// Bytes in the files of each of an image's layers, the base first.
    ///
    /// - Throws: `ImageStoreError.store` when a layer is missing, `SystemError`.
    public func layerSizes(of image: Image) throws -> [Int64] {
        try image.layers.map { diffID in
            guard let record = try folder.layer(diffID) else {
                throw ImageStoreError.store(
                    "\(folder.path)/\(StoreFolder.path(ofLayer: diffID))", reason: "the layer is missing; load it again"
                )
            }
            return record.size
        }
    }

    /// The configuration of an image, as its bytes came.
    ///
    /// - Throws: `ImageStoreError.store` when it is missing, `SystemError`.
    public func configurationBytes(of image: Image) throws -> [UInt8] {
        try configurationBytes(image.id)
    }

    /// As above by the image's id; its record may be gone.
    func configurationBytes(_ id: Digest) throws -> [UInt8] {
        let path = StoreFolder.path(ofBlob: id)
        guard let bytes = try folder.read(path) else {
            throw ImageStoreError.store("\(folder.path)/\(path)", reason: "the configuration is missing; load it again")
        }
        return bytes
    }

    private func image(_ record: ImageRecord, _ references: [String: Digest]) throws -> Image {
        Image(
            id: record.id,
            references: references.filter { $0.value == record.id }.keys.sorted().compactMap {
                try? ImageReference($0)
            },
            manifest: record.manifest,
            configuration: try ImageConfiguration(
                metadata: configurationBytes(record.id), name: record.id.description),
            layers: record.layers.map(\.diffID), size: record.size, loaded: record.loaded)
    }

    /// The record of the named image, and the reference that the name was, if it was one.
    func find(_ name: String, _ references: [String: Digest]) throws -> (ImageRecord, ImageReference?) {
        let (id, reference) = try identify(name, references)
        guard let record = try folder.image(id) else { throw ImageStoreError.noImage(name) }
        return (record, reference)
    }

    /// The id of the named image, whose record may be damaged, and the reference that the name was, if it was one.
    func identify(_ name: String, _ references: [String: Digest]) throws -> (Digest, ImageReference?) {
        if let reference = try? ImageReference(name) {
            if let id = references[reference.description], folder.exists(StoreFolder.path(ofImage: id)) {
                return (id, reference)
            }
            if let digest = reference.digest {
                // NAME@DIGEST: an image that came with that manifest and has that name in any version.
                let record = try folder.images().first { record in
                    (record.manifest == digest || record.id == digest)
                        && references.contains {
                            $0.value == record.id && (try? ImageReference($0.key))?.name == reference.name
                        }
                }
                if let record { return (record.id, nil) }
            }
        }
        let digits = name.hasPrefix("sha256:") ? name.dropFirst(7) : name[...]
        guard !digits.isEmpty, digits.utf8.count <= 64,
            digits.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
        else { throw ImageStoreError.noImage(name) }
        let matches = try folder.imageIDs().filter { $0.hex.hasPrefix(digits) }
        guard matches.count < 2 else {
            throw ImageStoreError.ambiguous(name, matches: matches.prefix(5).map(\.shortened))
        }
        guard let id = matches.first else { throw ImageStoreError.noImage(name) }
        return (id, nil)
    }
}
