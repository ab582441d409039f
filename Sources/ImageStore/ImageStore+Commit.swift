internal import CLinux
internal import Glibc
internal import LinuxSystem
public import OCISpec

/// A container's own layer, which is to become one of an image.
public struct CommitSource: Sendable, Hashable {
    /// A descriptor of the upper folder of its overlay, which must stay open.
    public var upper: Int32
    /// What the ids of its files stand for.
    public var ids: IDShift
    /// The image below it; its configuration and layers must be there, its name need not.
    public var parent: Digest

    /// Describes a container's own layer.
    public init(upper: Int32, ids: IDShift, parent: Digest) {
        self.upper = upper
        self.ids = ids
        self.parent = parent
    }
}

extension ImageStore {
    /// Makes an image from an image and what a container has changed of its files.
    ///
    /// The layer is in the store as a load would have left it. Where nothing has changed the image has no further layer.
    ///
    /// - Parameters:
    ///   - reference: the image's name; nil for none.
    ///   - goesOn: asked again and again while files are being read: a reason to stop, which is thrown.
    ///   - whenRead: called once the files are read, and before the disk has them.
    ///   - configure: makes the configuration from the parent's, but for its layers.
    /// - Throws: `ImageStoreError`, `SystemError`, what the closures throw; after an error nothing is left.
    public func commit(
        _ source: CommitSource, reference: ImageReference?, limits: UnpackLimits = UnpackLimits(),
        goesOn: () throws -> Void, whenRead: () throws -> Void,
        configure: (inout ImageConfiguration, _ isEmptyLayer: Bool) throws -> Void
    ) throws -> Image {
        let intake = try LayerIntake(folder, limits: limits) { _ in }
        defer { try? intake.staging.remove() }
        var configuration = try ImageConfiguration(
            metadata: configurationBytes(source.parent), name: source.parent.description)
        var layers = try configuration.rootfs.diffIDs.map { diffID in
            guard let layer = try intake.present(diffID) else {
                throw ImageStoreError.store(
                    "\(folder.path)/\(StoreFolder.path(ofLayer: diffID))", reason: "the layer is missing; load it again"
                )
            }
            return (diffID.description, layer)
        }
        let staged = try Self.read(source, intake, goesOn: goesOn)
        try whenRead()
        if let staged {
            layers.append(("of the container", .staged(staged)))
            configuration.rootfs.diffIDs.append(try staged.record.get().diffID)
        }
        try configure(&configuration, staged == nil)
        let bytes = configuration.jsonBytes()
        let id = try StreamDigest.of(bytes).digest
        var commit = ImageCommit(folder, intake.staging)
        try commit.add(
            ResolvedImage(configuration: bytes, id: id, layers: layers, references: reference.map { [$0] } ?? []))
        try commit.finish()
        return try image(named: id.description)
    }

    /// Reads the files into a staged layer; nil when there are none.
    private static func read(
        _ source: CommitSource, _ intake: LayerIntake, goesOn: () throws -> Void
    ) throws -> StagedLayer? {
        let ingestion = try LayerIngestion(
            intake.staging, kind: .tar, name: "the container's layer", size: nil, limits: intake.limits)
        // What the threads are at work on is in the staging folder, which is removed afterwards.
        defer { ingestion.abandon() }
        let entries = try withoutActuallyEscaping(goesOn) { goesOn in
            var archiver = TreeArchiver(.layer, ids: source.ids) { bytes in
                try goesOn()
                try ingestion.write(bytes)
            }
            try archiver.add(source.upper, as: [])
            try archiver.finish()
            return archiver.entries
        }
        return entries == 0 ? nil : try ingestion.finish()
    }
}
