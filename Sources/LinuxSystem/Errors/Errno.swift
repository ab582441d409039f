internal import CLinux
internal import Glibc

/// An error number of the kernel, with its symbol and its meaning.
public struct Errno: Error, Sendable, Hashable {
    /// The number, as in `errno.h`.
    public let rawValue: Int32

    /// Wraps a positive error number.
    public init(_ rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The calling thread's `errno` right now.
    public static var current: Errno { Errno(Glibc.errno) }

    /// The symbol, for example `ENOENT`.
    public var symbol: String {
        nb_error_symbol(rawValue).map { String(cString: $0) } ?? "errno \(rawValue)"
    }

    /// What the number means, for example `No such file or directory`.
    public var meaning: String {
        nb_error_meaning(rawValue).map { String(cString: $0) } ?? "unknown error"
    }
}

extension Errno {
    /// Operation not permitted.
    public static let notPermitted = Errno(EPERM)
    /// No such file or directory.
    public static let noSuchFile = Errno(ENOENT)
    /// No such process.
    public static let noSuchProcess = Errno(ESRCH)
    /// Interrupted system call.
    public static let interrupted = Errno(EINTR)
    /// Try again.
    public static let tryAgain = Errno(EAGAIN)
    /// Permission denied.
    public static let accessDenied = Errno(EACCES)
    /// Device or resource busy.
    public static let busy = Errno(EBUSY)
    /// File exists.
    public static let exists = Errno(EEXIST)
    /// Not a directory.
    public static let notDirectory = Errno(ENOTDIR)
    /// Is a directory.
    public static let isDirectory = Errno(EISDIR)
    /// Invalid argument.
    public static let invalidArgument = Errno(EINVAL)
    /// Directory not empty.
    public static let notEmpty = Errno(ENOTEMPTY)
    /// Too many levels of symbolic links.
    public static let tooManyLinks = Errno(ELOOP)
    /// Function not implemented.
    public static let notImplemented = Errno(ENOSYS)
    /// Operation not supported.
    public static let notSupported = Errno(EOPNOTSUPP)
    /// Broken pipe.
    public static let brokenPipe = Errno(EPIPE)
}
