public import LinuxNetwork
public import OCISpec

/// A protocol with ports.
public enum TransportProtocol: String, JSONCodable, CaseIterable, Sendable {
    case tcp
    case udp
    case sctp

    /// Its number in IP headers (IANA's protocol numbers).
    public var number: UInt8 {
        switch self {
        case .tcp: 6
        case .udp: 17
        case .sctp: 132
        }
    }
}

/// A port of a container that is to be reached by a port of the host.
public struct PortMapping: JSONCodable, Hashable {
    /// The protocol.
    public var transport: TransportProtocol
    /// The address of the host, an unspecified one for all of its family; nil: all of both.
    public var hostAddress: IPAddress?
    /// The ports of the host, the first free of which is taken; nil: any free one of the ephemeral range.
    public var hostPorts: ClosedRange<UInt16>?
    /// The port of the container.
    public var containerPort: UInt16

    /// A mapping.
    public init(
        _ transport: TransportProtocol, hostAddress: IPAddress?, hostPorts: ClosedRange<UInt16>?, containerPort: UInt16
    ) {
        self.transport = transport
        self.hostAddress = hostAddress
        self.hostPorts = hostPorts
        self.containerPort = containerPort
    }

    /// Reads a mapping.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        transport = try object.required("transport")
        hostAddress = try object.optional("hostAddress")
        containerPort = try object.required("containerPort")
        if let first: UInt16 = try object.optional("hostPort") {
            let last = try object.optional("lastHostPort") ?? first
            guard first <= last else { throw JSONError("the range of ports is empty") }
            hostPorts = first...last
        }
    }

    /// An object with the members' names.
    public var json: JSONValue {
        var object: JSONObject = ["transport": transport.json, "containerPort": containerPort.json]
        object.set("hostAddress", to: hostAddress)
        if let hostPorts {
            object["hostPort"] = hostPorts.lowerBound.json
            object.set("lastHostPort", to: hostPorts.upperBound, unless: hostPorts.lowerBound)
        }
        return .object(object)
    }
}

/// A port of the host that leads to a running container.
public struct PublishedPort: JSONCodable, Hashable {
    /// The protocol.
    public var transport: TransportProtocol
    /// The address of the host; nil: all of them.
    public var hostAddress: IPAddress?
    /// The port of the host.
    public var hostPort: UInt16
    /// The port of the container.
    public var containerPort: UInt16

    /// A published port.
    public init(_ mapping: PortMapping, hostPort: UInt16) {
        transport = mapping.transport
        hostAddress = mapping.hostAddress
        self.hostPort = hostPort
        containerPort = mapping.containerPort
    }

    /// Reads a published port.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        transport = try object.required("transport")
        hostAddress = try object.optional("hostAddress")
        hostPort = try object.required("hostPort")
        containerPort = try object.required("containerPort")
    }

    /// An object with the members' names.
    public var json: JSONValue {
        var object: JSONObject = [
            "transport": transport.json, "hostPort": hostPort.json, "containerPort": containerPort.json,
        ]
        object.set("hostAddress", to: hostAddress)
        return .object(object)
    }
}
