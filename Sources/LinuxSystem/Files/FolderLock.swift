internal import Glibc

/// An exclusive lock on a folder (flock(2) on its descriptor), held until it is dropped or its process ends.
///
/// It needs no lock file, and the kernel releases it whatever happens to the holder. The descriptor is close-on-exec, so no
/// process started meanwhile keeps it.
public final class FolderLock {
    private init(folder: consuming FileDescriptor, name: String) {
        self.folder = folder
        self.name = name
    }

    /// The locked folder.
    public let folder: FileDescriptor
    /// Its name without the folders above it.
    public let name: String

    /// How long the lock of a container is waited for, in milliseconds: a start on a busy machine takes far less.
    public static let bound = 30_000

    /// Waits for the lock; nil when the folder is missing, or was removed while we waited.
    ///
    /// - Parameter milliseconds: the most to wait. flock(2) itself knows no bound, so a taken lock is asked for again.
    /// - Throws: `SystemError`; `EAGAIN` when somebody else has held it all the time.
    public static func acquire(_ path: String, within milliseconds: Int = bound) throws(SystemError) -> FolderLock? {
        guard let folder = try open(path) else { return nil }
        var waited = 0
        while try !take(folder, path) {
            guard waited < milliseconds else {
                throw SystemError(
                    "lock", path, .tryAgain,
                    hint: "another command has held it for \(milliseconds / 1000) s; wait for it")
            }
            let pause = min(20, waited / 8 + 1)
            usleep(UInt32(pause * 1000))
            waited += pause
        }
        guard try isStill(folder, path) else { return nil }
        return FolderLock(folder: folder, name: name(of: path))
    }

    /// The lock if nobody holds it; nil when somebody does, or the folder is missing.
    public static func tryAcquire(_ path: String) throws(SystemError) -> FolderLock? {
        guard let folder = try open(path), try take(folder, path), try isStill(folder, path) else { return nil }
        return FolderLock(folder: folder, name: name(of: path))
    }

    /// Whether the lock could be had at once.
    private static func take(_ folder: borrowing FileDescriptor, _ path: String) throws(SystemError) -> Bool {
        while flock(folder.rawValue, LOCK_EX | LOCK_NB) != 0 {
            let errno = Errno.current
            if errno == .tryAgain { return false }
            if errno != .interrupted { throw SystemError("lock", path, errno) }
        }
        return true
    }

    /// Whether the path still leads to the folder: it may have been removed, or moved away, before the lock was had.
    private static func isStill(_ folder: borrowing FileDescriptor, _ path: String) throws(SystemError) -> Bool {
        var found = stat()
        guard path.withCString({ lstat($0, &found) }) == 0 else { return false }
        let own = try folder.status()
        return (own.st_dev, own.st_ino) == (found.st_dev, found.st_ino)
    }

    private static func name(of path: String) -> String {
        String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
    }

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor? {
        do {
            return try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch  where error.errno == .noSuchFile {
            return nil
        }
    }
}

extension FolderLock {
    /// Keeps the lock until here; for `defer`.
    public func hold() {}
}
