internal import CCap

/// A set of capabilities as the kernel keeps it: bit n stands for capability n.
public struct CapabilitySet: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The mask.
    public var mask: UInt64

    /// The set of a kernel mask, for example the `CapBnd` of `/proc/<pid>/status`.
    public init(mask: UInt64) {
        self.mask = mask
    }

    /// The set of those capabilities.
    public init(arrayLiteral capabilities: Capability...) {
        mask = capabilities.reduce(0) { $0 | 1 << UInt64($1.number) }
    }

    /// The set of the names in an OCI configuration.
    ///
    /// - Throws: `CapabilityError` for a name that does not exist.
    public init(names: [String]) throws(CapabilityError) {
        mask = 0
        for name in names { insert(try Capability(name: name)) }
    }

    /// No capability.
    public static let none: CapabilitySet = []

    /// What Docker gives a container that asks for nothing (moby, `oci/caps/defaults.go`): 14 capabilities.
    public static let containerDefault: CapabilitySet = [
        .chown, .dacOverride, .fsetid, .fowner, .mknod, .netRaw, .setgid, .setuid, .setfcap, .setpcap,
        .netBindService, .sysChroot, .kill, .auditWrite,
    ]

    /// Every capability of the running kernel, which may have more or fewer than libcap has names for.
    public static func supported() -> CapabilitySet {
        let count = min(64, max(0, Int(cap_max_bits())))
        return CapabilitySet(mask: count == 64 ? .max : 1 << UInt64(count) - 1)
    }

    /// The calling thread's bounding set: nothing outside it can be given to a container (prctl(2), `PR_CAPBSET_READ`).
    public static func bounding() -> CapabilitySet {
        var mask: UInt64 = 0
        for number in 0..<64 {
            let answer = cap_get_bound(cap_value_t(number))
            // Behind the kernel's last capability.
            if answer < 0 { break }
            if answer == 1 { mask |= 1 << UInt64(number) }
        }
        return CapabilitySet(mask: mask)
    }
}

extension CapabilitySet {
    /// Whether nothing is in it.
    public var isEmpty: Bool { mask == 0 }

    /// How many capabilities are in it.
    public var count: Int { mask.nonzeroBitCount }

    /// Whether `capability` is in it.
    public func contains(_ capability: Capability) -> Bool {
        mask & 1 << UInt64(capability.number) != 0
    }

    /// Adds one.
    public mutating func insert(_ capability: Capability) {
        mask |= 1 << UInt64(capability.number)
    }

    /// Removes one.
    public mutating func remove(_ capability: Capability) {
        mask &= ~(1 << UInt64(capability.number))
    }

    /// What is in either.
    public func union(_ other: CapabilitySet) -> CapabilitySet { CapabilitySet(mask: mask | other.mask) }

    /// What is in both.
    public func intersection(_ other: CapabilitySet) -> CapabilitySet { CapabilitySet(mask: mask & other.mask) }

    /// What is in this one only.
    public func subtracting(_ other: CapabilitySet) -> CapabilitySet { CapabilitySet(mask: mask & ~other.mask) }

    /// The capabilities by rising number.
    public var capabilities: [Capability] {
        (0..<64).compactMap { mask & 1 << UInt64($0) == 0 ? nil : Capability(number: $0) }
    }

    /// The names by rising number, as an OCI configuration lists them.
    public var names: [String] { capabilities.map(\.name) }

    /// The names with commas between them.
    public var description: String { names.joined(separator: ",") }
}
