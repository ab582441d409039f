/// One image of an archive that `docker save` wrote; its file `manifest.json` is an array of these.
///
/// The paths are an archive's claims: only the names of entries of the same archive, never of files.
public struct DockerArchiveEntry: JSONCodable, Hashable {
    /// The name of the file in the archive.
    public static let manifestFile = "manifest.json"

    /// The path of the configuration in the archive.
    public var config: String
    /// The references, possibly none.
    public var repoTags: [String]
    /// The paths of the layers in the archive, the lowest first.
    public var layers: [String]

    /// Makes the value from its members.
    public init(config: String, repoTags: [String] = [], layers: [String] = []) {
        self.config = config
        self.repoTags = repoTags
        self.layers = layers
    }
}

extension DockerArchiveEntry {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        config = try object.required("Config")
        repoTags = try object.optional("RepoTags") ?? []
        layers = try object.optional("Layers") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("Config", to: config)
        object.setUnlessEmpty("RepoTags", to: repoTags)
        object.setUnlessEmpty("Layers", to: layers)
        return .object(object)
    }
}
