/// An address and how many of its leading bits name a network: `172.30.0.1/16`.
public struct IPNetwork: Sendable, Hashable, CustomStringConvertible {
    /// The address: of the network itself, or of a host in it.
    public var address: IPAddress
    /// How many leading bits the network's addresses have in common.
    public var prefixLength: Int

    /// An address in a network.
    public init(_ address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    /// Reads `ADDRESS/LENGTH`; nil when the text is no such thing.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]),
            (0...address.family.bits).contains(length), String(length) == parts[1]
        else { return nil }
        self.init(address, prefixLength: length)
    }

    /// `ADDRESS/LENGTH`.
    public var description: String { "\(address)/\(prefixLength)" }

    /// The network's first address, which names it.
    public var first: IPAddress {
        switch address {
        case .v4(let number): .v4(number & ~hostMask32)
        case .v6(let number): .v6(number & ~hostMask128)
        }
    }

    /// The network's last address, for IPv4 its broadcast address.
    public var last: IPAddress {
        switch address {
        case .v4(let number): .v4(number | hostMask32)
        case .v6(let number): .v6(number | hostMask128)
        }
    }

    /// The network with its own address instead of a host's.
    public var network: IPNetwork { IPNetwork(first, prefixLength: prefixLength) }

    private var hostMask32: UInt32 { prefixLength >= 32 ? 0 : UInt32.max >> UInt32(prefixLength) }
    private var hostMask128: UInt128 { prefixLength >= 128 ? 0 : UInt128.max >> UInt128(prefixLength) }

    /// Whether an address lies in the network.
    public func contains(_ other: IPAddress) -> Bool {
        other.family == address.family && first <= other && other <= last
    }

    /// Whether the networks have an address in common.
    public func overlaps(_ other: IPNetwork) -> Bool { contains(other.first) || other.contains(first) }
}
