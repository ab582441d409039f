internal import LinuxSystem
public import OCISpec

/// A manifest or an index of a repository, with all that is known of it.
public struct RepositoryImage: Hashable, Sendable {
    /// Its digest.
    public var digest: Digest
    /// Its tags, in their order.
    public var tags: [String]
    /// What it came as.
    public var mediaType: MediaType
    /// What the artifact is; nil where it does not say.
    public var artifactType: String?
    /// The manifest that it is about.
    public var subject: Digest?
    /// When it first came.
    public var pushedAt: Timestamp
    /// When it was last pulled, to within six hours; nil: never.
    public var lastPulledAt: Timestamp?
    /// Since when it is archived; nil: it is not.
    public var archivedAt: Timestamp?
    /// When it was last brought back from the archive.
    public var activatedAt: Timestamp?
    /// Bytes of its configuration and layers as they are kept; of an index those of its largest image.
    public var size: Int64
    /// What it refers to, as an index does.
    public var children: [Digest]

    /// What a lifecycle policy has to know of it.
    public var forLifecycle: LifecycleImage {
        LifecycleImage(
            digest: digest, tags: tags, pushedAt: pushedAt, lastPulledAt: lastPulledAt, archivedAt: archivedAt,
            activatedAt: activatedAt, children: children)
    }
}

extension RepositoryStore {
    /// The images of a repository, the oldest push first.
    ///
    /// - Throws: `RepositoryError.noRepository`, `ImageStoreError` when a record is damaged, `SystemError`.
    public func images(of repository: RepositoryName) throws -> [RepositoryImage] {
        try require(repository)
        let tags = try tagsByManifest(of: repository)
        var images: [Digest: RepositoryImage] = [:]
        for digest in try manifests(of: repository) {
            images[digest] = try image(digest, in: repository, tags: tags[digest] ?? [])
        }
        return images.values.map { image in
            var image = image
            if !image.children.isEmpty { image.size = Self.largest(below: image, images) }
            return image
        }.sorted { ($0.pushedAt, $0.digest) < ($1.pushedAt, $1.digest) }
    }

    /// The size of the largest image that an index refers to, or an index of it.
    private static func largest(below index: RepositoryImage, _ images: [Digest: RepositoryImage]) -> Int64 {
        var seen: Set<Digest> = []
        var open = index.children
        var largest: Int64 = 0
        while let digest = open.popLast() {
            guard seen.insert(digest).inserted, let image = images[digest] else { continue }
            largest = max(largest, image.size)
            open += image.children
        }
        return largest
    }

    private func image(_ digest: Digest, in repository: RepositoryName, tags: [String]) throws -> RepositoryImage? {
        // One that is removed meanwhile is none.
        guard let record = try record(of: digest, in: repository) else { return nil }
        let content = try content(of: digest, mediaType: record.mediaType)
        let parts = content?.parts.map(\.digest) ?? []
        let isIndex = record.mediaType.isIndex
        let size = isIndex ? 0 : parts.reduce(0) { $0 + folder.size(of: StoreFolder.path(ofBlob: $1)) }
        return RepositoryImage(
            digest: digest, tags: tags, mediaType: record.mediaType, artifactType: content?.artifactType,
            subject: content?.subject, pushedAt: record.pushed, lastPulledAt: lastPull(of: digest, in: repository),
            archivedAt: record.archived, activatedAt: record.activated, size: size, children: isIndex ? parts : [])
    }

    // MARK: - Pulls

    /// How long a pull is not written down after another one, in seconds.
    static let pullFreshness = 6 * 3600

    /// Writes down that a manifest was pulled.
    ///
    /// It costs one look at a file unless the last pull that was written down is six hours old. Its layers stay for another day
    /// then, whatever becomes of the manifest: whoever pulls is about to fetch them.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func recordPull(of digest: Digest, in repository: RepositoryName) throws {
        let path = StoreFolder.path(ofPull: digest, in: repository)
        if let age = folder.age(of: path), (0...Self.pullFreshness).contains(age) { return }
        let lock = try folder.lock()
        guard let record = try record(of: digest, in: repository) else { return }
        try folder.makeFolders("\(StoreFolder.path(of: repository))/_pulls")
        try folder.replace(path, with: WallClock.now().jsonBytes())
        let content = try content(of: digest, mediaType: record.mediaType)
        for part in content?.parts ?? [] where part.digest.algorithm == .sha256 {
            let blob = StoreFolder.path(ofBlob: part.digest, in: repository)
            if folder.exists(blob) { try folder.mark(blob) }
        }
        _ = consume lock
    }

    /// When a manifest was last pulled; nil: never, or nobody can read when.
    private func lastPull(of digest: Digest, in repository: RepositoryName) -> Timestamp? {
        guard let bytes = try? folder.read(StoreFolder.path(ofPull: digest, in: repository)) else { return nil }
        return try? Timestamp(jsonBytes: bytes)
    }
}
