/// A list of manifests, as a rule of one image for several platforms (OCI image-spec 1.1, and Docker's manifest
/// list).
///
/// A document that could also be read as a manifest is refused (CVE-2021-41190).
public struct ImageIndex: JSONCodable, Hashable {
    /// What the document says it is.
    public var mediaType: MediaType?
    /// What the artifact is, when these are no images.
    public var artifactType: String?
    /// The manifests.
    public var manifests: [Descriptor]
    /// The manifest that this one is about.
    public var subject: Descriptor?
    /// Free text by name.
    public var annotations: [String: String]

    /// Makes the value from its members.
    public init(
        mediaType: MediaType? = nil, artifactType: String? = nil, manifests: [Descriptor], subject: Descriptor? = nil,
        annotations: [String: String] = [:]
    ) {
        self.mediaType = mediaType
        self.artifactType = artifactType
        self.manifests = manifests
        self.subject = subject
        self.annotations = annotations
    }
}

extension ImageIndex {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        guard try object.required("schemaVersion", as: Int.self) == 2 else {
            throw JSONError("only version 2 is supported").within(member: "schemaVersion")
        }
        for member in ["config", "layers"] where object[member] != nil {
            throw JSONError("an index must not have this member of a manifest").within(member: member)
        }
        mediaType = try object.optional("mediaType")
        if let mediaType, !mediaType.isIndex {
            throw JSONError("\(JSONError.quoted(mediaType.rawValue)) is no image index").within(member: "mediaType")
        }
        artifactType = try object.nonEmpty("artifactType")
        manifests = try object.list("manifests")
        subject = try object.optional("subject")
        annotations = try object.optional("annotations") ?? [:]
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("schemaVersion", to: 2)
        object.set("mediaType", to: mediaType)
        object.set("artifactType", to: artifactType)
        object.set("manifests", to: manifests)
        object.set("subject", to: subject)
        object.setUnlessEmpty("annotations", to: annotations)
        return .object(object)
    }
}
