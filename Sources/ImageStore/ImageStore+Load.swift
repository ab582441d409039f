internal import Glibc
internal import LinuxSystem
public import OCISpec

/// Where images come from.
public enum ImageSource: Sendable, Hashable {
    /// A file with an OCI layout or a `docker save` archive, plain or inside gzip or zstd; or a folder with one.
    case file(String)
    /// A folder with an OCI layout.
    case folder(String)
    /// An archive as in ``file(_:)``, read from descriptor 0, which need not be seekable.
    case standardInput
}

/// An image that was loaded.
public struct LoadedImage: Sendable, Hashable {
    /// Digest of the configuration.
    public let id: Digest
    /// The names that the archive gave it.
    public let references: [ImageReference]
}

extension ImageStore {
    /// Loads every image of an archive.
    ///
    /// Nothing is visible before every digest was verified and everything is on the disk; after an error nothing is left.
    /// - Parameters:
    ///   - platform: which variant to take where there are several; the host's by default.
    ///   - progress: called on this thread, about once for every MiB.
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func load(
        from source: ImageSource, platform: Platform = .host, limits: UnpackLimits = UnpackLimits(),
        progress: (ImageProgress) -> Void = { _ in }
    ) throws -> [LoadedImage] {
        try withoutActuallyEscaping(progress) { progress in
            let intake = try LayerIntake(folder, limits: limits, progress: progress)
            // Also after an error: what was unpacked until then is removed.
            defer { try? intake.staging.remove() }
            let archive = try Self.open(source, intake: intake)
            let images = try Self.resolve(archive, platform: platform)
            intake.tellFlushing()
            var commit = ImageCommit(folder, intake.staging)
            for image in images { try commit.add(image) }
            try commit.finish()
            return images.map { LoadedImage(id: $0.id, references: $0.references) }
        }
    }

    private static func open(_ source: ImageSource, intake: LayerIntake) throws -> any ImageArchive {
        switch source {
        case .folder(let path): return try FolderImageArchive(path: path, intake: intake)
        case .file(let path):
            let file = try FileDescriptor.open(path, O_RDONLY)
            if try file.status().st_mode & S_IFMT == S_IFDIR {
                return try FolderImageArchive(path: path, intake: intake)
            }
            return try TarImageArchive(DescriptorSource(file), name: path, path: path, intake: intake)
        case .standardInput:
            let copy = try retrying("read", "standard input") { fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) }
            return try TarImageArchive(
                DescriptorSource(FileDescriptor(owning: copy)), name: "standard input", path: nil, intake: intake)
        }
    }

    private static func resolve(_ archive: any ImageArchive, platform: Platform) throws -> [ResolvedImage] {
        // Newer archives are both; the manifest of `docker save` has the names, and only what was saved.
        if let images = try DockerArchiveResolver(archive: archive).images() { return images }
        if let images = try OCILayoutResolver(archive: archive, platform: platform).images(), !images.isEmpty {
            return images
        }
        for name in [DockerArchiveEntry.manifestFile, "index.json"] where archive.digest(ofUnknown: name) != nil {
            throw ImageStoreError.metadata(name, reason: "it is not JSON")
        }
        throw ImageStoreError.archive(
            archive.name,
            reason: "it holds neither manifest.json nor index.json with an image; for the files of a root file system "
                + "use import")
    }
}
