internal import Glibc
internal import LinuxSystem
public import OCISpec
internal import Synchronization

/// The hashes of uploads between their requests: without one, at the latest after a restart, the file is read again.
final class UploadHashes: Sendable {
    private static let most = 1024
    private let hashes = Mutex<[String: StreamDigest]>([:])

    /// The hash of an upload, if it is that of its first `size` bytes.
    func take(_ id: String, size: Int64) -> StreamDigest? {
        if size == 0 { return StreamDigest() }
        let hash = hashes.withLock { $0.removeValue(forKey: id) }
        return hash?.size == size ? hash : nil
    }

    func keep(_ hash: StreamDigest, of id: String) {
        hashes.withLock { hashes in
            if hashes.count >= Self.most, let other = hashes.keys.first { hashes[other] = nil }
            hashes[id] = hash
        }
    }
}

/// A blob that comes in pieces.
///
/// Whoever has this value is the only one who writes to it.
public final class BlobUpload: Sendable {
    private struct State {
        var size: Int64
        /// nil: not known, so the file has to be read.
        var hash: StreamDigest?
    }

    /// What the client calls it.
    public let id: String
    let repository: RepositoryName
    private let store: RepositoryStore
    private let descriptor: FileDescriptor
    private let state: Mutex<State>

    private var path: String { StoreFolder.path(ofUpload: id, in: repository) }

    init(_ id: String, in repository: RepositoryName, of store: RepositoryStore, isNew: Bool) throws {
        self.id = id
        self.repository = repository
        self.store = store
        let folder = store.folder
        let path = StoreFolder.path(ofUpload: id, in: repository)
        do throws(SystemError) {
            descriptor = try folder.descriptor.open(path, O_RDWR | O_NOFOLLOW | (isNew ? O_CREAT | O_EXCL : 0))
        } catch {
            guard error.errno == .noSuchFile else { throw error }
            throw RepositoryError.noUpload(id)
        }
        guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else { throw RepositoryError.uploadBusy(id) }
        // Before the lock another request may have made a blob of it, or removed it.
        guard folder.isStill(descriptor, path) else { throw RepositoryError.noUpload(id) }
        let size = Int64(try descriptor.status().st_size)
        state = Mutex(State(size: size, hash: store.hashes.take(id, size: size)))
    }

    deinit { pause() }

    /// Lets others write to it: nothing more is to come by this value, which somebody may hold for a while yet.
    public func pause() {
        state.withLock { state in
            if let hash = state.hash, hash.size > 0 { store.hashes.keep(hash, of: id) }
            state.hash = nil
        }
        flock(descriptor.rawValue, LOCK_UN)
    }

    /// How many bytes have come.
    public var size: Int64 { state.withLock { $0.size } }

    /// Takes the next bytes.
    ///
    /// - Throws: `SystemError`; what was there before stays then.
    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            let number = descriptor.rawValue
            let end = off_t(state.size)
            do throws(SystemError) {
                try retrying("go to the end of", path) { lseek(number, end, SEEK_SET) }
                try descriptor.writeAll(bytes)
            } catch {
                if ftruncate(number, end) != 0 { state.hash = nil }
                throw SystemError("write", "\(store.folder.path)/\(path)", error.errno)
            }
            state.size += Int64(bytes.count)
            state.hash?.update(bytes)
        }
    }

    /// Ends the upload: what has come is a blob of the repository.
    ///
    /// - Throws: `RepositoryError.digestMismatch`, and then nothing is left of it; `SystemError`.
    public func finish(as digest: Digest) throws {
        let folder = store.folder
        let actual = try (state.withLock { $0.hash } ?? reading()).finish().digest
        guard actual == digest else {
            try remove()
            guard digest.algorithm == .sha256 else { throw RepositoryError.unsupportedDigest(digest) }
            throw RepositoryError.digestMismatch(expected: digest, actual: actual)
        }
        let number = descriptor.rawValue
        try retrying("flush", "\(folder.path)/\(path)") { fsync(number) }
        let lock = try folder.lock()
        // Somebody may have removed it since.
        try store.require(repository)
        if folder.exists(StoreFolder.path(ofBlob: digest)) {
            try folder.unlink(path)
        } else {
            try folder.move(path, to: StoreFolder.path(ofBlob: digest))
        }
        try folder.mark(StoreFolder.path(ofBlob: digest, in: repository))
        _ = consume lock
        try folder.flush(folder: "blobs/sha256")
        try folder.flush(folder: "\(StoreFolder.path(of: repository))/_blobs")
        state.withLock { $0.hash = nil }
    }

    /// Removes what has come.
    ///
    /// - Throws: `SystemError`.
    public func remove() throws {
        state.withLock { $0.hash = nil }
        try store.folder.unlink(path)
    }

    /// The hash of the file as it is.
    private func reading() throws -> StreamDigest {
        var hash = StreamDigest()
        try descriptor.forEachChunk(upTo: size, of: "\(store.folder.path)/\(path)") { hash.update($0) }
        return hash
    }
}

extension RepositoryStore {
    /// Begins to take a blob.
    ///
    /// - Throws: `SystemError`.
    public func beginUpload(to repository: RepositoryName) throws -> BlobUpload {
        try create(repository)
        return try BlobUpload(try RandomBytes.hexadecimal(16), in: repository, of: self, isNew: true)
    }

    /// Goes on with an upload.
    ///
    /// - Throws: `RepositoryError.noUpload` or `.uploadBusy`, `SystemError`.
    public func upload(_ id: String, to repository: RepositoryName) throws -> BlobUpload {
        guard Self.isUploadID(id) else { throw RepositoryError.noUpload(id) }
        return try BlobUpload(id, in: repository, of: self, isNew: false)
    }

    /// How many bytes of an upload have come.
    ///
    /// - Throws: `RepositoryError.noUpload`.
    public func size(ofUpload id: String, to repository: RepositoryName) throws(RepositoryError) -> Int64 {
        let path = StoreFolder.path(ofUpload: id, in: repository)
        guard Self.isUploadID(id), folder.exists(path) else { throw .noUpload(id) }
        return folder.size(of: path)
    }

    private static func isUploadID(_ id: String) -> Bool {
        id.utf8.count == 32 && id.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }

    func removeStaleUploads(of repository: RepositoryName) throws {
        for id in try folder.namesIfPresent(in: "\(StoreFolder.path(of: repository))/_uploads") {
            let path = StoreFolder.path(ofUpload: id, in: repository)
            guard let age = folder.age(of: path), age > Self.patience else { continue }
            // Not while somebody writes to it.
            try (try? upload(id, to: repository))?.remove()
        }
    }
}
