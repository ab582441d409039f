public import LinuxNetwork
public import OCISpec

/// A container's place on a network, from its making to its removal.
public struct Endpoint: JSONCodable, Hashable {
    /// The name of the network.
    public var network: String
    /// At most one of each family, leased.
    public var addresses: [IPAddress]
    /// The address of its interface on the link.
    public var linkAddress: MACAddress
    /// Names by which others on the network find it besides its own.
    public var aliases: [String]

    /// A place on a network.
    public init(network: String, addresses: [IPAddress], linkAddress: MACAddress, aliases: [String]) {
        self.network = network
        self.addresses = addresses
        self.linkAddress = linkAddress
        self.aliases = aliases
    }

    /// Its address of a family.
    public func address(_ family: IPFamily) -> IPAddress? { addresses.first { $0.family == family } }

    /// Reads an endpoint.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(
            network: try object.required("network"), addresses: try object.required("addresses"),
            linkAddress: try object.required("linkAddress"), aliases: try object.optional("aliases") ?? [])
    }

    /// An object with the members' names.
    public var json: JSONValue {
        var object: JSONObject = [
            "network": .string(network), "addresses": addresses.json, "linkAddress": linkAddress.json,
        ]
        object.setUnlessEmpty("aliases", to: aliases)
        return .object(object)
    }
}

/// A container's places on networks, once they have changed: the file `networks.json` in its folder.
public struct EndpointList: JSONCodable, Hashable {
    /// Its places.
    public var endpoints: [Endpoint]
    /// Whether somebody is just changing them, or was when a crash came.
    public var isChanging: Bool

    /// Places on networks.
    public init(_ endpoints: [Endpoint], isChanging: Bool) {
        self.endpoints = endpoints
        self.isChanging = isChanging
    }

    /// Reads a list.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        endpoints = try object.required("endpoints")
        isChanging = try object.optional("changing") ?? false
    }

    /// An object with the members' names.
    public var json: JSONValue {
        var object: JSONObject = ["endpoints": endpoints.json]
        object.set("changing", to: isChanging, unless: false)
        return .object(object)
    }
}

/// What is asked for when a container is put on a network.
public struct EndpointRequest: JSONCodable, Hashable {
    /// The network's name.
    public var network: String
    /// Addresses that it must have, at most one of each family.
    public var addresses: [IPAddress]
    /// The link address that it must have.
    public var linkAddress: MACAddress?
    /// More names.
    public var aliases: [String]

    /// A place on a network with everything chosen for it.
    public init(network: String) {
        self.network = network
        addresses = []
        aliases = []
    }

    /// Reads a request.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(network: try object.required("network"))
        addresses = try object.optional("addresses") ?? []
        linkAddress = try object.optional("linkAddress")
        aliases = try object.optional("aliases") ?? []
    }

    /// An object with the members' names.
    public var json: JSONValue {
        var object: JSONObject = ["network": .string(network)]
        object.setUnlessEmpty("addresses", to: addresses)
        object.set("linkAddress", to: linkAddress)
        object.setUnlessEmpty("aliases", to: aliases)
        return .object(object)
    }
}
