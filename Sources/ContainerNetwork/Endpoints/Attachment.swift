internal import LinuxNetwork
internal import LinuxSystem
public import OCISpec

/// The interface of a running container on a network.
public struct Attachment: JSONCodable, Hashable {
    /// Whose interface it is.
    public var endpoint: Endpoint
    /// The network's bridge; empty for an interface on the host's LAN.
    public var bridge: String
    /// The name of the end on the host.
    public var hostInterface: String
    /// The name of the end in the container.
    public var interface: String

    /// The interface of an endpoint, with a name on the host that nothing else has.
    ///
    /// - Throws: `SystemError`.
    public init(of endpoint: Endpoint, on network: NetworkDefinition, interface: String) throws {
        self.endpoint = endpoint
        bridge = network.driver == .macvlan ? "" : network.bridge
        hostInterface = "nbv" + (try RandomBytes.hexadecimal(6))
        self.interface = interface
    }

    /// Reads an attachment.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        endpoint = try object.required("endpoint")
        bridge = try object.required("bridge")
        hostInterface = try object.required("hostInterface")
        interface = try object.required("interface")
    }

    /// An object with the members' names.
    public var json: JSONValue {
        [
            "endpoint": endpoint.json, "bridge": .string(bridge), "hostInterface": .string(hostInterface),
            "interface": .string(interface),
        ]
    }
}

/// What a running container has of the host's network: the file `network.json` in its run folder.
///
/// It is written before the first thing that it names is made, so that whoever finds it can remove all of them.
public struct NetworkState: JSONCodable, Hashable {
    /// Its interfaces; the first is its way out, and what ports are published of.
    public var attachments: [Attachment]
    /// Its published ports.
    public var ports: [PublishedPort]
    /// Another name server than that of its first network; nil: that one.
    public var resolver: Resolver?
    /// Interfaces that are just being made or removed; when nobody is at it any more, they have to go.
    public var unfinished: [Attachment]

    /// What a container has.
    public init(
        attachments: [Attachment], ports: [PublishedPort], resolver: Resolver? = nil, unfinished: [Attachment] = []
    ) {
        self.attachments = attachments
        self.ports = ports
        self.resolver = resolver
        self.unfinished = unfinished
    }

    /// Every interface that may be there.
    public var all: [Attachment] { attachments + unfinished }

    /// Reads a state.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        attachments = try object.required("attachments")
        ports = try object.optional("ports") ?? []
        resolver = try object.optional("resolver")
        unfinished = try object.optional("unfinished") ?? []
    }

    /// An object with the members' names.
    public var json: JSONValue {
        var object: JSONObject = ["attachments": attachments.json]
        object.setUnlessEmpty("ports", to: ports)
        object.set("resolver", to: resolver)
        object.setUnlessEmpty("unfinished", to: unfinished)
        return .object(object)
    }
}
