internal import CArchive
internal import CLinux
internal import Glibc
internal import LinuxSystem
public import OCISpec

extension ImageStore {
    /// Makes an image of one layer from the files of a root file system.
    ///
    /// - Parameters:
    ///   - source: a tar archive, plain or inside gzip or zstd; not a folder.
    ///   - reference: the image's name; nil for none.
    ///   - changes: what its configuration says, in this order.
    ///   - message: what its history says; "imported from …" where it is nil.
    ///   - progress: called on this thread, about once for every MiB.
    /// - Throws: `ImageStoreError`, `SystemError`; after an error nothing is left.
    public func importRoot(
        from source: ImageSource, reference: ImageReference? = nil, changes: [ChangeInstruction] = [],
        message: String? = nil, platform: Platform = .host, limits: UnpackLimits = UnpackLimits(),
        progress: (ImageProgress) -> Void = { _ in }
    ) throws -> Image {
        let name =
            switch source {
            case .standardInput: "standard input"
            case .file(let path), .folder(let path): path
            }
        let descriptor = try Self.openForImport(source)
        let size = try descriptor.status()
        let stream = try PeekedSource(DescriptorSource(descriptor), count: ContentKind.headSize)
        let kind = ContentKind(stream.peeked)
        switch kind {
        case .tar, .gzip, .zstd: break
        case .otherCompression(let form):
            throw ImageStoreError.archive(
                name, reason: "it is compressed by \(form); decompress it, or use gzip or zstd")
        case .json, .unknown:
            throw ImageStoreError.archive(name, reason: "it is no tar archive (plain, gzip or zstd)")
        }
        return try withoutActuallyEscaping(progress) { progress in
            let intake = try LayerIntake(folder, limits: limits, progress: progress)
            defer { try? intake.staging.remove() }
            let layer = try intake.take(
                name: name, size: size.st_mode & S_IFMT == S_IFREG ? Int64(size.st_size) : nil, kind: kind,
                head: UnsafeRawBufferPointer(start: nil, count: 0)
            ) { try stream.next() }
            let configuration = try Self.configuration(
                of: layer, name: name, changes: changes, message: message, platform: platform)
            let bytes = configuration.jsonBytes()
            let id = try StreamDigest.of(bytes).digest
            intake.tellFlushing()
            var commit = ImageCommit(folder, intake.staging)
            try commit.add(
                ResolvedImage(
                    configuration: bytes, id: id, layers: [(name, layer)], references: reference.map { [$0] } ?? []))
            try commit.finish()
            return try image(named: id.description)
        }
    }

    private static func openForImport(_ source: ImageSource) throws -> FileDescriptor {
        switch source {
        case .standardInput:
            let copy = try retrying("read", "standard input") { fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) }
            return FileDescriptor(owning: copy)
        case .file(let path), .folder(let path):
            let file = try FileDescriptor.open(path, O_RDONLY)
            guard try file.status().st_mode & S_IFMT != S_IFDIR else {
                throw ImageStoreError.archive(path, reason: "it is a folder; pack it with tar first")
            }
            return file
        }
    }

    private static func configuration(
        of layer: OfferedLayer, name: String, changes: [ChangeInstruction], message: String?, platform: Platform
    ) throws -> ImageConfiguration {
        guard case .staged(let staged) = layer else {
            throw ImageStoreError.archive(name, reason: "its layer was not read")
        }
        var config = ImageConfiguration.Config()
        for change in changes { change.apply(to: &config) }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let created = Timestamp(seconds: Int64(now.tv_sec), nanoseconds: UInt32(now.tv_nsec))
        return ImageConfiguration(
            platform: platform, rootfs: ImageConfiguration.RootFilesystem(diffIDs: [try staged.record.get().diffID]),
            config: config, created: created,
            history: [
                ImageConfiguration.History(created: created, comment: message ?? "imported from \(name)")
            ])
    }
}
