internal import LinuxNetwork

/// The rules for routed packets.
extension FirewallLayout {
    /// The priorities of linux/netfilter_ipv4.h.
    private enum Priority {
        static let raw: Int32 = -300
        static let destinationNAT: Int32 = -100
        static let filter: Int32 = 0
        static let sourceNAT: Int32 = 100
    }

    private static let isIPv4 = FirewallCondition.isIPv4
    private static let isIPv6 = FirewallCondition.isIPv6
    private static let isKnown = FirewallCondition.isKnown
    private static let comesFromBridge: [FirewallExpression] = [
        .load(.inputInterface, 0), .isIn(set: bridges.name, 0),
    ]
    private static let goesToBridge: [FirewallExpression] = [
        .load(.outputInterface, 0), .isIn(set: bridges.name, 0),
    ]
    /// `RTN_LOCAL` of linux/rtnetlink.h, in the machine's order.
    private static let isForHost: [FirewallExpression] = [.loadDestinationKind(0), .equal(0, [2, 0, 0, 0])]
    /// `IPS_DST_NAT` of linux/netfilter/nf_conntrack_common.h.
    private static let isRedirected: [FirewallExpression] = [
        .loadConnection(.status, 0), .mask(0, [0x20, 0, 0, 0]), .notEqual(0, [0, 0, 0, 0]),
    ]
    /// 127.0.0.0/8 at an offset of the IPv4 header: 12 the source, 16 the destination.
    private static func isLoopback(at offset: UInt32) -> [FirewallExpression] {
        [.loadBytes(.network, offset: offset, count: 1, 0), .equal(0, [127])]
    }
    private static let interfaceLoopback: [UInt8] = FirewallSet.interface("lo")

