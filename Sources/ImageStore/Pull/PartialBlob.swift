internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The file of a layer that is being fetched: `partial/HEX`, named by the digest that it is to have.
///
/// A fetch that ends early leaves it, and the next one goes on at its end. Nothing in it is trusted: all of it is hashed again.
/// Whoever holds its flock owns it.
final class PartialBlob: Sendable {
    static let folder = "partial"

    /// The name as a staging folder's descriptor opens it: what is complete is renamed from here into its place.
    let name: String
    /// How many bytes an earlier fetch has left.
    let existing: Int64
    private let store: StoreFolder
    private let path: String
    private let descriptor: FileDescriptor

    /// Opens or makes the file; nil while another process works on it.
    ///
    /// - Parameter size: the bytes that the layer has; a longer file is begun anew.
    /// - Throws: `SystemError`.
    init?(_ store: StoreFolder, _ digest: Digest, size: Int64) throws(SystemError) {
        self.store = store
        path = "\(Self.folder)/\(digest.hex)"
        name = "../../\(path)"
        try store.makeFolders(Self.folder)
        guard let file = try store.own(path) else { return nil }
        var status = try file.status()
        if status.st_size > size {
            let number = file.rawValue
            try retrying("truncate", "\(store.path)/\(path)") { ftruncate(number, 0) }
            status.st_size = 0
        }
        descriptor = file
        existing = Int64(status.st_size)
    }

    /// A descriptor for the rest of the layer, which the caller owns.
    ///
    /// - Throws: `SystemError`.
    func target() throws(SystemError) -> BlobTarget {
        let copy = try descriptor.duplicate()
        let number = copy.rawValue
        try retrying("go to the end of", path) { lseek(number, off_t(existing), SEEK_SET) }
        return BlobTarget(name: name, number: copy.release(), existing: existing)
    }

    /// Hands out what an earlier fetch has left.
    ///
    /// - Throws: `SystemError`, and what `body` throws.
    func replay(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try descriptor.forEachChunk(upTo: existing, of: "\(store.path)/\(path)", body)
    }

    /// Removes the file, which turned out to be wrong or is not needed any more.
    ///
    /// After its rename into place the name may be gone, or another fetch's.
    func remove() { store.disown(descriptor, path) }
}
