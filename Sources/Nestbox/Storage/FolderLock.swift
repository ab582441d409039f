internal import Glibc
internal import LinuxSystem

/// An exclusive lock on a folder (flock(2) on its descriptor), held until it is dropped or its process ends.
///
/// It needs no lock file, and the kernel releases it whatever happens to the holder. The descriptor is close-on-exec, so no
/// process started meanwhile keeps it.
final class FolderLock {
    private init(folder: consuming FileDescriptor, name: String) {
        self.folder = folder
        self.name = name
    }

    /// The locked folder.
    let folder: FileDescriptor
    /// Its name without the folders above it.
    let name: String

    /// Waits for the lock; nil when the folder is missing, or was removed while we waited.
    ///
    /// Critical sections are short by design (nothing waits for a container while holding its lock).
    static func acquire(_ path: String) throws(SystemError) -> FolderLock? {
        guard let folder = try open(path) else { return nil }
        let number = folder.rawValue
        try retrying("lock", path) { flock(number, LOCK_EX) }
        guard try folder.status().st_nlink > 0 else { return nil }
        return FolderLock(folder: folder, name: name(of: path))
    }

    /// The lock if nobody holds it; nil when somebody does, or the folder is missing.
    static func tryAcquire(_ path: String) throws(SystemError) -> FolderLock? {
        guard let folder = try open(path) else { return nil }
        let number = folder.rawValue
        do {
            try retrying("lock", path) { flock(number, LOCK_EX | LOCK_NB) }
        } catch  where error.errno == .tryAgain {
            return nil
        }
        guard try folder.status().st_nlink > 0 else { return nil }
        return FolderLock(folder: folder, name: name(of: path))
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
    func hold() {}
}
