public import OCISpec

/// One `--volumes-from`: a container whose volumes and folders of the host are mounted at the same places.
public struct VolumeSource: JSONCodable, Hashable {
    /// The container's name, id or unique id prefix.
    public var container: String
    /// Nothing can be written through them; otherwise it is as in that container.
    public var readOnly: Bool

    /// What a container has.
    public init(container: String, readOnly: Bool = false) {
        self.container = container
        self.readOnly = readOnly
    }

    /// Parses `CONTAINER[:ro|rw]`.
    ///
    /// - Throws: `ConfigurationError`.
    public init(parsing text: String, option: String) throws(ConfigurationError) {
        let parts = text.parts(UInt8(ascii: ":"))
        guard (1...2).contains(parts.count), !parts[0].isEmpty, parts.count == 1 || ["ro", "rw"].contains(parts[1])
        else {
            throw ConfigurationError(
                option, text, "it names no container", accepted: "give CONTAINER, CONTAINER:ro or CONTAINER:rw")
        }
        self.init(container: parts[0], readOnly: parts.last == "ro" && parts.count == 2)
    }

    /// Reads the form that `json` writes.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(
            container: try object.required("container"), readOnly: try object.optional("readOnly") ?? false)
    }

    /// The JSON form.
    public var json: JSONValue {
        var object: JSONObject = ["container": .string(container)]
        object.set("readOnly", to: readOnly, unless: false)
        return .object(object)
    }

    /// The form that `init(parsing:)` reads.
    public var text: String { readOnly ? container + ":ro" : container }
}
