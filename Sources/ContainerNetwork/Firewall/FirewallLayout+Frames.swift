internal import LinuxNetwork

/// The rules for frames that come from containers: each sends under its own addresses only, and plays no router and no DHCP server.
extension FirewallLayout {
    private static let interface: FirewallExpression = .load(.inputInterface, 0)
    /// The sender's link address, behind the interface's name.
    private static let linkSource: FirewallExpression = .loadBytes(.link, offset: 6, count: 6, 4)

    private static func isKind(_ number: UInt16) -> [FirewallExpression] {
        [.load(.etherType, 0), .equal(0, FirewallSet.port(number))]
    }
    private static let isARP = isKind(0x0806)
    private static let isIPv4Frame = isKind(0x0800)
    private static let isIPv6Frame = isKind(0x86DD)

    private static func isTransport(_ number: UInt8) -> [FirewallExpression] {
        [.load(.transportProtocol, 0), .equal(0, [number])]
    }
    private static let isTCP = isTransport(6)
    private static let isUDP = isTransport(17)
    private static let isICMPv6 = isTransport(58)

    private static func isSourcePort(_ number: UInt16) -> [FirewallExpression] {
        [.loadBytes(.transport, offset: 0, count: 2, 0), .equal(0, FirewallSet.port(number))]
    }
    private static func isMessage(_ type: UInt8) -> [FirewallExpression] {
        [.loadBytes(.transport, offset: 0, count: 1, 0), .equal(0, [type])]
    }

    static let bridgeChains: [Chain] = [
        Chain(
            name: "senders", entry: ("filter", .prerouting, -300),
            rules: [
                // First, as most frames are these: one look-up for each.
                Rule(
                    "TCP over IPv4 from the container's own address",
                    isIPv4Frame + isTCP + [
                        interface, linkSource, .loadBytes(.network, offset: 12, count: 4, 6),
                        .isIn(set: senders4.name, 0), .decide(.accept),
                    ]),
                Rule(
                    "TCP over IPv6 from the container's own addresses",
                    isIPv6Frame + isTCP + [
                        interface, linkSource, .loadBytes(.network, offset: 8, count: 16, 6),
                        .isIn(set: senders6.name, 0), .decide(.accept),
                    ]),
                Rule(
                    "other software's ports are not our business",
                    [interface, .isNotIn(set: interfaces.name, 0), .decide(.return)]),
                Rule("no foreign link address", [interface, linkSource, .isNotIn(set: links.name, 0), .decide(.drop)]),
                // RFC 826: the sender's hardware address at 8, its protocol address at 14.
                Rule(
                    "ARP speaks of the container's own address",
                    isARP + [
                        interface, .loadBytes(.network, offset: 8, count: 6, 4),
                        .loadBytes(.network, offset: 14, count: 4, 6), .isIn(set: senders4.name, 0), .decide(.accept),
                    ]),
                Rule("no DHCP server", isIPv4Frame + isUDP + isSourcePort(67) + [.decide(.drop)]),
                Rule(
                    "IPv4 from the container's own address",
                    isIPv4Frame + [
                        interface, linkSource, .loadBytes(.network, offset: 12, count: 4, 6),
                        .isIn(set: senders4.name, 0), .decide(.accept),
                    ]),
                Rule("no DHCPv6 server", isIPv6Frame + isUDP + isSourcePort(547) + [.decide(.drop)]),
                Rule(
                    "no router advertisements (CVE-2020-13401)",
                    isIPv6Frame + isICMPv6 + isMessage(134) + [.decide(.drop)]),
                Rule("no redirects", isIPv6Frame + isICMPv6 + isMessage(137) + [.decide(.drop)]),
                // RFC 4861, section 4.4: the target address at 8.
                Rule(
                    "neighbour advertisements speak of the container's own address",
                    isIPv6Frame + isICMPv6 + isMessage(136) + [
                        interface, linkSource, .loadBytes(.transport, offset: 8, count: 16, 6),
                        .isNotIn(set: senders6.name, 0), .decide(.drop),
                    ]),
                Rule(
                    "IPv6 from the container's own addresses",
                    isIPv6Frame + [
                        interface, linkSource, .loadBytes(.network, offset: 8, count: 16, 6),
                        .isIn(set: senders6.name, 0), .decide(.accept),
                    ]),
                Rule(
                    "IPv6 without a sender's address: duplicate address detection",
                    isIPv6Frame + isICMPv6 + [
                        .loadBytes(.network, offset: 8, count: 16, 0),
                        .equal(0, [UInt8](repeating: 0, count: 16)), interface, .isIn(set: interfaces.name, 0),
                        .decide(.accept),
                    ]),
                Rule("nothing else", [.decide(.drop)]),
            ])
    ]
}
