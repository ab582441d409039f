internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Where a layer is unpacked to in a staging folder.
///
/// `NAME/diff` is the layer as a folder, `NAME/layer.erofs` as an image; there is one of them.
struct LayerPlace: Sendable {
    /// An archive that has fewer bytes, compressed or not, has too few files to make up for a mount.
    private static let smallestImage: Int64 = 256 << 10

    private let name: String
    private let staging: StagingFolder
    private let isImage: Bool

    /// Makes the place.
    ///
    /// - Parameter size: bytes of the layer as it comes, as far as they are known.
    /// - Throws: `SystemError`.
    init(_ name: String, in staging: StagingFolder, size: Int64?) throws(SystemError) {
        self.name = name
        self.staging = staging
        let parent = staging.descriptor.rawValue
        isImage = (size ?? 0) >= Self.smallestImage && staging.canMountImages
        for (path, mode) in [(name, 0o700)] + (isImage ? [] : [("\(name)/diff", 0o755)]) {
            try retrying("create", path) { mkdirat(parent, path, mode_t(mode)) }
        }
    }

    /// Says which layer it has become.
    ///
    /// - Throws: `SystemError`.
    func identify(as diffID: Digest) throws(SystemError) {
        guard isImage else { return }
        let path = "\(name)/\(ErofsImage.file)"
        try ErofsImage.identify(staging.descriptor.open(path, O_WRONLY | O_NOFOLLOW), as: diffID, name: path)
    }

    /// Unpacks an archive.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    func unpack(_ reader: ArchiveReader, _ limits: UnpackLimits) throws -> UnpackedLayer {
        let folder = try staging.descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        if isImage {
            let file = try folder.open(ErofsImage.file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
            var unpacker = LayerUnpacker(into: try ErofsLayer(file, name: "\(name)/\(ErofsImage.file)"), limits: limits)
            return try unpacker.unpack(reader)
        }
        let root = try folder.open("diff", O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        var unpacker = LayerUnpacker(into: FolderLayer(root: root.rawValue, scratch: folder.rawValue), limits: limits)
        return try unpacker.unpack(reader)
    }
}
