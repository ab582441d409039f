internal import LinuxNetwork

/// Where the subnets of networks come from for which nobody chose one.
struct AddressPool {
    /// Networks that a new one must have no address in common with.
    let taken: [IPNetwork]
    /// Engines with different roots begin their search at different places.
    let seed: UInt64

    /// The blocks of private addresses (RFC 1918) that are cut into networks of 4,096 addresses: 256 and 1,024 of them.
    private static let blocks: [(first: UInt32, count: UInt64)] = [(0xAC10_0000, 256), (0x0A40_0000, 1024)]
    private static let prefixLength = 20

    /// Addresses that no network can have: this network, loopback, link-local, multicast, reserved (RFC 6890).
    static let reserved = [
        "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/128", "::1/128", "::ffff:0:0/96", "fe80::/10", "ff00::/8",
    ].compactMap(IPNetwork.init)

    /// A free IPv4 network; nil when all are taken.
    func freeIPv4() -> IPNetwork? {
        for (first, count) in Self.blocks {
            for step in 0..<count {
                let number = UInt32((seed &+ step) % count)
                let network = IPNetwork(
                    .v4(first + number << UInt32(32 - Self.prefixLength)), prefixLength: Self.prefixLength)
                if isFree(network) { return network }
            }
        }
        return nil
    }

    /// A free IPv6 network of 64 bits with a global id that nobody else is likely to have (RFC 4193, section 3.2.2).
    ///
    /// - Parameter random: eight random bytes.
    func freeIPv6(random: [UInt8]) -> IPNetwork? {
        for step in UInt8(0)..<16 {
            var bytes = [0xfd] + random.prefix(7)
            bytes[7] ^= step
            let address = IPAddress(bytes: bytes + [UInt8](repeating: 0, count: 8))
            guard let address else { return nil }
            let network = IPNetwork(address, prefixLength: 64)
            if isFree(network) { return network }
        }
        return nil
    }

    /// Whether nothing overlaps a network.
    func isFree(_ network: IPNetwork) -> Bool { !taken.contains { $0.overlaps(network) } }
}
