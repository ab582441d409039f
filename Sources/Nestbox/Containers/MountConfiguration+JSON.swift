public import OCISpec

extension MountConfiguration: JSONCodable {
    /// Reads the form that `json` writes.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        let kindName: String = try object.required("kind")
        guard let kind = Kind(rawValue: kindName) else { throw JSONError("unknown mount kind \(kindName)") }
        self.init(
            kind: kind, source: try object.optional("source"), target: try object.required("target"),
            readOnly: try object.optional("readOnly") ?? false)
        if let name: String = try object.optional("propagation") {
            guard let value = Propagation(rawValue: name) else { throw JSONError("unknown propagation \(name)") }
            propagation = value
        }
        if let name: String = try object.optional("recursion") {
            guard let value = Recursion(rawValue: name) else { throw JSONError("unknown recursion \(name)") }
            recursion = value
        }
        createSource = try object.optional("createSource") ?? false
        volumeNoCopy = try object.optional("volumeNoCopy") ?? false
        volumeSubpath = try object.optional("volumeSubpath")
        tmpfsSize = try object.optional("tmpfsSize")
        tmpfsMode = try object.optional("tmpfsMode")
        tmpfsOptions = try object.optional("tmpfsOptions") ?? []
    }

    /// The JSON form.
    public var json: JSONValue {
        var object: JSONObject = ["kind": .string(kind.rawValue)]
        object.set("source", to: source)
        object["target"] = .string(target)
        object.set("readOnly", to: readOnly, unless: false)
        object.set("propagation", to: propagation?.rawValue)
        object.set("recursion", to: recursion.rawValue, unless: Recursion.enabled.rawValue)
        object.set("createSource", to: createSource, unless: false)
        object.set("volumeNoCopy", to: volumeNoCopy, unless: false)
        object.set("volumeSubpath", to: volumeSubpath)
        object.set("tmpfsSize", to: tmpfsSize)
        object.set("tmpfsMode", to: tmpfsMode)
        object.setUnlessEmpty("tmpfsOptions", to: tmpfsOptions)
        return .object(object)
    }
}
