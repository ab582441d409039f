internal import LinuxSystem
public import OCISpec

/// A manifest of a repository.
public struct StoredManifest: Sendable {
    /// Its digest.
    public var digest: Digest
    /// What it is.
    public var mediaType: MediaType
    /// Its bytes, as they came.
    public var bytes: [UInt8]
    /// The manifest that it is about.
    public var subject: Digest?
}

extension RepositoryStore {
    /// The most bytes of a manifest.
    public static let manifestLimit = 4 << 20

    /// Puts a manifest into a repository, all parts of which must be there.
    ///
    /// One that is there already keeps its push time, and comes back from the archive.
    ///
    /// - Parameters:
    ///   - mediaType: what its sender says that it is.
    ///   - name: its tag, or its digest.
    ///   - keepsTags: a tag that stands for another manifest stays as it is, and this one is refused.
    /// - Throws: `RepositoryError`; then the repository is as it was. `SystemError`.
    public func put(
        _ bytes: [UInt8], mediaType: MediaType?, as name: ManifestName, in repository: RepositoryName, keepsTags: Bool
    ) throws -> StoredManifest {
        let content = try ManifestContent(bytes, mediaType: mediaType)
        let digest = try StreamDigest.of(bytes).digest
        if case .digest(let expected) = name, expected != digest {
            guard expected.algorithm == .sha256 else { throw RepositoryError.unsupportedDigest(expected) }
            throw RepositoryError.digestMismatch(expected: expected, actual: digest)
        }
        try create(repository)
        let new = try folder.writeNew(bytes)
        var isMoved = false
        defer { if !isMoved { _ = try? folder.unlink(new) } }
        let now = WallClock.now()
        let lock = try folder.lock()
        // Somebody may have removed the repository since.
        try require(repository)
        try finishPendingChanges(of: repository)
        for part in content.parts where !has(part.digest, in: repository) {
            throw RepositoryError.missingPart(part.digest)
        }
        if case .tag(let tag) = name, keepsTags, let known = try self.digest(ofTag: tag, in: repository),
            known != digest
        {
            throw RepositoryError.tagExists(tag, known)
        }
        // Each of these steps may be the last one; what refers to something comes after it.
        if !folder.exists(StoreFolder.path(ofBlob: digest)) {
            try folder.move(new, to: StoreFolder.path(ofBlob: digest))
            isMoved = true
        }
        let known = try? record(of: digest, in: repository)
        var record = known ?? ManifestRecord(mediaType: content.mediaType, pushed: now)
        record.mediaType = content.mediaType
        record.activate(at: now)
        if record != known { try write(record, of: digest, in: repository) }
        if let subject = content.subject {
            let path = StoreFolder.path(ofReferrer: digest, of: subject, in: repository)
            try folder.makeFolders(String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex)))
            try folder.mark(path)
        }
        if case .tag(let tag) = name {
            try folder.replace(StoreFolder.path(ofTag: tag, in: repository), with: Array("\(digest)\n".utf8))
        }
        _ = consume lock
        for name in ["_manifests", "_tags"] { try folder.flush(folder: "\(StoreFolder.path(of: repository))/\(name)") }
        try folder.flush(folder: "blobs/sha256")
        return StoredManifest(
            digest: digest, mediaType: content.mediaType, bytes: bytes, subject: content.subject)
    }

    /// Whether a repository has a blob or a manifest.
    private func has(_ digest: Digest, in repository: RepositoryName) -> Bool {
        digest.algorithm == .sha256 && folder.exists(StoreFolder.path(ofBlob: digest))
            && (folder.exists(StoreFolder.path(ofBlob: digest, in: repository))
                || folder.exists(StoreFolder.path(ofManifest: digest, in: repository)))
    }

    /// The digests of a repository's manifests and indexes, in no order.
    ///
    /// - Throws: `SystemError`.
    public func manifests(of repository: RepositoryName) throws -> [Digest] {
        try folder.digests(in: "\(StoreFolder.path(of: repository))/_manifests", mayBeMissing: true)
    }

    /// What a manifest says; nil where it is not there, or is none.
    ///
    /// - Throws: `SystemError`.
    func content(of digest: Digest, mediaType: MediaType? = nil) throws(SystemError) -> ManifestContent? {
        try folder.read(StoreFolder.path(ofBlob: digest)).flatMap { try? ManifestContent($0, mediaType: mediaType) }
    }

    /// A manifest of a repository.
    ///
    /// - Throws: `RepositoryError.noRepository`, `.noManifest` or `.archived`, `ImageStoreError`, `SystemError`.
    public func manifest(_ name: ManifestName, in repository: RepositoryName) throws -> StoredManifest {
        try require(repository)
        let digest: Digest? =
            switch name {
            case .tag(let tag): try self.digest(ofTag: tag, in: repository)
            case .digest(let digest): digest
            }
        guard let digest, digest.algorithm == .sha256,
            let record = try record(of: digest, in: repository),
            let bytes = try folder.read(StoreFolder.path(ofBlob: digest))
        else { throw RepositoryError.noManifest(name) }
        guard record.archived == nil else { throw RepositoryError.archived(name) }
        return StoredManifest(digest: digest, mediaType: record.mediaType, bytes: bytes)
    }

    /// The manifests of a repository that are about another one, as an index lists them.
    ///
    /// - Throws: `RepositoryError.noRepository`, `ImageStoreError`, `SystemError`.
    public func referrers(of subject: Digest, in repository: RepositoryName) throws -> [Descriptor] {
        try require(repository)
        let digests = try folder.digests(
            in: "\(StoreFolder.path(of: repository))/_referrers/\(subject.hex)", mayBeMissing: true)
        return try digests.sorted().compactMap { digest in
            guard let manifest = try? manifest(.digest(digest), in: repository) else { return nil }
            let content = try ManifestContent(manifest.bytes, mediaType: manifest.mediaType)
            return Descriptor(
                mediaType: content.mediaType, digest: digest, size: Int64(manifest.bytes.count),
                annotations: content.annotations, artifactType: content.artifactType)
        }
    }
}
