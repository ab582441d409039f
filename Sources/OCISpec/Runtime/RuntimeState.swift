/// The state of a container as hooks get it and `state` prints it (OCI runtime-spec 1.3).
public struct RuntimeState: JSONCodable, Hashable {
    /// The version of the specification.
    public var ociVersion: String
    /// The container's identifier.
    public var id: String
    /// How far the container is.
    public var status: Status
    /// The process ID of the container's process on the host, while there is one.
    public var pid: Int32?
    /// The bundle's folder, an absolute path.
    public var bundle: String
    /// The configuration's annotations.
    public var annotations: [String: String]

    /// Makes the value from its members.
    public init(
        ociVersion: String = RuntimeSpecification.version, id: String, status: Status, pid: Int32? = nil,
        bundle: String, annotations: [String: String] = [:]
    ) {
        self.ociVersion = ociVersion
        self.id = id
        self.status = status
        self.pid = pid
        self.bundle = bundle
        self.annotations = annotations
    }
}

extension RuntimeState {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        ociVersion = try object.optional("ociVersion") ?? RuntimeSpecification.version
        id = try object.required("id")
        status = try object.required("status")
        pid = try object.optional("pid")
        bundle = try object.required("bundle")
        annotations = try object.optional("annotations") ?? [:]
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("ociVersion", to: ociVersion)
        object.set("id", to: id)
        object.set("status", to: status)
        object.set("pid", to: pid)
        object.set("bundle", to: bundle)
        object.setUnlessEmpty("annotations", to: annotations)
        return .object(object)
    }
}

extension RuntimeState {
    /// How far a container is.
    public enum Status: String, JSONCodable, Hashable, CaseIterable {
        /// It is being created.
        case creating
        /// It is there and its program has not started.
        case created
        /// Its program runs.
        case running
        /// Its process has ended.
        case stopped
    }
}
