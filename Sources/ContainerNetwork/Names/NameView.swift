public import LinuxNetwork
public import OCISpec

/// Which names a container is told, and who is asked for all others.
public struct NameView: JSONCodable, Hashable {
    /// The networks whose names it is told; it asks at the gateway of the first.
    public var networks: [String]
    /// Whom to ask for other names; empty: the host's servers.
    public var servers: [IPAddress]

    /// A view.
    public init(networks: [String], servers: [IPAddress] = []) {
        self.networks = networks
        self.servers = servers
    }

    /// Whether it is what everybody on a network is told.
    public var isOneNetwork: Bool { networks.count <= 1 && servers.isEmpty }

    /// Reads a view.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        networks = try object.required("networks")
        servers = try object.optional("servers") ?? []
    }

    /// An object with the members' names.
    public var json: JSONValue {
        var object: JSONObject = ["networks": networks.json]
        object.setUnlessEmpty("servers", to: servers)
        return .object(object)
    }
}

/// How a container asks another name server than that of its first network.
public struct Resolver: JSONCodable, Hashable {
    /// What the container asks: the gateway of its first network.
    public var gateway: IPAddress
    /// Where its questions go: the server's address on the host's loopback.
    public var server: IPAddress

    /// A way to a server.
    public init(gateway: IPAddress, server: IPAddress) {
        self.gateway = gateway
        self.server = server
    }

    /// Reads a way to a server.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        gateway = try object.required("gateway")
        server = try object.required("server")
    }

    /// An object with the members' names.
    public var json: JSONValue { ["gateway": gateway.json, "server": server.json] }
}

/// Whether a container that is written down as a user of a name server still is one.
public typealias ResolverUserCheck = (_ container: String, _ server: IPAddress) throws -> Bool
