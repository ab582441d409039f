/// A reference to content: what it is, its digest and its size.
public struct Descriptor: JSONCodable, Hashable {
    /// What the content is.
    public var mediaType: MediaType
    /// The digest of the content.
    public var digest: Digest
    /// The size of the content in bytes; never negative when read.
    public var size: Int64
    /// What the image is for, when the content is a manifest in an index.
    public var platform: Platform?
    /// Free text by name.
    public var annotations: [String: String]
    /// Places that offer the content; nothing is fetched from them.
    public var urls: [String]
    /// What the artifact is, when the content is a manifest of one.
    public var artifactType: String?
    /// The content itself in base64.
    public var data: String?

    /// Makes the value from its members.
    public init(
        mediaType: MediaType, digest: Digest, size: Int64, platform: Platform? = nil,
        annotations: [String: String] = [:], urls: [String] = [], artifactType: String? = nil, data: String? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.annotations = annotations
        self.urls = urls
        self.artifactType = artifactType
        self.data = data
    }
}

extension Descriptor {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        mediaType = try object.required("mediaType")
        digest = try object.required("digest")
        size = try object.required("size")
        platform = try object.optional("platform")
        annotations = try object.optional("annotations") ?? [:]
        urls = try object.optional("urls") ?? []
        guard size >= 0 else { throw JSONError("a size cannot be negative").within(member: "size") }
        artifactType = try object.nonEmpty("artifactType")
        data = try object.nonEmpty("data")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("mediaType", to: mediaType)
        object.set("digest", to: digest)
        object.set("size", to: size)
        object.set("platform", to: platform)
        object.setUnlessEmpty("annotations", to: annotations)
        object.setUnlessEmpty("urls", to: urls)
        object.set("artifactType", to: artifactType)
        object.set("data", to: data)
        return .object(object)
    }
}
