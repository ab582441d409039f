internal import LinuxNetwork

/// Elements of the sets and maps.
struct FirewallContent: Sendable, Hashable {
    private var inet: [FirewallSet: [FirewallSet.Element]] = [:]
    private var bridge: [FirewallSet: [FirewallSet.Element]] = [:]

    /// What a network needs.
    mutating func add(_ network: NetworkDefinition, nameServer: IPAddress?) {
        // What is on the host's LAN does not come by here.
        guard network.driver != .macvlan else { return }
        let name = FirewallSet.interface(network.bridge)
        add(FirewallLayout.bridges, [name])
        if network.isInternal { add(FirewallLayout.internals, [name]) }
        if network.masquerades { add(FirewallLayout.masqueraded, [name]) }
        if !network.isIsolated { add(FirewallLayout.pairs, [name, name]) }
        for gateway in network.subnets.map(\.gateway) {
            let isIPv4 = gateway.family == .v4
            add(isIPv4 ? FirewallLayout.gateways4 : FirewallLayout.gateways6, [gateway.bytes])
            add(isIPv4 ? FirewallLayout.doors4 : FirewallLayout.doors6, [gateway.bytes, name])
        }
        guard let nameServer, let gateway = network.subnet(.v4)?.gateway else { return }
        for (end, value) in Self.question(to: nameServer) {
            add(FirewallLayout.nameServers, [name, gateway.bytes] + end, value)
        }
    }

    /// What a question for names is known by at the end of a key, and where it goes.
    private static func question(to server: IPAddress) -> [(end: [[UInt8]], value: [[UInt8]])] {
        [TransportProtocol.udp, .tcp].map {
            (
                [[$0.number], FirewallSet.port(NameServer.askedPort)],
                [server.bytes, FirewallSet.port(NameServer.port)]
            )
        }
    }

    /// What this host forwards because of us.
    mutating func add(forwarding families: [IPFamily]) {
        for family in families { add(FirewallLayout.forwarded, [[family == .v4 ? 2 : 10]]) }
    }

    /// What an interface needs.
    mutating func add(_ attachment: Attachment) {
        guard !attachment.bridge.isEmpty else { return }
        let interface = FirewallSet.interface(attachment.hostInterface)
        let link = attachment.endpoint.linkAddress
        bridge[FirewallLayout.interfaces, default: []].append(.init([interface]))
        bridge[FirewallLayout.links, default: []].append(.init([interface, link.bytes]))
        for address in attachment.endpoint.addresses {
            let isIPv4 = address.family == .v4
            add(
                isIPv4 ? FirewallLayout.hosts4 : FirewallLayout.hosts6,
                [address.bytes, FirewallSet.interface(attachment.bridge)])
            bridge[isIPv4 ? FirewallLayout.senders4 : FirewallLayout.senders6, default: []].append(
                .init([interface, link.bytes, address.bytes]))
            if !isIPv4 {
                bridge[FirewallLayout.senders6, default: []].append(
                    .init([interface, link.bytes, link.linkLocal.bytes]))
            }
        }
    }

    /// What published ports need.
    mutating func add(_ ports: [PublishedPort], of endpoint: Endpoint) {
        for port in ports {
            let key = [[port.transport.number], FirewallSet.port(port.hostPort)]
            for target in endpoint.addresses {
                let isIPv4 = target.family == .v4
                let value = [target.bytes, FirewallSet.port(port.containerPort)]
                if let address = port.hostAddress, address.family != target.family { continue }
                guard let address = port.hostAddress, address != target.family.unspecified else {
                    add(isIPv4 ? FirewallLayout.ports4 : FirewallLayout.ports6, key, value)
                    continue
                }
                add(isIPv4 ? FirewallLayout.bound4 : FirewallLayout.bound6, [address.bytes] + key, value)
            }
        }
    }

    /// What a container needs that asks another name server than that of its first network.
    mutating func add(_ resolver: Resolver, of endpoint: Endpoint) {
        guard let address = endpoint.address(.v4) else { return }
        for (end, value) in Self.question(to: resolver.server) {
            add(FirewallLayout.resolvers, [address.bytes, resolver.gateway.bytes] + end, value)
        }
    }

    /// What a running container needs.
    mutating func add(_ state: NetworkState) {
        for attachment in state.all { add(attachment) }
        guard let endpoint = state.attachments.first?.endpoint else { return }
        add(state.ports, of: endpoint)
        if let resolver = state.resolver { add(resolver, of: endpoint) }
    }

    private mutating func add(_ set: FirewallSet, _ key: [[UInt8]], _ value: [[UInt8]] = []) {
        inet[set, default: []].append(.init(key, value: value))
    }

    /// The requests that put the elements in.
    func insertion(_ layout: FirewallLayout) -> [NetlinkRequest] {
        inet.flatMap { layout.inet.add($0.value, to: $0.key) }
            + bridge.flatMap { layout.bridge.add($0.value, to: $0.key) }
    }

    /// The requests that take them out; all of them must be there.
    func removal(_ layout: FirewallLayout) -> [NetlinkRequest] {
        inet.flatMap { layout.inet.remove($0.value, from: $0.key) }
            + bridge.flatMap { layout.bridge.remove($0.value, from: $0.key) }
    }
}

extension MACAddress {
    /// The IPv6 address that the kernel gives an interface of this link address (RFC 4291, appendix A).
    var linkLocal: IPAddress {
        let identifier = [bytes[0] ^ 2, bytes[1], bytes[2], 0xff, 0xfe, bytes[3], bytes[4], bytes[5]]
        return IPAddress(bytes: [0xfe, 0x80, 0, 0, 0, 0, 0, 0] + identifier) ?? .v6(0)
    }
}
