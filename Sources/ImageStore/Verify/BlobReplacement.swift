internal import Glibc
internal import LinuxSystem
public import OCISpec

/// Takes content that the store has lost, or has damaged, and puts it in its place once it is whole.
///
/// It belongs to one thread.
public final class BlobReplacement {
    /// Its digest.
    public let digest: Digest
    private let staging: StagingFolder
    private let file: FileDescriptor
    private let name: String
    private var hash = StreamDigest()

    /// How many bytes have come.
    public var received: Int64 { hash.size }

    init(_ digest: Digest, in store: StoreFolder) throws {
        guard digest.algorithm == .sha256 else {
            throw ImageStoreError.metadata(digest.description, reason: "only sha256 digests can be verified here")
        }
        self.digest = digest
        staging = try StagingFolder(store)
        name = staging.newName("blob")
        file = try staging.descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
    }

    deinit { try? staging.remove() }

    /// Takes the next bytes.
    ///
    /// - Throws: `SystemError`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        try file.writeAll(bytes)
        hash.update(bytes)
    }

    /// Forgets what has come: it is sent from its beginning again.
    ///
    /// - Throws: `SystemError`.
    public func restart() throws {
        try file.empty("\(staging.path)/\(name)")
        hash = StreamDigest()
    }

    /// Puts it in its place in one step, unless nothing needs it any more.
    ///
    /// - Throws: `ImageStoreError.digestMismatch`, and then the store is as it was; `SystemError`.
    public func finish() throws {
        let actual = try hash.finish().digest
        guard actual == digest else {
            throw ImageStoreError.digestMismatch(object: "blob", expected: digest, actual: actual)
        }
        let store = staging.store
        let path = StoreFolder.path(ofBlob: digest)
        let number = file.rawValue
        try retrying("flush", "\(store.path)/\(staging.path)/\(name)") { fsync(number) }
        let lock = try store.lock()
        // Damaged content is replaced whoever needs it; what was removed meanwhile does not come back.
        if !store.exists(path), try !store.isNeeded(blob: digest) { return }
        try staging.replace(path, with: name)
        _ = consume lock
        try store.flush(folder: "blobs/sha256")
    }
}

extension StagingFolder {
    /// Renames something of this folder into the place of something of the store's, in one step where the file system can.
    ///
    /// What was there goes with this folder. The store's lock must be held.
    /// - Throws: `SystemError`.
    func replace(_ path: String, with name: String) throws(SystemError) {
        guard store.exists(path) else { return try publish(name, as: path) }
        if FileCalls.exchange(name, in: descriptor.rawValue, path, in: store.descriptor.rawValue) >= 0 { return }
        try take(path)
        try publish(name, as: path)
    }
}

extension StoreFolder {
    /// Whether an image, a damaged image, a repository or an unpacked layer needs a blob.
    ///
    /// - Throws: `SystemError`.
    func isNeeded(blob digest: Digest) throws -> Bool {
        let path = Self.path(ofBlob: digest)
        if exists(Self.path(ofImage: digest)) { return true }
        if try pathsOfRepositories().contains(path) { return true }
        for id in try imageIDs() {
            // With a damaged record nobody can tell.
            guard let record = try? image(id) else { return true }
            if record.paths.contains(path) { return true }
        }
        for diffID in try digests(in: "layers") {
            if let record = try? layer(diffID), record.blob == digest { return true }
        }
        return false
    }
}

extension ImageStore {
    /// Begins to take content in place of what is missing or damaged.
    ///
    /// - Throws: `ImageStoreError` for a digest that cannot be verified, `SystemError`.
    public func replaceBlob(_ digest: Digest) throws -> BlobReplacement { try BlobReplacement(digest, in: folder) }
}
