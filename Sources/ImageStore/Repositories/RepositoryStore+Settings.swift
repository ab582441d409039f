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
            try make(repository, RepositorySettings())
        } catch RepositoryError.repositoryExists {
            // Another client was faster.
        }
    }

    /// Makes a repository with settings of its own.
    ///
    /// - Throws: `RepositoryError.repositoryExists`, `SystemError`.
    public func create(_ repository: RepositoryName, _ settings: RepositorySettings) throws {
        try make(repository, settings)
    }

    private func make(_ repository: RepositoryName, _ settings: RepositorySettings) throws {
        let staging = try StagingFolder(folder)
        defer { try? staging.remove() }
        let lock = try folder.lock()
        guard !exists(repository) else { throw RepositoryError.repositoryExists(repository) }
        let place = StoreFolder.path(of: repository)
        // What a removal or a creation has left that did not come to its end.
        for name in try folder.namesIfPresent(in: place) where name.hasPrefix("_") {
            try staging.take("\(place)/\(name)")
        }
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
        let manifests = try folder.namesIfPresent(in: "\(place)/_manifests")
        guard force || manifests.isEmpty else { throw RepositoryError.notEmpty(repository, images: manifests.count) }
        let content = (manifests + (try folder.namesIfPresent(in: "\(place)/_blobs"))).compactMap {
            try? Digest("sha256:\($0)")
        }
        // Without this one it is none. Should the process die then, the rest goes when one of its name is made, and the content
        // with the next collection.
        try staging.take("\(place)/_manifests")
        for name in try folder.namesIfPresent(in: place) where name.hasPrefix("_") {
            try staging.take("\(place)/\(name)")
        }
        try removeContent(content)
        removeEmptyFolders(of: repository)
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
