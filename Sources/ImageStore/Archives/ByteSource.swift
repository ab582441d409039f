internal import Glibc
internal import LinuxSystem

/// Bytes that are read once, in runs.
protocol ByteSource: AnyObject {
    /// The next run of bytes, valid until the next call; nil at the end.
    func next() throws -> UnsafeRawBufferPointer?

    /// Passes over bytes without reading them where that is possible; answers how many.
    func skip(_ count: Int64) throws -> Int64
}

extension ByteSource {
    func skip(_ count: Int64) throws -> Int64 { 0 }
}

/// Bytes of an open file, pipe or terminal.
final class DescriptorSource: ByteSource {
    private let descriptor: FileDescriptor
    private let buffer: UnsafeMutableRawBufferPointer
    /// The size of a regular file, which can be passed over; nil for a pipe.
    let size: Int64?
    /// Bytes handed out or passed over so far.
    private(set) var position: Int64 = 0

    /// Takes over an open file and reads from where it stands.
    init(_ descriptor: consuming FileDescriptor) throws(SystemError) {
        let status = try descriptor.status()
        size = status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
        self.descriptor = descriptor
        buffer = .allocate(byteCount: ChunkRing.chunkSize, alignment: 4096)
    }

    deinit { buffer.deallocate() }

    func next() throws -> UnsafeRawBufferPointer? {
        let count = try descriptor.read(into: buffer)
        position += Int64(count)
        return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }

    func skip(_ count: Int64) throws -> Int64 {
        guard let size, count > 0 else { return 0 }
        // Never past the end: a truncated archive has to be noticed by reading.
        let distance = min(count, size - position)
        guard distance > 0, lseek(descriptor.rawValue, off_t(distance), SEEK_CUR) >= 0 else { return 0 }
        position += distance
        return distance
    }
}

/// Bytes in memory.
final class MemorySource: ByteSource {
    private let bytes: UnsafeMutableRawBufferPointer
    private var done = false

    init(_ bytes: [UInt8]) {
        self.bytes = .allocate(byteCount: max(bytes.count, 1), alignment: 1)
        self.bytes.copyBytes(from: bytes)
        count = bytes.count
    }

    private let count: Int

    deinit { bytes.deallocate() }

    func next() throws -> UnsafeRawBufferPointer? {
        if done || count == 0 { return nil }
        done = true
        return UnsafeRawBufferPointer(rebasing: bytes[..<count])
    }
}

/// One consumer's view of a ring.
final class RingSource: ByteSource {
    private let ring: ChunkRing
    private let consumer: Int

    init(_ ring: ChunkRing, consumer: Int) {
        self.ring = ring
        self.consumer = consumer
    }

    func next() throws -> UnsafeRawBufferPointer? {
        try ring.next(consumer: consumer)
    }
}

/// A source with its first bytes already looked at.
final class PeekedSource: ByteSource {
    private let source: any ByteSource
    /// The first bytes: at least as many as were asked for, unless the source is shorter.
    private let head: UnsafeMutableRawBufferPointer
    private let headCount: Int
    private var headGiven = false

    /// Reads ahead until `count` bytes are there or the source ends.
    init(_ source: any ByteSource, count: Int) throws {
        self.source = source
        var bytes: [UInt8] = []
        while bytes.count < count, let run = try source.next() { bytes.append(contentsOf: run) }
        head = .allocate(byteCount: max(bytes.count, 1), alignment: 1)
        head.copyBytes(from: bytes)
        headCount = bytes.count
    }

    deinit { head.deallocate() }

    /// What was looked at.
    var peeked: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: head[..<headCount]) }

    func next() throws -> UnsafeRawBufferPointer? {
        if headGiven { return try source.next() }
        headGiven = true
        return headCount > 0 ? peeked : try source.next()
    }

    func skip(_ count: Int64) throws -> Int64 {
        headGiven ? try source.skip(count) : 0
    }
}
