internal import Glibc
internal import LinuxSystem
public import OCISpec

/// The repositories of a registry of one's own: which blobs, manifests and tags each of them has.
///
/// The content is that of the store's images, so what both have is there once. Any number of processes may use the same root
/// at the same time; a process that dies leaves nothing that is not whole.
public struct RepositoryStore: Sendable {
    /// How long a blob stays that no manifest names, and an upload that nobody goes on with: a day, in seconds.
    static let patience = 86_400

    let folder: StoreFolder
    /// The image ids that containers use, whose configurations stay.
    let inUse: @Sendable () throws -> Set<Digest>
    let hashes = UploadHashes()

    /// The repositories of a store.
    ///
    /// - Parameter inUse: the image ids that containers use. It is asked while the store is locked.
    public init(_ store: ImageStore, inUse: @escaping @Sendable () throws -> Set<Digest>) {
        folder = store.folder
        self.inUse = inUse
    }

    /// The names of all repositories, in their order.
    ///
    /// - Throws: `SystemError`.
    public func repositories() throws -> [RepositoryName] { try folder.repositories() }

    /// Whether there is such a repository.
    public func exists(_ repository: RepositoryName) -> Bool {
        folder.exists("\(StoreFolder.path(of: repository))/_manifests")
    }

    func require(_ repository: RepositoryName) throws(RepositoryError) {
        guard exists(repository) else { throw .noRepository(repository) }
    }

    // MARK: - Tags

    /// The tags of a repository, in the order of their bytes.
    ///
    /// - Throws: `RepositoryError.noRepository`, `SystemError`.
    public func tags(of repository: RepositoryName) throws -> [String] {
        try require(repository)
        return try folder.namesIfPresent(in: "\(StoreFolder.path(of: repository))/_tags").sorted()
    }

    /// The manifest that a tag stands for; nil where there is no such tag.
    ///
    /// - Throws: `SystemError`.
    func digest(ofTag tag: String, in repository: RepositoryName) throws(SystemError) -> Digest? {
        guard let bytes = try folder.read(StoreFolder.path(ofTag: tag, in: repository)) else { return nil }
        return try? Digest(String(decoding: bytes, as: UTF8.self).filter { $0 != "\n" })
    }

    /// Takes a tag away; its manifest stays.
    ///
    /// - Throws: `RepositoryError`, `SystemError`.
    public func remove(tag: String, from repository: RepositoryName) throws {
        try require(repository)
        let lock = try folder.lock()
        guard try folder.unlink(StoreFolder.path(ofTag: tag, in: repository)) else {
            throw RepositoryError.noManifest(.tag(tag))
        }
        _ = consume lock
    }
}
