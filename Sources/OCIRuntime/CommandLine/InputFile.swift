internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// A document that the command line names.
enum InputFile {
    /// Reads it whole.
    ///
    /// One of this process's own descriptors (`/dev/stdin`, `/dev/fd/3`) is read as it is: behind such a path may be a socket,
    /// which cannot be opened, or a file that has been opened for somebody who may not open it.
    /// - Throws: `SystemError`.
    static func read(_ path: String) throws(SystemError) -> [UInt8] {
        guard let number = descriptor(path) else {
            return try FileDescriptor.open(path).readAll(limit: StoredFile.limit)
        }
        return try FileDescriptor(
            owning: try retrying("use", path) { fcntl(number, F_DUPFD_CLOEXEC, 3) }
        ).readAll(limit: StoredFile.limit)
    }

    /// The descriptors that the options of a command name: those this process must not close before.
    ///
    /// - Parameter first: the lowest that counts.
    static func descriptors(_ options: Options, from first: Int32) -> [Int32] {
        // No command takes both.
        ["process", "resources"].compactMap { options[$0].flatMap(descriptor) }.filter { $0 >= first }
    }

    private static func descriptor(_ path: String) -> Int32? {
        if path == "/dev/stdin" { return 0 }
        let name = path.dropping(prefix: "/dev/fd/") ?? path.dropping(prefix: "/proc/self/fd/")
        return name.flatMap { Int32($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
}
