internal import OCISpec

/// The images of one root folder: loaded from files, kept by content, unpacked once and shared by every container.
///
/// Any number of processes may use the same root at the same time. Nothing is cached here, so a value costs nothing and
/// never gets old.
public struct ImageStore: Sendable {
    let folder: StoreFolder

    /// Opens the store below `root`, makes what is missing of it, and removes what commands that died have left.
    ///
    /// - Parameter root: a folder such as `/var/lib/nestbox`; it gets mode 0700.
    /// - Throws: `SystemError`, `ImageStoreError`.
    public init(root: String) throws {
        folder = try StoreFolder(path: root)
        try StagingFolder.removeAbandoned(in: folder, referenced: folder.referencedPaths)
    }

    /// The root folder.
    public var root: String { folder.path }
}
