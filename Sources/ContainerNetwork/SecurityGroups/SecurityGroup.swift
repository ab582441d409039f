public import LinuxNetwork
public import OCISpec

/// A named set of rules for what reaches a task and what it reaches: all that no rule allows is dropped, and answers pass.
///
/// As in Amazon's VPC, a group's rules say what is allowed, never what is not, and a task may be in several.
public struct SecurityGroup: JSONCodable, Hashable {
    /// Its name, unique in the engine.
    public var name: String
    /// When it was made, by RFC 3339.
    public var created: String
    /// What it is for.
    public var details: String
    /// What reaches its tasks.
    public var ingress: [Rule]
    /// What its tasks reach.
    public var egress: [Rule]

    /// A new group: nothing reaches its tasks, and they reach everything.
    public init(name: String, created: String, details: String) {
        self.name = name
        self.created = created
        self.details = details
        ingress = []
        egress = ["0.0.0.0/0", "::/0"].compactMap(IPNetwork.init).map { Rule(.all, ports: nil, peer: .network($0)) }
    }

    /// The kind of packets that a rule is about.
    public enum Kind: String, JSONCodable, CaseIterable, Sendable {
        case all
        case tcp
        case udp
        /// ICMP and ICMPv6.
        case icmp
    }

    /// The other side.
    public enum Peer: Sendable, Hashable {
        /// Addresses.
        case network(IPNetwork)
        /// The tasks in a group.
        case group(String)
    }

    /// Something that is allowed.
    public struct Rule: JSONCodable, Hashable {
        /// The kind of packets.
        public var kind: Kind
        /// Their destination ports; nil: all of them.
        public var ports: ClosedRange<UInt16>?
        /// The other side.
        public var peer: Peer

        /// A rule.
        public init(_ kind: Kind, ports: ClosedRange<UInt16>?, peer: Peer) {
            self.kind = kind
            self.ports = ports
            self.peer = peer
        }

        /// Reads a rule.
        ///
        /// - Throws: `JSONError`.
        public init(json: JSONValue) throws(JSONError) {
            let object = try json.object()
            kind = try object.required("protocol")
            if let first: UInt16 = try object.optional("fromPort") {
                let last: UInt16 = try object.required("toPort")
                guard first <= last else { throw JSONError("the range of ports is empty") }
                ports = first...last
            }
            if let network: IPNetwork = try object.optional("cidr") {
                peer = .network(network)
            } else {
                peer = .group(try object.required("group"))
            }
        }

        /// An object with the members' names.
        public var json: JSONValue {
            var object: JSONObject = ["protocol": kind.json]
            object.set("fromPort", to: ports?.lowerBound)
            object.set("toPort", to: ports?.upperBound)
            switch peer {
            case .network(let network): object["cidr"] = network.json
            case .group(let name): object["group"] = .string(name)
            }
            return .object(object)
        }
    }

    /// Reads a group.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        name = try object.required("name")
        created = try object.required("created")
        details = try object.optional("description") ?? ""
        ingress = try object.optional("ingress") ?? []
        egress = try object.optional("egress") ?? []
    }

    /// An object with the members' names.
    public var json: JSONValue {
        [
            "name": .string(name), "created": .string(created), "description": .string(details),
            "ingress": ingress.json, "egress": egress.json,
        ]
    }
}
