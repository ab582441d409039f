public import LinuxNetwork
public import OCISpec

/// A network that containers can be on: the file `network.json` in its folder.
///
/// It never changes.
public struct NetworkDefinition: JSONCodable, Hashable {
    /// Its name, unique in the engine.
    public var name: String
    /// 64 hexadecimal digits.
    public var id: String
    /// When it was made, by RFC 3339.
    public var created: String
    /// How interfaces on it are connected.
    public var driver: NetworkDriver
    /// The host's interface on whose link a macvlan network is.
    public var parent: String?
    /// Its addresses: at most one subnet a family, IPv4 first.
    public var subnets: [Subnet]
    /// Whether containers reach nothing outside of it.
    public var isInternal: Bool
    /// Whether its containers do not reach each other, either.
    public var isIsolated: Bool
    /// Whether what its containers send elsewhere gets an address of the host.
    public var masquerades: Bool
    /// The most bytes in a packet; nil: the kernel's 1500.
    public var mtu: UInt32?
    /// Labels.
    public var labels: [String: String]
    /// Options as they were given.
    public var options: [String: String]

    /// A network with these subnets and nothing special.
    public init(name: String, id: String, created: String, subnets: [Subnet]) {
        self.name = name
        self.id = id
        self.created = created
        self.subnets = subnets
        driver = .bridge
        isInternal = false
        isIsolated = false
        masquerades = true
        labels = [:]
        options = [:]
    }

    /// The network that containers are on when nothing else is said.
    public static let defaultName = "bridge"

    /// The network that tasks are on when nothing else is said.
    public static let defaultTaskName = "tasks"

    /// The name of its bridge on the host, of the kernel's 15 characters at most.
    public var bridge: String { "nb-" + id.prefix(12) }

    /// Whether a name server of the host's is on it: the host is not reached over the interfaces of its own tasks on a LAN.
    var isServedByHost: Bool { driver != .macvlan }

    /// Whom its containers ask for names.
    public var nameServers: [IPAddress] {
        isServedByHost ? subnet(.v4).map { [$0.gateway] } ?? [] : [TaskNames.address]
    }

    /// Its subnet of a family.
    public func subnet(_ family: IPFamily) -> Subnet? { subnets.first { $0.network.address.family == family } }

    /// Reads a definition.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(
            name: try object.required("name"), id: try object.required("id"), created: try object.required("created"),
            subnets: try object.required("subnets"))
        // Parts of it become the name of an interface.
        guard id.utf8.count == 64, id.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            throw JSONError("the id is invalid")
        }
        driver = try object.optional("driver") ?? .bridge
        parent = try object.optional("parent")
        isInternal = try object.optional("internal") ?? false
        isIsolated = try object.optional("isolated") ?? false
        masquerades = try object.optional("masquerades") ?? true
        mtu = try object.optional("mtu")
        labels = try object.optional("labels") ?? [:]
        options = try object.optional("options") ?? [:]
    }

    /// An object with the members' names.
    public var json: JSONValue {
        var object: JSONObject = ["name": .string(name), "id": .string(id), "created": .string(created)]
        object.set("subnets", to: subnets)
        object.set("driver", to: driver, unless: .bridge)
        object.set("parent", to: parent)
        object.set("internal", to: isInternal, unless: false)
        object.set("isolated", to: isIsolated, unless: false)
        object.set("masquerades", to: masquerades, unless: true)
        object.set("mtu", to: mtu)
        object.setUnlessEmpty("labels", to: labels)
        object.setUnlessEmpty("options", to: options)
        return .object(object)
    }
}

/// How interfaces on a network are connected.
public enum NetworkDriver: String, JSONCodable, CaseIterable, Sendable {
    /// Containers on a bridge.
    case bridge
    /// Tasks on a bridge whose ports do not exchange frames: what one sends another is routed, so that security groups see it.
    case routed
    /// Tasks on the link of an interface of the host, with addresses of its LAN.
    case macvlan
}

/// The addresses of one family in a network.
public struct Subnet: JSONCodable, Hashable {
    /// All addresses.
    public var network: IPNetwork
    /// The host's own address, which is the containers' way out.
    public var gateway: IPAddress
    /// The part of the network that addresses are leased from; nil: all of it.
    public var range: IPNetwork?

    /// A subnet.
    ///
    /// - Parameter gateway: nil: the first address.
    public init(_ network: IPNetwork, gateway: IPAddress? = nil, range: IPNetwork? = nil) {
        self.network = network.network
        self.gateway = gateway ?? network.first.advanced(by: 1) ?? network.first
        self.range = range
    }

    /// The gateway with the length of the network's prefix.
    public var gatewayInNetwork: IPNetwork { IPNetwork(gateway, prefixLength: network.prefixLength) }

    /// Whether an address may belong to a container: neither the network's own, nor its broadcast address, nor the gateway.
    public func isUsable(_ address: IPAddress) -> Bool {
        guard network.contains(address), address != gateway, address != network.first else { return false }
        return address.family == .v6 || address != network.last
    }

    /// Reads `{"network": …, "gateway": …, "range": …}`.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(
            try object.required("network"), gateway: try object.required("gateway"),
            range: try object.optional("range"))
        guard network.contains(gateway) else { throw JSONError("the gateway lies outside the network") }
    }

    /// `{"network": …, "gateway": …, "range": …}`.
    public var json: JSONValue {
        var object: JSONObject = ["network": network.json, "gateway": gateway.json]
        object.set("range", to: range)
        return .object(object)
    }
}
