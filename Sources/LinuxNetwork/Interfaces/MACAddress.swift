/// The address of a network interface on its link.
public struct MACAddress: Sendable, Hashable, CustomStringConvertible {
    /// Six bytes.
    public let bytes: [UInt8]

    /// Reads six bytes in hexadecimal with colons or hyphens between them; nil when the text is anything else.
    public init?(_ text: String) {
        let parts = text.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "-" }
        let bytes = parts.compactMap { $0.utf8.count == 2 ? UInt8($0, radix: 16) : nil }
        guard parts.count == 6, bytes.count == 6 else { return nil }
        self.bytes = bytes
    }

    /// One for an interface that has this address: locally administered (the second bit of the first byte), and another for
    /// every address, so that no neighbour's cache is wrong when an address gets a new owner.
    public init(for address: IPAddress) {
        switch address {
        case .v4: bytes = [0x02, 0x4e] + address.bytes
        case .v6: bytes = [0x06, 0x4e] + address.bytes.suffix(4)
        }
    }

    /// Whether it names one interface (and not a group of them, or none).
    public var isUnicast: Bool { bytes[0] & 1 == 0 && bytes.contains { $0 != 0 } }

    /// `02:4e:ac:1e:00:02`.
    public var description: String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined(separator: ":")
    }
}
