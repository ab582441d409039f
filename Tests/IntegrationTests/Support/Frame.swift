import Glibc
import LinuxSystem

/// A hardware address.
struct MAC: Hashable, CustomStringConvertible {
    let bytes: [UInt8]

    static let broadcast = MAC(bytes: [UInt8](repeating: 0xff, count: 6))
    /// Every IPv6 node of a link.
    static let allNodes = MAC(bytes: [0x33, 0x33, 0, 0, 0, 1])

    init(bytes: [UInt8]) { self.bytes = bytes }

    init(_ text: String) throws {
        bytes = text.split(separator: ":").compactMap { UInt8($0, radix: 16) }
        guard bytes.count == 6 else { throw SystemError("read the hardware address", text, Errno(EINVAL)) }
    }

    var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    /// The link-local IPv6 address that goes with it (RFC 4291, appendix A).
    var linkLocalAddress: String {
        let words = [bytes[0] ^ 2, bytes[1], bytes[2], 0xff, 0xfe, bytes[3], bytes[4], bytes[5]]
        let groups = stride(from: 0, to: 8, by: 2).map {
            String(UInt16(words[$0]) << 8 | UInt16(words[$0 + 1]), radix: 16)
        }
        return "fe80::" + groups.joined(separator: ":")
    }
}

/// An Ethernet frame with whatever an attacker would put into it.
struct Frame {
    enum Kind: UInt16 {
        case ipv4 = 0x0800
        case arp = 0x0806
        case vlan = 0x8100
        case ipv6 = 0x86dd
    }

    var destination: MAC
    var source: MAC
    var kind: Kind
    var payload: [UInt8]

    var bytes: [UInt8] { destination.bytes + source.bytes + Self.bytes(kind.rawValue) + payload }

    /// The same with a tag of VLAN 0 ahead of what it carries: receivers take it off, and filters that look at the type alone
    /// do not see what comes after (CVE-2021-27853).
    var tagged: Frame {
        var frame = self
        frame.payload = [0, 0] + Self.bytes(kind.rawValue) + payload
        frame.kind = .vlan
        return frame
    }

    /// ARP: a request (1) or an answer (2) that claims that `address` is at `owner`.
    static func arp(
        from source: MAC, to destination: MAC, operation: UInt16, claiming address: String, at owner: MAC,
        target: String
    ) -> Frame {
        let header: [UInt8] = [0, 1, 8, 0, 6, 4]
        let sender = owner.bytes + octets(address)
        let receiver = (operation == 1 ? [UInt8](repeating: 0, count: 6) : destination.bytes) + octets(target)
        return Frame(
            destination: destination, source: source, kind: .arp,
            payload: header + bytes(operation) + sender + receiver)
    }

    /// A UDP datagram of either family.
    static func datagram(
        from source: MAC, _ sender: Endpoint, to destination: MAC, _ receiver: Endpoint, _ text: [UInt8]
    ) -> Frame {
        var datagram = bytes(sender.port) + bytes(receiver.port) + bytes(UInt16(8 + text.count)) + [0, 0] + text
        let sum = checksum(of: datagram, 17, from: sender.host, to: receiver.host)
        datagram.replaceSubrange(6..<8, with: bytes(sum == 0 ? 0xffff : sum))
        return packet(from: source, sender.host, to: destination, receiver.host, number: 17, datagram)
    }

    /// An IPv4 packet's first eight bytes behind the header, more of which are to come (RFC 791): as little as a fragment may have.
    var firstFragment: Frame {
        var frame = self
        frame.payload = Array(payload.prefix(28))
        frame.payload.replaceSubrange(2..<4, with: Self.bytes(28))
        frame.payload.replaceSubrange(6..<8, with: [0x20, 0])
        frame.payload.replaceSubrange(10..<12, with: [0, 0])
        frame.payload.replaceSubrange(10..<12, with: Self.bytes(~Self.sum(Array(frame.payload.prefix(20)))))
        return frame
    }

    /// A message of ICMP, or of ICMPv6, which may stand behind an empty header of destination options (RFC 7113).
    static func control(
        from source: MAC, _ sender: String, to destination: MAC, _ receiver: String, type: UInt8, _ body: [UInt8],
        behindOptions: Bool = false
    ) -> Frame {
        var message = [type, 0, 0, 0] + body
        guard sender.contains(":") else {
            message.replaceSubrange(2..<4, with: bytes(~sum(message)))
            return packet(from: source, sender, to: destination, receiver, number: 1, message)
        }
        message.replaceSubrange(2..<4, with: bytes(checksum(of: message, 58, from: sender, to: receiver)))
        let options: [UInt8] = [58, 0, 1, 4, 0, 0, 0, 0]
        return packet(
            from: source, sender, to: destination, receiver, number: behindOptions ? 60 : 58,
            behindOptions ? options + message : message)
    }

    /// A router advertisement of a default route and of a prefix to make addresses from.
    static func routerAdvertisement(
        from source: MAC, to destination: MAC = .allNodes, prefix: String, behindOptions: Bool = false
    ) -> Frame {
        // Hop limit, flags, lifetime of the router; one option for the prefix, one with the sender's hardware address.
        let router: [UInt8] = [64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0]
        let lifetimes: [UInt8] = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        let options = [3, 4, 64, 0xc0] + lifetimes + octets(prefix) + [1, 1] + source.bytes
        return control(
            from: source, source.linkLocalAddress, to: destination, "ff02::1", type: 134, router + options,
            behindOptions: behindOptions)
    }

    /// A neighbour advertisement that claims that `address` is at `owner`: the ARP of IPv6.
    static func neighbourAdvertisement(
        from source: MAC, _ sender: String, to destination: MAC, _ receiver: String, claiming address: String,
        at owner: MAC
    ) -> Frame {
        let override: [UInt8] = [0x20, 0, 0, 0]
        return control(
            from: source, sender, to: destination, receiver, type: 136,
            override + octets(address) + [2, 1] + owner.bytes)
    }

    // MARK: - Packets

    private static func packet(
        from source: MAC, _ sender: String, to destination: MAC, _ receiver: String, number: UInt8, _ body: [UInt8]
    ) -> Frame {
        if sender.contains(":") {
            let header = [0x60, 0, 0, 0] + bytes(UInt16(body.count)) + [number, 255]
            return Frame(
                destination: destination, source: source, kind: .ipv6,
                payload: header + octets(sender) + octets(receiver) + body)
        }
        var header =
            [0x45, 0] + bytes(UInt16(20 + body.count)) + [0, 0, 0x40, 0, 64, number, 0, 0] + octets(sender)
            + octets(receiver)
        header.replaceSubrange(10..<12, with: bytes(~sum(header)))
        return Frame(destination: destination, source: source, kind: .ipv4, payload: header + body)
    }

    /// The address as it stands in a packet.
    static func octets(_ address: String) -> [UInt8] {
        let isIPv6 = address.contains(":")
        var bytes = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
        precondition(inet_pton(isIPv6 ? AF_INET6 : AF_INET, address, &bytes) == 1, address)
        return bytes
    }

    private static func checksum(
        of body: [UInt8], _ number: UInt8, from sender: String, to receiver: String
    ) -> UInt16 {
        ~sum(octets(sender) + octets(receiver) + bytes(UInt16(body.count)) + [0, number] + body)
    }

    /// The sum of 16-bit words of RFC 1071.
    private static func sum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for index in stride(from: 0, to: bytes.count, by: 2) {
            let low = index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0
            sum += UInt32(bytes[index]) << 8 | low
        }
        while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
        return UInt16(sum)
    }

    private static func bytes(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
}
