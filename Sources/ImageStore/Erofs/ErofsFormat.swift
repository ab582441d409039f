/// What an EROFS image consists of, as Linux reads it (Documentation/filesystems/erofs.rst, and the core on-disk format of
/// erofs.docs.kernel.org): everything is little-endian.
enum ErofsFormat {
    static let blockBits = 12
    static let blockSize = 1 << blockBits
    /// Where the superblock lies; what is before it is nothing of EROFS.
    static let superblockOffset = 1024
    static let magic: UInt32 = 0xE0F5_E1E2
    /// Inodes are counted in slots of 32 bytes.
    static let slotBits = 5
    /// An extended inode: 32 bits for owners and links, a time of its own.
    static let inodeSize = 64
    static let entrySize = 12
    /// Bytes before the attributes of an inode.
    static let attributeHeaderSize = 12

    /// Where the content of an inode lies.
    enum Layout: UInt16 {
        /// In blocks of its own.
        case plain = 0
        /// Whole blocks of its own, and the rest behind the inode, in the same block.
        case inline = 2
    }

    /// What a directory's entry says of the kind of a file (fs_types.h).
    static func kind(ofMode mode: UInt16) -> UInt8 {
        switch mode & 0o170000 {
        case 0o100000: 1
        case 0o040000: 2
        case 0o020000: 3
        case 0o060000: 4
        case 0o010000: 5
        case 0o140000: 6
        case 0o120000: 7
        default: 0
        }
    }

    /// The prefixes that names of attributes are kept without, and their numbers.
    private static let attributePrefixes: [(text: String, number: UInt8)] = [
        ("user.", 1), ("trusted.", 4), ("security.", 6),
    ]

    /// How many bytes of an attribute's name are not kept, and the number that stands for them.
    static func prefix(of name: [UInt8]) -> (count: Int, number: UInt8)? {
        attributePrefixes.first { name.starts(with: $0.text.utf8) }.map { ($0.text.utf8.count, $0.number) }
    }

    /// Whether the counters of an inode and of its attributes are wide enough, also when the folder becomes opaque later.
    static func canHold(_ attributes: [LayerTree.Attribute]) -> Bool {
        let sizes = attributes.map { 4 + $0.name.count + $0.value.count + 3 }
        return attributes.allSatisfy { $0.value.count <= Int(UInt16.max) } && sizes.reduce(64, +) / 4 < Int(UInt16.max)
    }
}

/// Bytes that are put together for a structure.
struct LittleEndianBytes {
    private(set) var bytes: [UInt8] = []

    mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(zeros count: Int) {
        bytes.append(contentsOf: repeatElement(0, count: count))
    }

    mutating func append(_ other: some Sequence<UInt8>) {
        bytes.append(contentsOf: other)
    }
}
