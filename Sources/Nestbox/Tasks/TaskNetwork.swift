public import ContainerNetwork
internal import LinuxSystem
public import OCISpec

/// A task's network: one interface with an address of its own, which all containers of the task share (Amazon's awsvpc).
///
/// It is in one network namespace; the file `task.json` in the task's folder describes it.
/// Its containers talk over localhost. They share one user namespace too, as a network namespace belongs to one.
public struct TaskNetwork: JSONCodable, Hashable {
    /// Its name, unique in the engine.
    public var name: String
    /// When it was made, by RFC 3339.
    public var created: String
    /// Its place on a network.
    public var endpoint: Endpoint
    /// The names of its security groups; none: everything is allowed.
    public var securityGroups: [String]
    /// The ids of its containers.
    var idRange: IDRange

    /// Reads a task's network.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        name = try object.required("name")
        created = try object.required("created")
        endpoint = try object.required("endpoint")
        securityGroups = try object.optional("securityGroups") ?? []
        idRange = try object.required("idRange")
    }

    init(name: String, created: String, endpoint: Endpoint, securityGroups: [String], idRange: IDRange) {
        self.name = name
        self.created = created
        self.endpoint = endpoint
        self.securityGroups = securityGroups
        self.idRange = idRange
    }

    /// An object with the members' names.
    public var json: JSONValue {
        var object: JSONObject = [
            "name": .string(name), "created": .string(created), "endpoint": endpoint.json, "idRange": idRange.json,
        ]
        object.setUnlessEmpty("securityGroups", to: securityGroups)
        return .object(object)
    }

    var member: GroupMember { GroupMember(addresses: endpoint.addresses, groups: securityGroups) }
}

/// What is asked for when a task's network is made.
public struct TaskNetworkRequest: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Its place on a network.
    public var endpoint = EndpointRequest(network: NetworkDefinition.defaultTaskName)
    /// The names of its security groups.
    public var securityGroups: [String] = []

    /// A task on the default network for tasks.
    public init(name: String) {
        self.name = name
    }
}

/// The places of one task.
struct TaskPaths: Sendable, Hashable {
    /// `<root>/tasks/<name>`; a descriptor of it carries the task's lock.
    let folder: String
    /// `<run-root>/tasks/<name>`.
    let runFolder: String

    var record: String { folder + "/task.json" }
    /// Where its namespaces are mounted.
    ///
    /// The network namespace comes last: when it is there, all is.
    var userNamespace: String { runFolder + "/user" }
    var networkNamespace: String { runFolder + "/net" }
    var networkState: String { runFolder + "/network.json" }
}

extension EnginePaths {
    func task(_ name: String) -> TaskPaths {
        TaskPaths(folder: tasks + "/" + name, runFolder: runTasks + "/" + name)
    }
}
