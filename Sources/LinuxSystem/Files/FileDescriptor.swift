internal import CLinux
public import Glibc

/// An open file that closes itself.
///
/// It cannot be copied: exactly one owner closes it.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number.
    ///
    /// It stays owned by this value.
    public let rawValue: Int32

    /// Takes over an open descriptor.
    public init(owning rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit { _ = Glibc.close(rawValue) }

    /// Gives the open descriptor to the caller, who now has to close it.
    public consuming func release() -> Int32 {
        let value = rawValue
        discard self
        return value
    }

    /// A second descriptor of the same open file, close-on-exec.
    ///
    /// - Throws: `SystemError`.
    public borrowing func duplicate() throws(SystemError) -> FileDescriptor {
        let number = rawValue
        return FileDescriptor(
            owning: try retrying("duplicate", "descriptor \(number)") { fcntl(number, F_DUPFD_CLOEXEC, 3) })
    }
}

extension FileDescriptor {
    /// Opens `path`, always close-on-exec, relative to the working folder.
    ///
    /// For paths that neither an image nor a container can influence; those others are opened by ``RootDirectory``.
    /// - Throws: `SystemError`.
    public static func open(
        _ path: String, _ flags: Int32 = O_RDONLY, mode: UInt32 = 0o600
    ) throws(SystemError) -> FileDescriptor {
        let number = try retrying("open", path) { path.withCString { Glibc.open($0, flags | O_CLOEXEC, mode) } }
        return FileDescriptor(owning: number)
    }

    /// Opens `name` in this folder, always close-on-exec.
    ///
    /// - Throws: `SystemError`.
    public borrowing func open(
        _ name: String, _ flags: Int32 = O_RDONLY, mode: UInt32 = 0o600
    ) throws(SystemError) -> FileDescriptor {
        let directory = rawValue
        let number = try retrying("open", name) {
            name.withCString { Glibc.openat(directory, $0, flags | O_CLOEXEC, mode) }
        }
        return FileDescriptor(owning: number)
    }

    /// Kind, owner, size and device of the open file.
    ///
    /// - Throws: `SystemError`.
    public borrowing func status() throws(SystemError) -> stat {
        let number = rawValue
        var result = stat()
        try retrying("stat", "descriptor \(number)") { fstat(number, &result) }
        return result
    }

    /// Whether the file is one of the kernel's procfs.
    ///
    /// - Throws: `SystemError`.
    public borrowing func isOnProcfs() throws(SystemError) -> Bool {
        let number = rawValue
        return try checked(nb_is_on_procfs(number), "stat the file system of", "descriptor \(number)") == 1
    }

    /// Reads at most `buffer.count` bytes; 0 means the end.
    ///
    /// - Throws: `SystemError`.
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        let number = rawValue
        return try retrying("read", "descriptor \(number)") { Glibc.read(number, buffer.baseAddress, buffer.count) }
    }

    /// All that is left in the file, which may not be longer than `limit` bytes.
    ///
    /// - Throws: `SystemError`; `EFBIG` when there is more than `limit`.
    public borrowing func readAll(limit: Int = 64 << 20) throws(SystemError) -> [UInt8] {
        let number = rawValue
        var bytes: [UInt8] = []
        var step = 4096
        while true {
            var failure: Errno?
            var count = 0
            let size = min(step, limit + 1 - bytes.count)
            withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { buffer in
                repeat {
                    count = Glibc.read(number, buffer.baseAddress, size)
                    failure = count < 0 ? Errno.current : nil
                } while failure == .interrupted
                if count > 0 { bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            }
            if let failure { throw SystemError("read", "descriptor \(number)", failure) }
            if count == 0 { return bytes }
            if bytes.count > limit { throw SystemError("read", "descriptor \(number)", Errno(EFBIG)) }
            step = min(step * 4, 1 << 20)
        }
    }

    /// Writes every byte.
    ///
    /// - Throws: `SystemError`.
    public borrowing func writeAll(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        let number = rawValue
        var offset = 0
        while offset < bytes.count {
            offset += try retrying("write", "descriptor \(number)") {
                Glibc.write(number, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
            }
        }
    }

    /// Writes every byte.
    ///
    /// - Throws: `SystemError`.
    public borrowing func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        let number = rawValue
        var offset = 0
        while offset < bytes.count {
            offset += try retrying("write", "descriptor \(number)") {
                bytes.withUnsafeBytes {
                    Glibc.write(number, $0.baseAddress.map { $0 + offset }, bytes.count - offset)
                }
            }
        }
    }
}
