internal import CISAL
internal import Glibc

/// What a gzip stream holds (RFC 1952), inflated by ISA-L in half the time that zlib takes.
///
/// Members may follow each other; what else follows the last one is passed over, as gzip(1) and libarchive do.
final class GzipSource: ByteSource {
    private let source: any ByteSource
    private let name: String
    /// On the heap: it holds ISA-L's window of 64 KiB.
    private let state: UnsafeMutablePointer<inflate_state>
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    /// The source has ended.
    private var hasAllInput = false
    /// The last member has ended.
    private var isAtEnd = false

    /// What the source holds; errors call it `name`.
    init(_ source: any ByteSource, name: String) {
        self.source = source
        self.name = name
        state = .allocate(capacity: 1)
        memset(state, 0, MemoryLayout<inflate_state>.size)
        buffer = .allocate(capacity: ChunkRing.chunkSize)
        isal_inflate_init(state)
        // It reads the header, and compares the checksum and the length at the end.
        state.pointee.crc_flag = UInt32(ISAL_GZIP)
    }

    deinit {
        state.deallocate()
        buffer.deallocate()
    }

    func next() throws -> UnsafeRawBufferPointer? {
        state.pointee.next_out = buffer.baseAddress
        state.pointee.avail_out = UInt32(buffer.count)
        while state.pointee.avail_out > 0, !isAtEnd {
            if state.pointee.avail_in == 0 { try readOn() }
            let room = state.pointee.avail_out
            let code = isal_inflate(state)
            guard code == ISAL_DECOMP_OK else { throw damage(Self.reason(code)) }
            if state.pointee.block_state == ISAL_BLOCK_FINISH {
                isAtEnd = try !startNextMember()
            } else if hasAllInput, state.pointee.avail_out == room {
                throw damage("it ends too early")
            }
        }
        let count = buffer.count - Int(state.pointee.avail_out)
        return count > 0 ? UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]) : nil
    }

    /// Hands over the source's next run, which is valid until it is used up.
    private func readOn() throws {
        guard !hasAllInput, let run = try source.next() else {
            hasAllInput = true
            return
        }
        // ISA-L only reads it.
        state.pointee.next_in = UnsafeMutablePointer(mutating: run.bindMemory(to: UInt8.self).baseAddress)
        state.pointee.avail_in = UInt32(run.count)
    }

    /// Whether another member follows, which is begun then.
    private func startNextMember() throws -> Bool {
        while state.pointee.avail_in == 0, !hasAllInput { try readOn() }
        guard state.pointee.avail_in > 0, state.pointee.next_in.pointee == 0x1F else { return false }
        isal_inflate_reset(state)
        return true
    }

    private func damage(_ reason: String) -> ImageStoreError {
        .archive(name, reason: "\(reason); it is truncated or damaged")
    }

    /// igzip_lib.h, isal_inflate.
    private static func reason(_ code: Int32) -> String {
        switch code {
        case ISAL_INVALID_WRAPPER, ISAL_UNSUPPORTED_METHOD: "there is no header of gzip where one must be"
        case ISAL_INCORRECT_CHECKSUM: "its content does not match its checksum and length"
        default: "what is compressed is not valid"
        }
    }
}
