internal import ContainerNetwork
internal import LinuxSystem
public import OCISpec

/// What the engine keeps of a container from `create` to `remove`: the file `container.json`.
///
/// Nothing of it ever changes but the name and the limits.
struct ContainerRecord: JSONCodable, Hashable {
    /// 64 hexadecimal digits.
    var id: String
    var name: String
    /// RFC 3339 with nine digits of fraction.
    var created: String
    /// What was asked for, as it was asked for.
    var configuration: ContainerConfiguration
    /// The image's configuration digest.
    var imageID: String
    var settings: ImageSettings
    /// The layers' folders, topmost first, relative to the engine's root where they lie below it.
    var layers: [String]
    /// The ids its user namespace maps to; nil: the host's user namespace.
    var idRange: IDRange?
    /// The project that its layer belongs to when that has a size.
    var projectID: UInt32?
    /// Whose namespaces it joins, and whose ids it uses then.
    var joined: String?
    var volumes: [VolumeUse]
    /// Below every cgroup hierarchy's root.
    var cgroupPath: String
    /// Its places on networks as they were at first.
    var endpoints: [Endpoint] = []

    /// Whether the range of ids was leased for this container.
    var ownsIDRange: Bool { idRange != nil && joined == nil && task == nil }

    /// The task whose network and ids it shares.
    var task: String? {
        if case .task(let name) = configuration.network { name } else { nil }
    }

    /// The names of the volumes that belong to this container alone.
    var anonymousVolumes: [String] { volumes.filter(\.isAnonymous).map(\.name) }
}

/// A volume at a place in a container.
struct VolumeUse: JSONCodable, Hashable {
    /// Where in the container.
    var target: String
    var name: String
    /// Whether it was made for this container and goes with it.
    var isAnonymous: Bool

    init(target: String, name: String, isAnonymous: Bool) {
        self.target = target
        self.name = name
        self.isAnonymous = isAnonymous
    }

    init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(
            target: try object.required("target"), name: try object.required("name"),
            isAnonymous: try object.optional("anonymous") ?? false)
        // A name becomes part of a path.
        guard NameText.isName(name) else { throw JSONError("the volume name is invalid") }
    }

    var json: JSONValue {
        var object: JSONObject = ["target": .string(target), "name": .string(name)]
        object.set("anonymous", to: isAnonymous, unless: false)
        return .object(object)
    }
}

extension IDRange: JSONCodable {
    /// Reads `{"first": …, "count": …}`.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(firstID: try object.required("first"), count: try object.required("count"))
    }

    /// `{"first": …, "count": …}`.
    public var json: JSONValue { ["first": firstID.json, "count": count.json] }
}

extension ContainerRecord {
    init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        id = try object.required("id")
        guard ContainerID.isComplete(id) else { throw JSONError("the id is invalid") }
        name = try object.required("name")
        guard NameText.isName(name) else { throw JSONError("the name is invalid") }
        created = try object.required("created")
        configuration = try object.required("configuration")
        imageID = try object.required("imageID")
        settings = try object.optional("settings") ?? ImageSettings()
        layers = try object.required("layers")
        idRange = try object.optional("idRange")
        projectID = try object.optional("projectID")
        joined = try object.optional("joined")
        volumes = try object.optional("volumes") ?? []
        cgroupPath = try object.required("cgroupPath")
        endpoints = try object.optional("endpoints") ?? []
    }

    var json: JSONValue {
        var object = JSONObject()
        object.set("id", to: id)
        object.set("name", to: name)
        object.set("created", to: created)
        object.set("configuration", to: configuration)
        object.set("imageID", to: imageID)
        object.set("settings", to: settings, unless: ImageSettings())
        object.set("layers", to: layers)
        object.set("idRange", to: idRange)
        object.set("projectID", to: projectID)
        object.set("joined", to: joined)
        object.setUnlessEmpty("volumes", to: volumes)
        object.set("cgroupPath", to: cgroupPath)
        object.setUnlessEmpty("endpoints", to: endpoints)
        return .object(object)
    }

    /// Reads the record of a container; nil when there is none (it is being made, or going away).
    ///
    /// - Throws: `EngineError.damagedRecord`.
    static func read(_ paths: ContainerPaths) throws -> ContainerRecord? {
        try StoredRecord.read(paths.record)
    }
}
