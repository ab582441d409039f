internal import OCISpec

/// An image of an archive whose parts were all found and verified.
struct ResolvedImage {
    /// The configuration's bytes and their digest.
    var configuration: [UInt8]
    var id: Digest
    /// The manifest's bytes and their digest; nil for the old form of `docker save`.
    var manifest: (bytes: [UInt8], digest: Digest)?
    /// The base first.
    var layers: [OfferedLayer]
    var references: [ImageReference]
}

extension ResolvedImage {
    /// Puts an image together, and compares every layer with what the configuration promises.
    ///
    /// - Parameter layers: for each layer its name in the archive and the layer.
    /// - Throws: `ImageStoreError`.
    init(
        configuration bytes: [UInt8], id: Digest, manifest: (bytes: [UInt8], digest: Digest)? = nil,
        layers offered: [(name: String, layer: OfferedLayer)], references: [ImageReference]
    ) throws {
        let configuration = try ImageConfiguration(metadata: bytes, name: id.description)
        let diffIDs = configuration.rootfs.diffIDs
        guard diffIDs.count == offered.count else {
            throw ImageStoreError.metadata(
                id.description, reason: "it names \(diffIDs.count) layers, the manifest \(offered.count)")
        }
        for (diffID, (name, layer)) in zip(diffIDs, offered) {
            let actual: Digest
            switch layer {
            case .present(let record): actual = record.diffID
            case .staged(let staged):
                do {
                    actual = try staged.record.get().diffID
                } catch let error as ImageStoreError {
                    throw ImageStoreError.layer(staged.blob.digest, reason: error)
                } catch {
                    throw ImageStoreError.layerNotWritten(staged.blob.digest, reason: "\(error)")
                }
            }
            guard actual == diffID else {
                throw ImageStoreError.digestMismatch(object: "layer \(name)", expected: diffID, actual: actual)
            }
        }
        self.configuration = bytes
        self.id = id
        self.manifest = manifest
        self.layers = offered.map(\.layer)
        self.references = references
    }
}

extension JSONCodable {
    /// Reads a manifest, index or configuration.
    ///
    /// - Throws: `ImageStoreError.metadata`.
    init(metadata bytes: [UInt8], name: String) throws(ImageStoreError) {
        do throws(JSONError) {
            try self.init(jsonBytes: bytes, limits: JSONLimits(bytes: max(bytes.count, 1)))
        } catch {
            throw .metadata(name, reason: error.description)
        }
    }
}
