/// What a layer may cost at most.
///
/// A hostile image is stopped while it streams; a user with a larger image raises them.
public struct UnpackLimits: Sendable, Hashable {
    /// Bytes of one layer once decompressed.
    public var unpackedSize: Int64
    /// How many times larger than its compressed form a layer may be; counted from the first GiB on.
    public var compressionRatio: Int64
    /// Entries in one layer.
    public var entries: Int
    /// Apparent size of one file, holes included, in bytes.
    public var fileSize: Int64
    /// Bytes of an entry's path.
    ///
    /// The kernel takes no more than 4,095.
    public var pathLength: Int
    /// Bytes of one component of a path.
    ///
    /// Linux file systems take no more than 255.
    public var componentLength: Int
    /// Bytes of what precedes an entry's data: headers, long names, pax records, sparse maps.
    public var headerSize: Int
    /// Bytes of all extended attributes of one entry, names and values.
    public var extendedAttributeSize: Int
    /// Bytes of all manifests and configurations of one archive.
    public var metadataSize: Int

    /// The defaults: well above what images in the wild need.
    public init(
        unpackedSize: Int64 = 32 << 30, compressionRatio: Int64 = 200, entries: Int = 4_000_000,
        fileSize: Int64 = 2 << 40, pathLength: Int = 4095, componentLength: Int = 255, headerSize: Int = 4 << 20,
        extendedAttributeSize: Int = 256 << 10, metadataSize: Int = 32 << 20
    ) {
        self.unpackedSize = unpackedSize
        self.compressionRatio = compressionRatio
        self.entries = entries
        self.fileSize = fileSize
        self.pathLength = pathLength
        self.componentLength = componentLength
        self.headerSize = headerSize
        self.extendedAttributeSize = extendedAttributeSize
        self.metadataSize = metadataSize
    }

    /// A limit, as errors name it.
    public enum Name: String, Sendable, Hashable {
        case unpackedSize = "unpacked size"
        case compressionRatio = "compression ratio"
        case entries = "number of entries"
        case fileSize = "size of a file"
        case pathLength = "length of a path"
        case componentLength = "length of a path component"
        case headerSize = "size of an entry's headers"
        case extendedAttributeSize = "size of an entry's extended attributes"
        case metadataSize = "size of the manifests and configurations"
    }
}
