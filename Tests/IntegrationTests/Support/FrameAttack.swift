import LinuxSystem
import Testing

/// A frame that an attacker sends to somebody on the same network, and that must not arrive.
struct FrameAttack {
    /// An interface with its addresses.
    struct Node {
        let mac: MAC
        let ipv4: String
        let ipv6: String
    }

    /// What kind of lie the frame tells.
    enum Kind: String, CaseIterable, Sendable {
        case arp = "ARP"
        case neighbour = "neighbour advertisement"
        case hardware = "hardware address"
        case source = "source address"
        case router = "router advertisement"
        case dhcp = "DHCP"
        case redirect = "redirect"
    }

    let name: String
    let frame: Frame

    /// What an honest frame carries.
    static let mark = "an honest frame of the attacker's"
    private static let text = Array("a frame that must not arrive".utf8)

    /// Whether a frame that has arrived, perhaps through a router, is this one.
    func isSeen(in received: [[UInt8]]) -> Bool {
        let end = Array(frame.payload.suffix(24))
        return received.contains { bytes in bytes.indices.contains { bytes[$0...].starts(with: end) } }
    }

    /// A frame that tells no lie, to be sent after one that does.
    static func honest(from attacker: Node, to victim: Node) -> Frame {
        Frame.datagram(
            from: attacker.mac, Endpoint(attacker.ipv4, 9), to: victim.mac, Endpoint(victim.ipv4, 9), Array(mark.utf8))
    }

    /// The attacks of one kind.
    ///
    /// - Parameter other: whom the attacker claims to be.
    static func all(_ kind: Kind, from attacker: Node, against victim: Node, as other: Node) -> [FrameAttack] {
        let plain =
            switch kind {
            case .arp: arp(from: attacker, against: victim, as: other)
            case .neighbour: neighbour(from: attacker, against: victim, as: other)
            case .hardware: hardware(from: attacker, against: victim, as: other)
            case .source: source(from: attacker, against: victim, as: other)
            case .router: router(from: attacker, against: victim)
            case .dhcp: dhcp(from: attacker, against: victim)
            case .redirect: redirect(from: attacker, against: victim, as: other)
            }
        return plain.flatMap { [$0, FrameAttack(name: "\($0.name), in VLAN 0", frame: $0.frame.tagged)] }
    }

    private static func arp(from attacker: Node, against victim: Node, as other: Node) -> [FrameAttack] {
        func frame(_ operation: UInt16, to destination: MAC, _ address: String, at owner: MAC) -> Frame {
            Frame.arp(
                from: attacker.mac, to: destination, operation: operation, claiming: address, at: owner,
                target: victim.ipv4)
        }
        return [
            .init(name: "answer", frame: frame(2, to: victim.mac, other.ipv4, at: attacker.mac)),
            .init(name: "answer to all", frame: frame(2, to: .broadcast, other.ipv4, at: attacker.mac)),
            .init(name: "request", frame: frame(1, to: .broadcast, other.ipv4, at: attacker.mac)),
            .init(name: "owner is another", frame: frame(2, to: victim.mac, attacker.ipv4, at: other.mac)),
        ]
    }

    private static func neighbour(from attacker: Node, against victim: Node, as other: Node) -> [FrameAttack] {
        [attacker.ipv6, attacker.mac.linkLocalAddress, other.ipv6, other.mac.linkLocalAddress].map { sender in
            .init(
                name: "from \(sender)",
                frame: .neighbourAdvertisement(
                    from: attacker.mac, sender, to: victim.mac, victim.ipv6, claiming: other.ipv6, at: attacker.mac))
        }
    }

    private static func hardware(from attacker: Node, against victim: Node, as other: Node) -> [FrameAttack] {
        [other.mac, victim.mac, MAC(bytes: [2, 0, 0, 0, 0, 1])].flatMap { source in
            [
                .init(
                    name: "IPv4 from \(source)",
                    frame: .datagram(
                        from: source, Endpoint(attacker.ipv4, 9), to: victim.mac, Endpoint(victim.ipv4, 9), text)),
                .init(
                    name: "IPv6 from \(source)",
                    frame: .datagram(
                        from: source, Endpoint(attacker.ipv6, 9), to: victim.mac, Endpoint(victim.ipv6, 9), text)),
                .init(
                    name: "ARP from \(source)",
                    frame: .arp(
                        from: source, to: victim.mac, operation: 2, claiming: attacker.ipv4, at: attacker.mac,
                        target: victim.ipv4)),
            ] as [FrameAttack]
        }
    }

    private static func source(from attacker: Node, against victim: Node, as other: Node) -> [FrameAttack] {
        let sources = [other.ipv4, victim.ipv4, "203.0.113.9", "127.0.0.1", other.ipv6, "2001:db8:ffff::9", "::1"]
        return (sources + [other.mac.linkLocalAddress]).map { source in
            .init(
                name: source,
                frame: .datagram(
                    from: attacker.mac, Endpoint(source, 9), to: victim.mac,
                    Endpoint(source.contains(":") ? victim.ipv6 : victim.ipv4, 9), text))
        }
    }

    private static func router(from attacker: Node, against victim: Node) -> [FrameAttack] {
        let prefix = "2001:db8:bad::"
        return [
            .init(name: "to all", frame: .routerAdvertisement(from: attacker.mac, prefix: prefix)),
            .init(name: "to one", frame: .routerAdvertisement(from: attacker.mac, to: victim.mac, prefix: prefix)),
            .init(
                name: "behind options",
                frame: .routerAdvertisement(from: attacker.mac, prefix: prefix, behindOptions: true)),
        ]
    }

    private static func dhcp(from attacker: Node, against victim: Node) -> [FrameAttack] {
        // The first bytes of an offer are enough for a filter, and a client's packet socket would see no less.
        let offer: [UInt8] = [2, 1, 6, 0] + text
        let (server, client) = (Endpoint(attacker.ipv4, 67), UInt16(68))
        return [
            .init(
                name: "offer to all",
                frame: .datagram(
                    from: attacker.mac, server, to: .broadcast, Endpoint("255.255.255.255", client), offer)),
            .init(
                name: "offer to one",
                frame: .datagram(from: attacker.mac, server, to: victim.mac, Endpoint(victim.ipv4, client), offer)),
            .init(
                name: "beginning of an offer in fragments",
                frame: .datagram(
                    from: attacker.mac, server, to: victim.mac, Endpoint(victim.ipv4, client), offer
                ).firstFragment),
            .init(
                name: "DHCPv6",
                frame: .datagram(
                    from: attacker.mac, Endpoint(attacker.mac.linkLocalAddress, 547), to: victim.mac,
                    Endpoint(victim.ipv6, 546), [2] + text)),
        ]
    }

    /// Messages that say that the way to an address is over the attacker (RFC 792; RFC 4861, section 4.5): the first only counts
    /// from the gateway, so it has to lie about its sender.
    private static func redirect(from attacker: Node, against victim: Node, as other: Node) -> [FrameAttack] {
        let targets = Frame.octets(attacker.mac.linkLocalAddress) + Frame.octets("2001:db8:ffff::9")
        return [
            .init(
                name: "IPv4",
                frame: .control(
                    from: attacker.mac, other.ipv4, to: victim.mac, victim.ipv4, type: 5,
                    Frame.octets(attacker.ipv4) + text)),
            .init(
                name: "IPv6",
                frame: .control(
                    from: attacker.mac, attacker.mac.linkLocalAddress, to: victim.mac, victim.ipv6, type: 137,
                    [0, 0, 0, 0] + targets + [2, 1] + attacker.mac.bytes)),
        ]
    }
}
