internal import LinuxSystem
public import OCISpec

extension RepositoryStore {
    /// Takes a manifest away from a repository with all tags that stand for it.
    ///
    /// Its blobs stay for a day, in case they are pushed with another one.
    ///
    /// - Throws: `RepositoryError.noRepository` or `.noManifest`, `ImageStoreError`, `SystemError`.
    public func remove(manifest digest: Digest, from repository: RepositoryName) throws {
        try require(repository)
        let lock = try folder.lock()
        try finishPendingChanges(of: repository)
        guard digest.algorithm == .sha256, folder.exists(StoreFolder.path(ofManifest: digest, in: repository)) else {
            throw RepositoryError.noManifest(.digest(digest))
        }
        try carryOut(PendingChanges(expired: [digest], time: WallClock.now()), in: repository)
        _ = consume lock
    }

    /// Archives manifests of a repository, or brings them back.
    ///
    /// An archived manifest stays with its tags, and cannot be pulled.
    ///
    /// - Throws: `RepositoryError.noRepository` or `.noManifest`, `ImageStoreError`, `SystemError`.
    public func move(
        manifest digest: Digest, of repository: RepositoryName, to storageClass: LifecyclePolicy.StorageClass
    ) throws {
        try require(repository)
        let lock = try folder.lock()
        try finishPendingChanges(of: repository)
        guard var record = try record(of: digest, in: repository) else {
            throw RepositoryError.noManifest(.digest(digest))
        }
        switch storageClass {
        case .standard: record.activate(at: WallClock.now())
        case .archive: record.archived = record.archived ?? WallClock.now()
        }
        try write(record, of: digest, in: repository)
        _ = consume lock
    }

    /// What a repository knows of a manifest; nil where it has none.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    func record(of digest: Digest, in repository: RepositoryName) throws -> ManifestRecord? {
        guard digest.algorithm == .sha256 else { return nil }
        return try folder.record(StoreFolder.path(ofManifest: digest, in: repository))
    }

    func write(_ record: ManifestRecord, of digest: Digest, in repository: RepositoryName) throws(SystemError) {
        try folder.replace(
            StoreFolder.path(ofManifest: digest, in: repository), with: record.jsonBytes(pretty: true))
    }

    // MARK: - As a whole

    /// Writes down what is about to happen, and does it.
    ///
    /// The store's lock must be held.
    /// - Throws: `ImageStoreError`, `SystemError`.
    func carryOut(_ changes: PendingChanges, in repository: RepositoryName) throws {
        guard !changes.expired.isEmpty || !changes.archived.isEmpty else { return }
        try folder.replace(StoreFolder.path(ofPendingChangesIn: repository), with: changes.jsonBytes(pretty: true))
        try folder.flush(folder: StoreFolder.path(of: repository))
        try finishPendingChanges(of: repository)
    }

    /// Does what a process that died has left undone.
    ///
    /// The store's lock must be held.
    /// - Throws: `ImageStoreError`, `SystemError`.
    func finishPendingChanges(of repository: RepositoryName) throws {
        let path = StoreFolder.path(ofPendingChangesIn: repository)
        guard folder.exists(path), let changes: PendingChanges = try folder.record(path) else { return }
        for digest in changes.archived {
            guard var record = try record(of: digest, in: repository), record.archived == nil else { continue }
            record.archived = changes.time
            try write(record, of: digest, in: repository)
        }
        let gone = Set(changes.expired)
        for (digest, tags) in try tagsByManifest(of: repository) where gone.contains(digest) {
            for tag in tags { try folder.unlink(StoreFolder.path(ofTag: tag, in: repository)) }
        }
        for digest in changes.expired { try forget(digest, in: repository) }
        if !gone.isEmpty { try removeContent(gone) }
        try folder.flush(folder: "\(StoreFolder.path(of: repository))/_manifests")
        try folder.unlink(path)
    }

    private func forget(_ digest: Digest, in repository: RepositoryName) throws {
        if let subject = try content(of: digest)?.subject {
            try folder.unlink(StoreFolder.path(ofReferrer: digest, of: subject, in: repository))
        }
        try folder.unlink(StoreFolder.path(ofPull: digest, in: repository))
        try folder.unlink(StoreFolder.path(ofManifest: digest, in: repository))
    }

    /// The tags of each manifest, in their order.
    ///
    /// - Throws: `SystemError`.
    func tagsByManifest(of repository: RepositoryName) throws(SystemError) -> [Digest: [String]] {
        var tags: [Digest: [String]] = [:]
        for tag in try folder.namesIfPresent(in: "\(StoreFolder.path(of: repository))/_tags").sorted() {
            guard let digest = try digest(ofTag: tag, in: repository) else { continue }
            tags[digest, default: []].append(tag)
        }
        return tags
    }
}
