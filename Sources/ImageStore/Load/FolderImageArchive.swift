internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// An OCI layout, or an unpacked `docker save` archive, in a folder.
///
/// Only what the chosen image needs is read.
final class FolderImageArchive: ImageArchive {
    let name: String
    let stem: String?
    private let root: RootDirectory
    private let intake: LayerIntake
    private var layers: [String: OfferedLayer] = [:]
    private var unknown: [String: BlobSummary] = [:]

    /// Opens the folder.
    ///
    /// - Throws: `SystemError`.
    init(path: String, intake: LayerIntake) throws(SystemError) {
        name = path
        stem = Self.stem(of: path)
        root = try RootDirectory(path: path)
        self.intake = intake
    }

    func file(_ path: String) throws -> [UInt8]? {
        do {
            return try root.readFile(RootedPath(path), limit: intake.limits.metadataSize)
        } catch  where error.errno == Errno(EFBIG) {
            throw ImageStoreError.limit(.metadataSize, Int64(intake.limits.metadataSize), object: path)
        }
    }

    func layer(_ path: String) throws -> OfferedLayer? {
        if let known = layers[path] { return known }
        guard let layer = try read(path) else { return nil }
        layers[path] = layer
        return layer
    }

    private func read(_ path: String) throws -> OfferedLayer? {
        if let digest = ArchiveName.digest(in: path), let layer = try intake.present(digest) { return layer }
        guard let file = try open(RootedPath(path)) else { return nil }
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        let source = try PeekedSource(DescriptorSource(file), count: ContentKind.headSize)
        let kind = ContentKind(source.peeked)
        switch kind {
        case .tar, .gzip, .zstd:
            // The source hands out the same bytes first.
            return try intake.take(
                name: path, size: Int64(status.st_size), kind: kind, head: UnsafeRawBufferPointer(start: nil, count: 0)
            ) { try source.next() }
        case .json, .unknown, .otherCompression:
            var digest = StreamDigest()
            while let run = try source.next() { digest.update(run) }
            unknown[path] = try digest.finish()
            return nil
        }
    }

    private func open(_ path: RootedPath) throws(SystemError) -> FileDescriptor? {
        do {
            // A fifo or device in its place must not be waited for.
            return try root.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        } catch {
            if error.errno == .noSuchFile || error.errno == .notDirectory { return nil }
            throw error
        }
    }

    func digest(ofUnknown path: String) -> BlobSummary? {
        unknown[path]
    }
}
