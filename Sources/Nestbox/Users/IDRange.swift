/// A range of host user and group ids that one container's private user namespace maps to: its id 0 is `firstID`.
public struct IDRange: Sendable, Hashable {
    /// The host id that the container's id 0 is.
    public let firstID: UInt32
    /// How many ids the container has; 65,536 covers every 16-bit id, `nobody` (65534) included.
    public let count: UInt32

    /// Describes a range.
    public init(firstID: UInt32, count: UInt32 = IDRange.size) {
        self.firstID = firstID
        self.count = count
    }

    /// Ids per container.
    public static let size: UInt32 = 65_536

    /// The ranges that are leased, by their first ids: 12,288 of them.
    ///
    /// They start at 0x40000000 (1,073,741,824): above what useradd hands out in /etc/subuid (SUB_UID_MAX 600,100,000 in
    /// login.defs) and above systemd's dynamic users (61,184 to 65,519). They end with systemd's own range for containers
    /// (0x00080000 to 0x6FFF0000, systemd's UIDS-GIDS), which leaves 0x70000000 and up, ids above 2^31 above all, to others.
    static let firstIDs: ClosedRange<UInt32> = 0x4000_0000...0x6FFF_0000

    /// How many ranges there are to lease.
    static let available = Int((firstIDs.upperBound - firstIDs.lowerBound) / size) + 1

    /// The range with this number, from 0 to `available - 1`.
    init(number: Int) {
        self.init(firstID: Self.firstIDs.lowerBound + UInt32(number) * Self.size)
    }

    /// Its number.
    var number: Int { Int((firstID &- Self.firstIDs.lowerBound) / Self.size) }
}
