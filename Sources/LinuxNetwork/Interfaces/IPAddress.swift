internal import Glibc

/// An IPv4 or IPv6 address.
public enum IPAddress: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// `192.0.2.1`, as a number.
    case v4(UInt32)
    /// `2001:db8::1`, as a number.
    case v6(UInt128)

    /// Reads an address: four decimal numbers, or the form of RFC 4291; nil when the text is neither.
    public init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self = .v4(bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self = .v6(bytes.reduce(0) { $0 << 8 | UInt128($1) })
        } else {
            return nil
        }
    }

    /// Reads 4 or 16 bytes in network order; nil for any other number of them.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16: self = .v6(bytes.reduce(0) { $0 << 8 | UInt128($1) })
        default: return nil
        }
    }

    /// 4 or 16 bytes in network order.
    public var bytes: [UInt8] {
        switch self {
        case .v4(let number): withUnsafeBytes(of: number.bigEndian, Array.init)
        case .v6(let number): withUnsafeBytes(of: number.bigEndian, Array.init)
        }
    }

    /// Which of the two families it is of.
    public var family: IPFamily {
        switch self {
        case .v4: .v4
        case .v6: .v6
        }
    }

    /// Whether it leads back to whoever uses it (RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3).
    public var isLoopback: Bool {
        switch self {
        case .v4(let number): number >> 24 == 127
        case .v6(let number): number == 1
        }
    }

    /// As it is written (IPv6 by RFC 5952).
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = inet_ntop(family.number, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The address that lies `offset` behind this one; nil beyond the last.
    public func advanced(by offset: UInt64) -> IPAddress? {
        switch self {
        case .v4(let number):
            guard let step = UInt32(exactly: offset) else { return nil }
            let (sum, overflow) = number.addingReportingOverflow(step)
            return overflow ? nil : .v4(sum)
        case .v6(let number):
            let (sum, overflow) = number.addingReportingOverflow(UInt128(offset))
            return overflow ? nil : .v6(sum)
        }
    }

    /// IPv4 before IPv6, then by number.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        switch (left, right) {
        case (.v4(let left), .v4(let right)): left < right
        case (.v6(let left), .v6(let right)): left < right
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }
}

/// IPv4 or IPv6.
public enum IPFamily: String, Sendable, Hashable, CaseIterable {
    /// Addresses of 32 bits.
    case v4 = "IPv4"
    /// Addresses of 128 bits.
    case v6 = "IPv6"

    /// `AF_INET` or `AF_INET6`.
    public var number: Int32 {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        }
    }

    /// How many bits an address has.
    public var bits: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }
}
