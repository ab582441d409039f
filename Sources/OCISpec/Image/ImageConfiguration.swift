/// What an image says of itself and of the containers made from it (OCI image-spec 1.1, with Docker's additions).
///
/// Members that neither has are ignored; an image's identity is the digest of its original bytes.
public struct ImageConfiguration: JSONCodable, Hashable {
    /// What the image is for.
    public var platform: Platform
    /// The layers.
    public var rootfs: RootFilesystem
    /// What containers made from the image use unless told otherwise.
    public var config: Config?
    /// When it was made.
    public var created: Timestamp?
    /// Who made it.
    public var author: String?
    /// How each layer was made, the lowest first.
    public var history: [History]

    /// Makes the value from its members.
    public init(
        platform: Platform, rootfs: RootFilesystem, config: Config? = nil, created: Timestamp? = nil,
        author: String? = nil, history: [History] = []
    ) {
        self.platform = platform
        self.rootfs = rootfs
        self.config = config
        self.created = created
        self.author = author
        self.history = history
    }
}

extension ImageConfiguration {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        platform = try Platform(json: json)
        rootfs = try object.required("rootfs")
        config = try object.optional("config")
        created = try object.optional("created")
        author = try object.nonEmpty("author")
        history = try object.optional("history") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        // The platform's members stand beside the others.
        var object = platform.json.objectValue ?? JSONObject()
        object.set("rootfs", to: rootfs)
        object.set("config", to: config)
        object.set("created", to: created)
        object.set("author", to: author)
        object.setUnlessEmpty("history", to: history)
        return .object(object)
    }
}

extension ImageConfiguration {
    /// The layers of an image.
    public struct RootFilesystem: JSONCodable, Hashable {
        /// The form, always `layers`.
        public var type: String
        /// The digests of the uncompressed layers, the lowest first.
        public var diffIDs: [Digest]

        /// Makes the value from its members.
        public init(type: String = "layers", diffIDs: [Digest]) {
            self.type = type
            self.diffIDs = diffIDs
        }
    }
}

extension ImageConfiguration.RootFilesystem {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        type = try object.optional("type") ?? "layers"
        guard type == "layers" else { throw JSONError("expected \"layers\"").within(member: "type") }
        diffIDs = try object.list("diff_ids")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("type", to: type)
        object.set("diff_ids", to: diffIDs)
        return .object(object)
    }
}

extension ImageConfiguration {
    /// How a layer was made.
    public struct History: JSONCodable, Hashable {
        /// When.
        public var created: Timestamp?
        /// By which command.
        public var createdBy: String?
        /// By whom.
        public var author: String?
        /// What there is to say about it.
        public var comment: String?
        /// Whether the step made no layer.
        public var emptyLayer: Bool

        /// Makes the value from its members.
        public init(
            created: Timestamp? = nil, createdBy: String? = nil, author: String? = nil, comment: String? = nil,
            emptyLayer: Bool = false
        ) {
            self.created = created
            self.createdBy = createdBy
            self.author = author
            self.comment = comment
            self.emptyLayer = emptyLayer
        }
    }
}

extension ImageConfiguration.History {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        created = try object.optional("created")
        createdBy = try object.nonEmpty("created_by")
        author = try object.nonEmpty("author")
        comment = try object.nonEmpty("comment")
        emptyLayer = try object.optional("empty_layer") ?? false
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("created", to: created)
        object.set("created_by", to: createdBy)
        object.set("author", to: author)
        object.set("comment", to: comment)
        object.set("empty_layer", to: emptyLayer, unless: false)
        return .object(object)
    }
}
