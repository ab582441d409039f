internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// A layer whose bytes the store has already, though it was never unpacked: somebody pushed it to the own registry.
///
/// It is read instead of fetched, and not written a second time.
final class StoredBlob: Sendable {
    private let store: StoreFolder
    private let path: String
    /// Its second name in the staging folder, so that it stays whatever is removed meanwhile.
    private let name: String
    private let descriptor: FileDescriptor
    let size: Int64

    /// nil where the store does not have it.
    ///
    /// - Throws: `SystemError`.
    init?(_ layer: Descriptor, in store: StoreFolder, _ staging: StagingFolder) throws(SystemError) {
        let path = StoreFolder.path(ofBlob: layer.digest)
        guard layer.digest.algorithm == .sha256, store.exists(path), store.size(of: path) == layer.size else {
            return nil
        }
        let name = staging.newName("stored")
        do {
            try retrying("link", "\(store.path)/\(path)") {
                linkat(store.descriptor.rawValue, path, staging.descriptor.rawValue, name, 0)
            }
        } catch  where error.errno == .noSuchFile {
            return nil
        }
        self.store = store
        self.path = path
        self.name = name
        size = layer.size
        descriptor = try staging.descriptor.open(name, O_RDONLY | O_NOFOLLOW)
    }

    /// A descriptor of the layer, of which nothing is left to write; the caller owns it.
    ///
    /// - Throws: `SystemError`.
    func target() throws(SystemError) -> BlobTarget {
        BlobTarget(name: name, number: try descriptor.duplicate().release(), existing: size)
    }

    /// Hands out all of it.
    ///
    /// - Throws: `SystemError`, and what `body` throws.
    func replay(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try descriptor.forEachChunk(upTo: size, of: "\(store.path)/\(path)", body)
    }

    /// Takes it out of the store, since it is not what its name says: what is fetched instead takes its place.
    func removeDamaged() {
        guard let lock = try? store.lock() else { return }
        if store.isStill(descriptor, path) { unlinkat(store.descriptor.rawValue, path, 0) }
        _ = consume lock
    }
}

extension FileDescriptor {
    /// Hands out the first `size` bytes of a file in parts.
    ///
    /// - Throws: `SystemError`; `EIO` when there are fewer. What `body` throws.
    borrowing func forEachChunk(
        upTo size: Int64, of name: String, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let number = rawValue
        try withUnsafeTemporaryAllocation(byteCount: ChunkRing.chunkSize, alignment: 4096) { buffer in
            var offset: Int64 = 0
            while offset < size {
                let wanted = Int(min(Int64(buffer.count), size - offset))
                let count = try retrying("read", name) { pread(number, buffer.baseAddress, wanted, off_t(offset)) }
                guard count > 0 else { throw SystemError("read", name, Errno(EIO)) }
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += Int64(count)
            }
        }
    }
}
