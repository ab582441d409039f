internal import Glibc
internal import LinuxSystem

/// Writes a file from its beginning to its end in large pieces, and leaves long runs of zeros out.
struct ImageFileWriter: ~Copyable {
    private static let capacity = 1 << 20
    /// A shorter run of zeros is written, too: a call costs more than copying it.
    private static let shortestHole: Int64 = 64 << 10

    private let file: FileDescriptor
    private let name: String
    private let buffer: UnsafeMutableRawBufferPointer
    private var used = 0
    /// Where the buffer's first byte goes.
    private var bufferStart: Int64 = 0
    private var writeback = Writeback()

    /// Where the next byte goes.
    var position: Int64 { bufferStart + Int64(used) }

    init(_ file: consuming FileDescriptor, name: String) {
        self.file = file
        self.name = name
        buffer = .allocate(byteCount: Self.capacity, alignment: 4096)
    }

    deinit { buffer.deallocate() }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            if used == Self.capacity { try flush() }
            if used == 0, rest.count >= Self.capacity {
                // Copying a large run would only cost.
                let whole = rest.count / ErofsFormat.blockSize * ErofsFormat.blockSize
                try write(UnsafeRawBufferPointer(rebasing: rest[..<whole]))
                rest = UnsafeRawBufferPointer(rebasing: rest[whole...])
                continue
            }
            let count = min(rest.count, Self.capacity - used)
            UnsafeMutableRawBufferPointer(rebasing: buffer[used..<used + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            used += count
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    mutating func append(_ bytes: [UInt8]) throws(SystemError) {
        var failure: SystemError?
        bytes.withUnsafeBytes { bytes in
            do throws(SystemError) { try append(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Goes on at a later place; what lies between is zeros.
    mutating func skip(to place: Int64) throws(SystemError) {
        if place - position >= Self.shortestHole {
            try flush()
            bufferStart = place
            return
        }
        while position < place {
            if used == Self.capacity { try flush() }
            let count = min(Int(place - position), Self.capacity - used)
            UnsafeMutableRawBufferPointer(rebasing: buffer[used..<used + count]).initializeMemory(
                as: UInt8.self, repeating: 0)
            used += count
        }
    }

    /// Goes on at the next whole block.
    mutating func align() throws(SystemError) {
        let mask = Int64(ErofsFormat.blockSize - 1)
        try skip(to: (position + mask) & ~mask)
    }

    /// Writes what is left, and gives the file its size.
    mutating func finish() throws(SystemError) {
        try flush()
        let (number, size) = (file.rawValue, position)
        try retrying("set the size of", name) { ftruncate(number, off_t(size)) }
        writeback.start(number, to: size)
    }

    /// Writes bytes over what lies at a place.
    func overwrite(_ bytes: [UInt8], at place: Int64) throws(SystemError) {
        let number = file.rawValue
        var done = 0
        while done < bytes.count {
            done += try retrying("write", name) {
                bytes[done...].withUnsafeBytes { pwrite(number, $0.baseAddress, $0.count, off_t(place) + done) }
            }
        }
    }

    private mutating func flush() throws(SystemError) {
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<used])
        used = 0
        try write(bytes)
    }

    /// The buffer must be empty.
    private mutating func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        let number = file.rawValue
        var rest = bytes
        while !rest.isEmpty {
            let place = off_t(bufferStart)
            let count = try retrying("write", name) { pwrite(number, rest.baseAddress, rest.count, place) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            bufferStart += Int64(count)
        }
        writeback.advance(number, to: bufferStart)
    }
}
