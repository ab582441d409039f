/// The manifest of one image: its configuration and its layers (OCI image-spec 1.1, and Docker's schema 2).
///
/// A document that could also be read as an index is refused (CVE-2021-41190).
public struct ImageManifest: JSONCodable, Hashable {
    /// What the document says it is.
    public var mediaType: MediaType?
    /// What the artifact is, when this is no image.
    public var artifactType: String?
    /// The configuration.
    public var config: Descriptor
    /// The layers, the lowest first.
    public var layers: [Descriptor]
    /// The manifest that this one is about.
    public var subject: Descriptor?
    /// Free text by name.
    public var annotations: [String: String]

    /// Makes the value from its members.
    public init(
        mediaType: MediaType? = nil, artifactType: String? = nil, config: Descriptor, layers: [Descriptor],
        subject: Descriptor? = nil, annotations: [String: String] = [:]
    ) {
        self.mediaType = mediaType
        self.artifactType = artifactType
        self.config = config
        self.layers = layers
        self.subject = subject
        self.annotations = annotations
    }
}

extension ImageManifest {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        guard try object.required("schemaVersion", as: Int.self) == 2 else {
            throw JSONError("only version 2 is supported").within(member: "schemaVersion")
        }
        guard object["manifests"] == nil else {
            throw JSONError("a manifest must not have this member of an index").within(member: "manifests")
        }
        mediaType = try object.optional("mediaType")
        if let mediaType, !mediaType.isManifest {
            throw JSONError("\(JSONError.quoted(mediaType.rawValue)) is no image manifest").within(member: "mediaType")
        }
        artifactType = try object.nonEmpty("artifactType")
        config = try object.required("config")
        layers = try object.list("layers")
        subject = try object.optional("subject")
        annotations = try object.optional("annotations") ?? [:]
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("schemaVersion", to: 2)
        object.set("mediaType", to: mediaType)
        object.set("artifactType", to: artifactType)
        object.set("config", to: config)
        object.set("layers", to: layers)
        object.set("subject", to: subject)
        object.setUnlessEmpty("annotations", to: annotations)
        return .object(object)
    }
}
