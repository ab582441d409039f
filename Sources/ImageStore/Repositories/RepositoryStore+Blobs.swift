internal import Glibc
public import LinuxSystem
public import OCISpec

extension RepositoryStore {
    /// How old what says that a repository has a blob may get before somebody's interest makes it young again, in seconds.
    private static let freshness = 3600

    /// Opens a blob of a repository.
    ///
    /// - Throws: `RepositoryError.noRepository` or `.noBlob`, `SystemError`.
    public func open(_ blob: Digest, in repository: RepositoryName) throws -> FileDescriptor {
        try require(repository)
        guard blob.algorithm == .sha256, folder.exists(StoreFolder.path(ofBlob: blob, in: repository)) else {
            throw RepositoryError.noBlob(blob)
        }
        do throws(SystemError) {
            return try folder.descriptor.open(StoreFolder.path(ofBlob: blob), O_RDONLY | O_NOFOLLOW)
        } catch {
            guard error.errno == .noSuchFile else { throw error }
            throw RepositoryError.noBlob(blob)
        }
    }

    /// Bytes of a blob of a repository.
    ///
    /// Whoever asks may be about to push a manifest that names it: it stays for another day.
    ///
    /// - Throws: `RepositoryError.noRepository` or `.noBlob`, `SystemError`.
    public func size(of blob: Digest, in repository: RepositoryName) throws -> Int64 {
        let path = StoreFolder.path(ofBlob: blob, in: repository)
        if let age = folder.age(of: path), age > Self.freshness {
            let lock = try folder.lock()
            if folder.exists(path) { try folder.mark(path) }
            _ = consume lock
        }
        return Int64(try open(blob, in: repository).status().st_size)
    }

    /// Gives a repository a blob that another one has.
    ///
    /// - Parameter source: the other repository; nil: any, and images of the store, too.
    /// - Returns: false where it has none.
    /// - Throws: `SystemError`.
    public func mount(_ blob: Digest, from source: RepositoryName?, into repository: RepositoryName) throws -> Bool {
        guard blob.algorithm == .sha256, folder.exists(StoreFolder.path(ofBlob: blob)) else { return false }
        try create(repository)
        let lock = try folder.lock()
        guard exists(repository) else { return false }
        if let source, !folder.exists(StoreFolder.path(ofBlob: blob, in: source)) { return false }
        guard folder.exists(StoreFolder.path(ofBlob: blob)) else { return false }
        try folder.mark(StoreFolder.path(ofBlob: blob, in: repository))
        _ = consume lock
        return true
    }

    /// Takes a blob away from a repository, and off the disk when nothing else needs it.
    ///
    /// - Throws: `RepositoryError.noBlob` or `.blobInUse`, `SystemError`.
    public func remove(blob: Digest, from repository: RepositoryName) throws {
        try require(repository)
        let lock = try folder.lock()
        guard folder.exists(StoreFolder.path(ofBlob: blob, in: repository)) else { throw RepositoryError.noBlob(blob) }
        if let manifest = try manifestsByPart(of: repository)[blob] {
            throw RepositoryError.blobInUse(blob, by: manifest)
        }
        try folder.unlink(StoreFolder.path(ofBlob: blob, in: repository))
        try removeContent([blob])
        _ = consume lock
    }

    /// Which manifest of a repository names a blob or manifest; the repository's blobs and manifests by their digests.
    ///
    /// - Throws: `SystemError`.
    func manifestsByPart(of repository: RepositoryName) throws -> [Digest: Digest] {
        var users: [Digest: Digest] = [:]
        for digest in try manifests(of: repository) {
            for part in try content(of: digest)?.parts ?? [] { users[part.digest] = digest }
        }
        return users
    }

    /// Removes content that neither a repository nor an image, an unpacked layer or a container needs.
    ///
    /// The store's lock must be held.
    /// - Throws: `ImageStoreError`, `SystemError`.
    func removeContent(_ digests: some Sequence<Digest>) throws {
        var needed = try folder.referencedPaths()
        for diffID in try folder.digests(in: "layers") {
            // Without its record nobody knows which blob a layer came from.
            guard let record = try? folder.layer(diffID) else { return }
            needed.insert(StoreFolder.path(ofBlob: record.blob))
        }
        let free = try digests.map { StoreFolder.path(ofBlob: $0) }.filter { path throws in
            try !needed.contains(path) && !folder.isPinned(blob: path)
        }
        // Asked afterwards: a container that was being made before, and held its image's configuration, has its record by now.
        for id in try inUse() { needed.insert(StoreFolder.path(ofBlob: id)) }
        for path in free where !needed.contains(path) { try folder.unlink(path) }
    }

    /// Removes what nobody has come back to for a day: uploads, and blobs that no manifest of their repository names.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func removeStale() throws {
        for name in try folder.namesIfPresent(in: "registry/_new") {
            let path = "registry/_new/\(name)"
            if let age = folder.age(of: path), age > Self.patience { try folder.unlink(path) }
        }
        try finishRemovals()
        for repository in try folder.repositories() {
            try removeStaleUploads(of: repository)
            let lock = try folder.lock()
            guard exists(repository) else { continue }
            try finishPendingChanges(of: repository)
            var old: [Digest] = []
            for digest in try folder.digests(in: "\(StoreFolder.path(of: repository))/_blobs", mayBeMissing: true) {
                guard let age = folder.age(of: StoreFolder.path(ofBlob: digest, in: repository)), age > Self.patience
                else { continue }
                old.append(digest)
            }
            if !old.isEmpty {
                let users = try manifestsByPart(of: repository)
                let unused = old.filter { users[$0] == nil }
                for digest in unused { try folder.unlink(StoreFolder.path(ofBlob: digest, in: repository)) }
                if !unused.isEmpty { try removeContent(unused) }
            }
            _ = consume lock
        }
    }
}