    static let inetChains: [Chain] = [
        Chain(
            name: "ports", entry: nil,
            rules: [
                Rule(
                    "IPv4 ports published on this address lead to their container",
                    isIPv4 + [
                        .loadBytes(.network, offset: 16, count: 4, 0), .load(.transportProtocol, 1),
                        .loadBytes(.transport, offset: 2, count: 2, 2), .find(map: bound4.name, 0, result: 0),
                        .redirect(.v4, address: 0, port: 1),
                    ]),
                Rule(
                    "IPv4 ports published on all addresses lead to their container",
                    isIPv4 + [
                        .load(.transportProtocol, 0), .loadBytes(.transport, offset: 2, count: 2, 1),
                        .find(map: ports4.name, 0, result: 0), .redirect(.v4, address: 0, port: 1),
                    ]),
                Rule(
                    "IPv6 ports published on this address lead to their container",
                    isIPv6 + [
                        .loadBytes(.network, offset: 24, count: 16, 0), .load(.transportProtocol, 4),
                        .loadBytes(.transport, offset: 2, count: 2, 5), .find(map: bound6.name, 0, result: 0),
                        .redirect(.v6, address: 0, port: 4),
                    ]),
                Rule(
                    "IPv6 ports published on all addresses lead to their container",
                    isIPv6 + [
                        .load(.transportProtocol, 0), .loadBytes(.transport, offset: 2, count: 2, 1),
                        .find(map: ports6.name, 0, result: 0), .redirect(.v6, address: 0, port: 4),
                    ]),
            ]),
        Chain(
            name: "raw", entry: ("filter", .prerouting, Priority.raw),
            rules: [
                Rule(
                    "127.0.0.0/8 is reached from this host only, although bridges route it (CVE-2020-8558)",
                    isIPv4 + [.load(.inputInterface, 0), .notEqual(0, interfaceLoopback)] + isLoopback(at: 16)
                        + [.decide(.drop)])
            ]),
        Chain(
            name: "prerouting", entry: ("nat", .prerouting, Priority.destinationNAT),
            rules: [
                Rule(
                    "some containers' questions for names go to a server that shows more, or asks others, than their network's",
                    isIPv4 + [
                        .loadBytes(.network, offset: 12, count: 8, 0), .load(.transportProtocol, 2),
                        .loadBytes(.transport, offset: 2, count: 2, 3), .find(map: resolvers.name, 0, result: 0),
                        .redirect(.v4, address: 0, port: 1),
                    ]),
                Rule(
                    "all others' questions to a network's gateway go to the network's server",
                    isIPv4 + [
                        .load(.inputInterface, 0), .loadBytes(.network, offset: 16, count: 4, 4),
                        .load(.transportProtocol, 5), .loadBytes(.transport, offset: 2, count: 2, 6),
                        .find(map: nameServers.name, 0, result: 0), .redirect(.v4, address: 0, port: 1),
                    ]),
                Rule("what arrives for this host may be for a published port", isForHost + [.decide(.jump("ports"))]),
            ]),
        Chain(
            name: "output", entry: ("nat", .output, Priority.destinationNAT),
            rules: [
                // What comes from ::1 cannot leave the loopback interface: refused at once is better than lost.
                Rule(
                    "the IPv6 loopback stays with this host",
                    isIPv6 + [
                        .loadBytes(.network, offset: 24, count: 16, 0),
                        .equal(0, [UInt8](repeating: 0, count: 15) + [1]), .decide(.return),
                    ]),
                Rule(
                    "what this host sends to itself may be for a published port", isForHost + [.decide(.jump("ports"))]),
            ]),
        Chain(
            name: "input", entry: ("filter", .input, Priority.filter),
            rules: [
                Rule(
                    "this host talks to itself",
                    [.load(.inputInterface, 0), .equal(0, interfaceLoopback), .decide(.return)]),
                Rule("answers pass", isKnown + [.decide(.return)]),
                Rule(
                    "IPv4: a network's gateway serves its own network only (CVE-2024-29018)",
                    isIPv4 + [
                        .loadBytes(.network, offset: 16, count: 4, 0), .isIn(set: gateways4.name, 0),
                        .load(.inputInterface, 1), .isNotIn(set: doors4.name, 0), .decide(.drop),
                    ]),
                Rule(
                    "IPv6: a network's gateway serves its own network only (CVE-2024-29018)",
                    isIPv6 + [
                        .loadBytes(.network, offset: 24, count: 16, 0), .isIn(set: gateways6.name, 0),
                        .load(.inputInterface, 4), .isNotIn(set: doors6.name, 0), .decide(.drop),
                    ]),
                Rule(
                    "all but internal networks reach this host",
                    [.load(.inputInterface, 0), .isNotIn(set: internals.name, 0), .decide(.return)]),
                Rule(
                    "internal networks ping it (ICMP)",
                    [.load(.transportProtocol, 0), .equal(0, [1]), .decide(.return)]),
                Rule(
                    "internal networks ping and find it (ICMPv6)",
                    [.load(.transportProtocol, 0), .equal(0, [58]), .decide(.return)]),
                Rule(
                    "internal networks ask name servers: nothing else is led from a bridge to 127.0.0.0/8",
                    isIPv4 + isRedirected + isLoopback(at: 16) + [.decide(.return)]),
                Rule("internal networks reach nothing else of it", [.decide(.drop)]),
            ]),
        Chain(
            name: "forward", entry: ("filter", .forward, Priority.filter),
            rules: [
                Rule("answers pass", isKnown + [.decide(.accept)]),
                Rule(
                    "containers of a network reach each other",
                    [
                        .load(.inputInterface, 0), .load(.outputInterface, 4), .isIn(set: pairs.name, 0),
                        .decide(.accept),
                    ]),
                Rule(
                    "nothing leaves an internal network",
                    [.load(.inputInterface, 0), .isIn(set: internals.name, 0), .decide(.drop)]),
                Rule(
                    "nothing enters an internal network",
                    [.load(.outputInterface, 0), .isIn(set: internals.name, 0), .decide(.drop)]),
                Rule("published ports are open", goesToBridge + isRedirected + [.decide(.accept)]),
                Rule(
                    "all else to a container is closed, from other networks and from outside",
                    goesToBridge + [.decide(.drop)]),
                Rule("containers reach the outside", comesFromBridge + [.decide(.accept)]),
                Rule(
                    "this host forwards for containers only, unless somebody else has made it a router",
                    [.load(.networkProtocol, 0), .isIn(set: forwarded.name, 0), .decide(.drop)]),
            ]),
        Chain(
            name: "postrouting", entry: ("nat", .postrouting, Priority.sourceNAT),
            rules: [
                Rule(
                    "a container answers the bridge instead of a 127.0.0.0/8 of its own",
                    isIPv4 + goesToBridge + isLoopback(at: 12) + [.masquerade]),
                Rule(
                    "IPv4: an answer to a neighbour's call of a published port comes back this way",
                    isIPv4 + isRedirected + [
                        .loadBytes(.network, offset: 12, count: 4, 0), .load(.outputInterface, 1),
                        .isIn(set: hosts4.name, 0), .masquerade,
                    ]),
                Rule(
                    "IPv6: an answer to a neighbour's call of a published port comes back this way",
                    isIPv6 + isRedirected + [
                        .loadBytes(.network, offset: 8, count: 16, 0), .load(.outputInterface, 4),
                        .isIn(set: hosts6.name, 0), .masquerade,
                    ]),
                Rule(
                    "what leaves for elsewhere than a bridge gets an address of this host",
                    [
                        .load(.inputInterface, 0), .isIn(set: masqueraded.name, 0), .load(.outputInterface, 0),
                        .isNotIn(set: bridges.name, 0), .masquerade,
                    ]),
            ]),
    ]
}
