public import LinuxNetwork
public import OCISpec

/// Which names a container is told, and who is asked for all others.
public struct NameView: JSONCodable, Hashable {
    /// The networks whose names it is told; it asks at the gateway of the first.
    public var networks: [String]
    /// Whom to ask for other names; empty: the host's servers.
    public var servers: [IPAddress]

    /// A view.
    public init(networks: [String], servers: [IPAddress]) {
        self.networks = networks
        self.servers = servers
    }

    /// Whether a network's own server shows just this.
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

/// A name server for one view, as a container uses it: what it asks the gateway of its first network goes there.
public struct Resolver: JSONCodable, Hashable {
    /// Where the server listens on the gateway's addresses; no two servers of an engine have the same.
    public var port: UInt16
    /// The addresses that the container asks.
    public var gateways: [IPAddress]

    /// A server.
    public init(port: UInt16, gateways: [IPAddress]) {
        self.port = port
        self.gateways = gateways
    }

    /// Reads a server.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        port = try object.required("port")
        gateways = try object.required("gateways")
    }

    /// An object with the members' names.
    public var json: JSONValue { ["port": .integer(Int64(port)), "gateways": gateways.json] }
}
