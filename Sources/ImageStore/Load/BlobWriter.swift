internal import struct Crypto.SHA256
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Digest and size of what was read.
struct BlobSummary: Sendable, Hashable {
    var digest: Digest
    var size: Int64
}

/// SHA-256 over a stream, as a digest.
struct StreamDigest {
    private var hash = SHA256()
    /// Bytes so far.
    private(set) var size: Int64 = 0

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
        size += Int64(bytes.count)
    }

    /// The digest of everything so far.
    func finish() throws -> BlobSummary {
        BlobSummary(digest: try Digest(hash: Array(hash.finalize())), size: size)
    }

    /// The digest of bytes in memory.
    static func of(_ bytes: [UInt8]) throws -> BlobSummary {
        var digest = StreamDigest()
        bytes.withUnsafeBytes { digest.update($0) }
        return try digest.finish()
    }
}

/// Writes one consumer's view of a ring into a file and hashes it on the way.
struct BlobWriter: ~Copyable {
    private let file: FileDescriptor
    private let name: String
    private var digest = StreamDigest()
    private var writeback = Writeback()
    /// How many of the first bytes are in the file already; they are only hashed.
    private let existing: Int64

    init(_ file: consuming FileDescriptor, name: String, existing: Int64 = 0) {
        self.file = file
        self.name = name
        self.existing = existing
    }

    /// Reads the ring to its end.
    ///
    /// - Throws: `SystemError`, `ChunkRing.Cancelled`.
    mutating func write(_ source: RingSource) throws -> BlobSummary {
        while let chunk = try source.next() {
            do {
                let known = Int(min(Int64(chunk.count), max(0, existing - digest.size)))
                try file.writeAll(UnsafeRawBufferPointer(rebasing: chunk[known...]))
            } catch {
                throw SystemError(
                    "write", "the blob of \(name)", error.errno,
                    hint: error.errno == Errno(ENOSPC) ? "make room on the file system of the store" : nil)
            }
            digest.update(chunk)
            writeback.advance(file.rawValue, to: digest.size)
        }
        writeback.start(file.rawValue, to: digest.size)
        return try digest.finish()
    }
}
