internal import OCISpec

/// What a manifest or an index says, as far as a registry has to know it.
struct ManifestContent {
    /// What it is.
    var mediaType: MediaType
    /// The blobs and manifests that must be there.
    var parts: [Descriptor]
    /// The manifest that this one is about.
    var subject: Digest?
    /// What the artifact is; nil where it does not say.
    var artifactType: String?
    var annotations: [String: String]

    /// Reads a manifest.
    ///
    /// - Parameter mediaType: what whoever sends it says that it is; nil: what it says itself.
    /// - Throws: `RepositoryError.manifest`.
    init(_ bytes: [UInt8], mediaType: MediaType?) throws(RepositoryError) {
        do throws(JSONError) {
            let json = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: RepositoryStore.manifestLimit))
            let stated = try json.object().optional("mediaType", as: MediaType.self)
            if let stated, let mediaType, stated != mediaType {
                throw JSONError("it says that it is \(stated), and was sent as \(mediaType)")
            }
            let isIndex = (mediaType ?? stated)?.isIndex ?? (json["manifests"] != nil)
            if isIndex {
                let index = try ImageIndex(json: json)
                self.mediaType = mediaType ?? stated ?? .imageIndex
                parts = index.manifests
                subject = index.subject?.digest
                artifactType = index.artifactType
                annotations = index.annotations
            } else {
                let manifest = try ImageManifest(json: json)
                self.mediaType = mediaType ?? stated ?? .imageManifest
                // Layers that must not be passed on are elsewhere.
                parts = [manifest.config] + manifest.layers.filter { !$0.isElsewhere }
                subject = manifest.subject?.digest
                artifactType = manifest.artifactType ?? manifest.config.mediaType.rawValue
                annotations = manifest.annotations
            }
        } catch {
            throw .manifest(reason: error.description)
        }
        guard self.mediaType.isIndex || self.mediaType.isManifest else {
            throw .manifest(reason: "\(self.mediaType) is neither an image manifest nor an index")
        }
    }
}

extension Descriptor {
    /// Whether it is a layer that only its own places may give away.
    fileprivate var isElsewhere: Bool {
        !urls.isEmpty
            && (mediaType.rawValue.contains("foreign") || mediaType.rawValue.contains("nondistributable"))
    }
}
