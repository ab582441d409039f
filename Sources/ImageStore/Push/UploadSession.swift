public import LinuxSystem
public import OCISpec

/// Where the upload of a blob to a repository has begun: `uploads/HEX`, named by both of them.
///
/// A push that ends early leaves it, and the next one goes on there, if the registry still knows of it. Nothing in it is trusted
/// but as a place to ask at: what has come there is the registry's to verify. Whoever holds its flock owns it.
public final class UploadSession: Sendable {
    static let folder = "uploads"

    /// Where an earlier push was sending to; nil where there was none.
    public let location: String?
    private let store: StoreFolder
    private let path: String
    private let repository: String
    private let blob: Digest
    private let descriptor: FileDescriptor

    init?(_ store: StoreFolder, _ blob: Digest, to repository: String) throws {
        let name = try Digest(of: Array("\(repository)\n\(blob)".utf8))
        path = "\(Self.folder)/\(name.hex)"
        try store.makeFolders(Self.folder)
        guard let file = try store.own(path) else { return nil }
        let record = try? JSONValue(parsing: file.readAll(limit: 64 << 10))
        // Written in place, it may be half of one.
        let isWhole = record?["repository"]?.stringValue == repository && record?["blob"]?.stringValue == "\(blob)"
        location = isWhole ? record?["location"]?.stringValue : nil
        (self.store, self.repository, self.blob) = (store, repository, blob)
        descriptor = file
    }

    /// Notes where the upload goes on.
    ///
    /// - Throws: `SystemError`.
    public func keep(_ location: String) throws(SystemError) {
        let record: JSONValue = [
            "repository": .string(repository), "blob": .string("\(blob)"), "location": .string(location),
        ]
        try descriptor.replaceContent(with: record.serialized(), of: "\(store.path)/\(path)")
    }

    /// Forgets it: it has come to its end, or the registry does not know of it any more.
    public func remove() { store.disown(descriptor, path) }
}

extension ImageStore {
    /// What is known of an upload; nil while another process is at it.
    ///
    /// - Parameter repository: the registry and the repository.
    /// - Throws: `SystemError`.
    public func uploadSession(of blob: Digest, to repository: String) throws -> UploadSession? {
        try UploadSession(folder, blob, to: repository)
    }
}
