internal import Glibc
internal import LinuxSystem

/// One file of a log, a container's or that of events, read line by line from a place in it.
///
/// Memory does not grow with the file.
final class LogFile {
    /// The longest line that is handed out, in bytes; a longer one is passed over.
    ///
    /// The writer splits far below (16 KiB of output
    /// become at most six times as many bytes of JSON); logs of Docker's that were moved here may have longer ones.
    static let lineLimit = 8 << 20
    /// How much is read at once, in bytes.
    private static let blockSize = 64 << 10

    private let file: FileDescriptor
    /// Device and inode: what tells a rotated file from its successor.
    let identity: Identity
    private var buffer: [UInt8] = []
    private var start = 0
    /// How much of the buffer is known to have no newline, from `start` on.
    private var searched = 0
    private var isPassingOver = false

    struct Identity: Hashable {
        let device: dev_t
        let inode: ino_t
    }

    /// Opens a file; nil when it does not exist.
    init?(_ path: String) throws(SystemError) {
        guard let file = try StoredFile.open(path) else { return nil }
        let status = try file.status()
        identity = Identity(device: status.st_dev, inode: status.st_ino)
        self.file = file
    }

    /// Which file has this name now.
    static func identity(_ path: String) -> Identity? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return Identity(device: status.st_dev, inode: status.st_ino)
    }

    /// Goes to where the last `count` complete lines begin, reading blocks from the end backwards.
    ///
    /// - Returns: how many lines there are from there on: fewer than `count` when the file has fewer.
    func seek(toLast count: Int) throws(SystemError) -> Int {
        var offset = off_t(try file.status().st_size)
        let number = file.rawValue
        var block = [UInt8](repeating: 0, count: Self.blockSize)
        var newlines = 0
        while offset > 0 {
            let size = min(off_t(Self.blockSize), offset)
            let from = offset - size
            let read = try retrying("read", "the log") {
                block.withUnsafeMutableBytes { pread(number, $0.baseAddress, Int(size), from) }
            }
            var index = read - 1
            while index >= 0 {
                if block[index] == UInt8(ascii: "\n") {
                    // The newline before the first wanted line is the one after `count` more of them.
                    if newlines == count {
                        try move(to: from + off_t(index) + 1)
                        return count
                    }
                    newlines += 1
                }
                index -= 1
            }
            offset = from
        }
        try move(to: 0)
        return newlines
    }

    private func move(to offset: off_t) throws(SystemError) {
        let number = file.rawValue
        try retrying("seek in", "the log") { lseek(number, offset, SEEK_SET) }
        buffer.removeAll(keepingCapacity: true)
        (start, searched) = (0, 0)
    }

    /// The next complete line without its newline; nil at the end of what is there now.
    ///
    /// A line that has not ended yet stays for
    /// the next call.
    func nextLine() throws(SystemError) -> ArraySlice<UInt8>? {
        while true {
            if let newline = newline(from: start + searched) {
                let line = buffer[start..<newline]
                start = newline + 1
                searched = 0
                if isPassingOver {
                    isPassingOver = false
                    continue
                }
                return line
            }
            searched = buffer.count - start
            if searched > Self.lineLimit {
                isPassingOver = true
                start = buffer.count
                searched = 0
            }
            if try !readBlock() { return nil }
        }
    }

    private func newline(from index: Int) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard index < bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + index, Int32(UInt8(ascii: "\n")), bytes.count - index)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    private func readBlock() throws(SystemError) -> Bool {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        let used = buffer.count
        let number = file.rawValue
        buffer.append(contentsOf: repeatElement(0, count: Self.blockSize))
        let count: Int
        do throws(SystemError) {
            count = try retrying("read", "the log") {
                buffer.withUnsafeMutableBytes { bytes in
                    Glibc.read(number, bytes.baseAddress.map { $0 + used }, Self.blockSize)
                }
            }
        } catch {
            buffer.removeLast(Self.blockSize)
            throw error
        }
        buffer.removeLast(Self.blockSize - count)
        return count > 0
    }
}
