internal import CLinux
internal import Glibc
internal import OCISpec

/// A file that is replaced as a whole: readers see the old content or the new one, never half of it.
public enum AtomicFile {
    /// Writes `bytes` beside `path` and renames.
    ///
    /// - Parameters:
    ///   - mode: the permissions of the new file.
    ///   - isFlushed: it must survive a power cut once this returns: the file and its folder are flushed.
    /// - Throws: `SystemError`; what was at `path` is still there then.
    public static func write(
        _ bytes: [UInt8], to path: String, mode: UInt32 = 0o600, isFlushed: Bool = false
    ) throws(SystemError) {
        // One writer a file at a time is the callers' rule; the pid keeps two that break it apart.
        let temporary = "\(path).new.\(decimal: getpid())"
        do throws(SystemError) {
            let file = try create(temporary, mode)
            try file.writeAll(bytes)
            if isFlushed {
                let number = file.rawValue
                try retrying("flush", temporary) { fsync(number) }
            }
            try retrying("rename", temporary) {
                temporary.withCString { from in path.withCString { rename(from, $0) } }
            }
        } catch {
            unlink(temporary)
            throw error
        }
        guard isFlushed, let slash = path.lastIndex(of: "/") else { return }
        let folder = try FileDescriptor.open(String(path[...slash]), O_RDONLY | O_DIRECTORY)
        let number = folder.rawValue
        try retrying("flush", path) { fsync(number) }
    }

    /// A file that is new: what a killed process of the same pid has left, or somebody else has put there, is never written to.
    private static func create(_ path: String, _ mode: UInt32) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        } catch {
            guard error.errno == .exists else { throw error }
            try retrying("remove", path) { unlink(path) }
            return try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        }
    }
}
