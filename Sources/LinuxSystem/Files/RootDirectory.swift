internal import CLinux
public import Glibc
internal import OCISpec

/// A path inside a container's or an image's root: it means nothing outside a ``RootDirectory``.
public struct RootedPath: Sendable, Hashable, CustomStringConvertible {
    /// The path, without NUL bytes, of at most 4,095 bytes.
    ///
    /// `/` and `..` at its start stay inside the root.
    public let description: String

    /// Wraps a path that was given by an image, a container or a user.
    ///
    /// - Throws: `SystemError` (`EINVAL`) when it holds a NUL byte, (`ENAMETOOLONG`) when it is too long.
    public init(_ path: String) throws(SystemError) {
        guard !path.utf8.contains(0) else { throw SystemError("use path", path, .invalidArgument) }
        guard path.utf8.count < 4096 else {
            throw SystemError("use path", "\(path.prefix(64))…", Errno(ENAMETOOLONG))
        }
        description = path
    }
}

/// The root folder of a container or an image, and the only door to what lies below it.
///
/// Every path is resolved by openat2(2) with `RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS`: no symlink, `..` or magic link
/// leads outside, whatever the image holds and whatever a container changes meanwhile.
public struct RootDirectory: ~Copyable, Sendable {
    /// The folder itself.
    public let descriptor: FileDescriptor

    /// Takes over an open folder.
    public init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Opens a folder of the host as a root.
    ///
    /// - Throws: `SystemError`.
    public init(path: String) throws(SystemError) {
        self.init(try FileDescriptor.open(path, NB_O_PATH | O_DIRECTORY))
    }

    /// Opens `path` below the root, always close-on-exec.
    ///
    /// - Throws: `SystemError`.
    public borrowing func open(
        _ path: RootedPath, _ flags: Int32 = O_RDONLY, mode: UInt32 = 0
    ) throws(SystemError) -> FileDescriptor {
        FileDescriptor(
            owning: try checked(
                nb_open_in_root(descriptor.rawValue, path.description, flags, mode), "open in the root",
                path.description))
    }

    /// Makes what is missing of a folder path and opens its last folder (O_PATH).
    ///
    /// - Throws: `SystemError`.
    public borrowing func makeDirectories(
        _ path: RootedPath, mode: UInt32 = 0o755
    ) throws(SystemError) -> FileDescriptor {
        FileDescriptor(
            owning: try checked(
                nb_make_directories_in_root(descriptor.rawValue, path.description, mode, 0), "make folder in the root",
                path.description))
    }

    /// Reads a regular file of at most `limit` bytes; nil when nothing of that name is there.
    ///
    /// A fifo or device in its place is never opened for reading.
    /// - Throws: `SystemError` (`EINVAL` when it is no regular file, `EFBIG` when it is too long).
    public borrowing func readFile(_ path: RootedPath, limit: Int) throws(SystemError) -> [UInt8]? {
        let place: FileDescriptor
        do {
            place = try open(path, NB_O_PATH)
        } catch  where error.errno == .noSuchFile || error.errno == .notDirectory {
            return nil
        }
        // Looked at before it is opened: opening a device does something (a watchdog's starts it).
        guard try place.status().st_mode & S_IFMT == S_IFREG else {
            throw SystemError("read", path.description, .invalidArgument, hint: "it is no regular file")
        }
        // A link into /proc: /proc/kmsg would be emptied and waited for, and nothing there is an image's or a container's.
        guard try !place.isOnProcfs() else {
            throw SystemError("read", path.description, .invalidArgument, hint: "it leads into /proc")
        }
        let file = try FileDescriptor.open("/proc/self/fd/\(decimal: place.rawValue)", O_RDONLY | O_NONBLOCK | O_NOCTTY)
        return try file.readAll(limit: limit)
    }
}
