/// A container's ids as the host's: 0 is the host's `first`, and so on.
public struct IDShift: Sendable, Hashable {
    /// What the kernel shows for an id without a counterpart.
    static let nobody: UInt32 = 65_534

    /// The host's id that stands for 0.
    public var first: UInt32
    /// How many there are.
    public var count: UInt32

    /// The ids of a container.
    public init(first: UInt32, count: UInt32) {
        self.first = first
        self.count = count
    }

    /// Ids that are the same on both sides.
    public static let none = IDShift(first: 0, count: UInt32.max)

    /// The container's id for one of the host.
    func inside(_ id: UInt32) -> UInt32 {
        id >= first && id - first < count ? id - first : Self.nobody
    }

    /// The host's id for one that an archive gives; nil when it is none of the container's.
    func outside(_ id: Int64) -> UInt32? {
        id >= 0 && id < Int64(count) ? first + UInt32(id) : nil
    }
}
