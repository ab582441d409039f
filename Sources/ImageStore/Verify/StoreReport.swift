public import OCISpec

/// Something that the store keeps.
public enum StoreObject: Sendable, Hashable {
    /// The content of that digest: a manifest, a configuration, or a layer as it came.
    case blob(Digest)
    /// An unpacked layer, by its diff ID.
    case layer(Digest)
    /// What is known of an image, by its id.
    case image(Digest)
    /// Which name stands for which image.
    case references
    /// A name without an image.
    case reference(String)
    /// A file of a repository of the own registry, as a path below the root.
    case repository(String)
    /// Nothing of the store's, as a path below the root.
    case stray(String)
}

/// Something of the store that is not as it should be.
public struct StoreDamage: Sendable, Hashable {
    /// What can be done about it.
    public enum Remedy: Sendable, Hashable {
        /// It comes from the registry of one of these images.
        case fetch([ImageReference], isManifest: Bool)
        /// It is made from the layer as it came.
        case unpack(blob: Digest)
        /// It is written anew from what it says and refers to.
        case rewrite
        /// It is removed: nothing needs it.
        case remove
        /// A client has to push it again; what is left of it is removed.
        case push
        /// Its image has to be loaded or pulled again.
        case load
    }

    /// What is damaged.
    public var object: StoreObject
    /// What is wrong with it.
    public var problem: String
    /// What needs it: images, repositories and containers, in their order.
    public var users: [String]
    /// What can be done.
    public var remedy: Remedy
}

/// What a store was found to hold.
public struct StoreReport: Sendable, Hashable {
    /// How many blobs were hashed.
    public var blobs = 0
    /// How many bytes they have.
    public var bytes: Int64 = 0
    /// How many unpacked layers were looked at.
    public var layers = 0
    /// How many of them could not be compared with what they came from, which is damaged.
    public var uncomparedLayers = 0
    /// How many images there are.
    public var images = 0
    /// How many repositories the own registry has.
    public var repositories = 0
    /// What is damaged.
    public var damages: [StoreDamage] = []

    /// Whether everything is as it should be.
    public var isWhole: Bool { damages.isEmpty }
    /// What a registry may still have.
    public var origins: [BlobOrigin] {
        damages.compactMap { damage in
            guard case .blob(let digest) = damage.object, case .fetch(let references, let isManifest) = damage.remedy
            else { return nil }
            return BlobOrigin(digest: digest, isManifest: isManifest, references: references)
        }
    }
}

/// Where the content of a digest may be had.
public struct BlobOrigin: JSONCodable, Hashable {
    /// The digest.
    public var digest: Digest
    /// Whether registries have it among the manifests.
    public var isManifest: Bool
    /// The images that it belongs to.
    public var references: [ImageReference]

    /// Names a place.
    public init(digest: Digest, isManifest: Bool, references: [ImageReference]) {
        self.digest = digest
        self.isManifest = isManifest
        self.references = references
    }

    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        digest = try object.required("digest")
        isManifest = try object.optional("isManifest") ?? false
        let names: [String] = try object.required("references")
        references = names.compactMap { try? ImageReference($0) }
    }

    /// The JSON form.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("digest", to: digest)
        object.set("isManifest", to: isManifest, unless: false)
        object.set("references", to: references.map(\.description))
        return .object(object)
    }
}

/// What a container needs of the store.
public struct StoreUse: Sendable, Hashable {
    /// How it is called: `container web`.
    public var user: String
    /// The configuration of its image.
    public var image: Digest?
    /// The diff IDs of its layers.
    public var layers: Set<Digest>

    /// Names a use.
    public init(user: String, image: Digest?, layers: Set<Digest>) {
        self.user = user
        self.image = image
        self.layers = layers
    }
}
