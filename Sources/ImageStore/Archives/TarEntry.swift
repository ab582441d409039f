internal import Glibc

/// The header of one entry of an archive that is being written.
struct TarEntry {
    /// What the entry makes: the type flag of its header.
    enum Kind: UInt8 {
        case file = 0x30
        case hardLink = 0x31
        case symbolicLink = 0x32
        case characterDevice = 0x33
        case blockDevice = 0x34
        case folder = 0x35
        case fifo = 0x36
    }

    /// A run of data in a file with holes.
    struct Segment: Hashable {
        var offset: Int64
        var count: Int64
    }

    var kind: Kind
    /// The name as bytes in no particular charset; that of a folder without a slash at its end.
    var path: [UInt8]
    var permissions: mode_t = 0o644
    var userID: UInt32 = 0
    var groupID: UInt32 = 0
    /// Seconds since 1970.
    var time: Int64 = 0
    /// Bytes of the file, holes included.
    var size: Int64 = 0
    /// What a link says, or the first name of a hard link's file.
    var target: [UInt8] = []
    /// The number of a device node.
    var device: (major: UInt32, minor: UInt32) = (0, 0)
    /// Extended attributes, in the order in which they are written.
    var attributes: [(name: [UInt8], value: [UInt8])] = []
    /// Where its data lies; nil for a file without holes.
    var segments: [Segment]?
}
