internal import Glibc
internal import LinuxSystem
public import OCISpec

extension RepositoryStore {
    /// Makes a repository unless it is there.
    ///
    /// - Throws: `SystemError`.
    public func create(_ repository: RepositoryName) throws {
        guard !exists(repository) else { return }
        do {
            try create(repository, RepositorySettings())
        } catch RepositoryError.repositoryExists {
            // Another client was faster.
        }
    }

    /// Makes a repository with settings of its own.
    ///
    /// - Throws: `RepositoryError.repositoryExists`, `SystemError`.
    public func create(_ repository: RepositoryName, _ settings: RepositorySettings) throws {
        let staging = try StagingFolder(folder)
        defer { try? staging.remove() }
        let lock = try folder.lock()
        guard !exists(repository) else { throw RepositoryError.repositoryExists(repository) }
        let place = StoreFolder.path(of: repository)
        try finishRemoval(of: repository, into: staging)
        var settings = settings
        settings.created = WallClock.now()
        try folder.makeFolders(place)
        try folder.replace(StoreFolder.path(ofSettingsOf: repository), with: settings.jsonBytes(pretty: true))
        // The last one makes it a repository.
        for name in StoreFolder.repositoryFolders { try folder.makeFolders("\(place)/\(name)") }
        try folder.flush(folder: place)
        _ = consume lock
    }

    /// What was said of a repository.
    ///
    /// - Throws: `ImageStoreError` when it cannot be understood, `SystemError`.
    public func settings(of repository: RepositoryName) throws -> RepositorySettings {
        try folder.record(StoreFolder.path(ofSettingsOf: repository)) ?? RepositorySettings()
    }

    /// Changes what was said of a repository.
    ///
    /// - Throws: `RepositoryError.noRepository`, `ImageStoreError`, `SystemError`, what `body` throws.
    public func change(_ repository: RepositoryName, _ body: (inout RepositorySettings) throws -> Void) throws {
        let lock = try folder.lock()
        try require(repository)
        var settings = try settings(of: repository)
        try body(&settings)
        try folder.replace(StoreFolder.path(ofSettingsOf: repository), with: settings.jsonBytes(pretty: true))
        try folder.flush(folder: StoreFolder.path(of: repository))
        _ = consume lock
    }

    /// Removes a repository with all that nothing else needs of its content.
    ///
    /// - Parameter force: also when it has images.
    /// - Throws: `RepositoryError.noRepository` or `.notEmpty`, `ImageStoreError`, `SystemError`.
    public func remove(_ repository: RepositoryName, force: Bool) throws {
        let staging = try StagingFolder(folder)
        // Outside the lock: thousands of files take their time.
        defer { try? staging.remove() }
        let lock = try folder.lock()
        try require(repository)
        try finishPendingChanges(of: repository)
        let place = StoreFolder.path(of: repository)
        let manifests = try manifests(of: repository)
        guard force || manifests.isEmpty else { throw RepositoryError.notEmpty(repository, images: manifests.count) }
        try carryOut(PendingChanges(expired: manifests, time: WallClock.now()), in: repository)
        // Without this one it is none. The rest goes now or, should the process die, with the next sweep, or when one of its name
        // is made.
        try staging.take("\(place)/_manifests")
        try finishRemoval(of: repository, into: staging)
        _ = consume lock
    }

    /// Takes away what is left in the place of a repository that is none any more, or none yet, with its content.
    ///
    /// The store's lock must be held.
    private func finishRemoval(of repository: RepositoryName, into staging: StagingFolder) throws {
        let place = StoreFolder.path(of: repository)
        let names = try folder.namesIfPresent(in: place).filter { $0.hasPrefix("_") }
        guard !names.isEmpty else { return }
        let blobs = try folder.digests(in: "\(place)/_blobs", mayBeMissing: true)
        if !blobs.isEmpty { try removeContent(blobs) }
        // The list of the content last.
        for name in names where name != "_blobs" { try staging.take("\(place)/\(name)") }
        try staging.take("\(place)/_blobs")
        removeEmptyFolders(of: repository)
    }

    /// Finishes the removals of processes that died.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    func finishRemovals() throws {
        guard try !folder.remnants().isEmpty else { return }
        let staging = try StagingFolder(folder)
        defer { try? staging.remove() }
        let lock = try folder.lock()
        for repository in try folder.remnants() { try finishRemoval(of: repository, into: staging) }
        _ = consume lock
    }

    /// Removes a repository's folder and those above it, as far as no other repository is below them.
    private func removeEmptyFolders(of repository: RepositoryName) {
        var parts = repository.description.split(separator: "/")
        while !parts.isEmpty,
            unlinkat(folder.descriptor.rawValue, "registry/\(parts.joined(separator: "/"))", AT_REMOVEDIR) == 0
        {
            parts.removeLast()
        }
    }
}
