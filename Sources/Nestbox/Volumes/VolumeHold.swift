internal import Glibc
internal import LinuxSystem

/// Keeps a volume from being removed for as long as it lives, also by other processes: a shared lock on the volume's folder.
///
/// A container that is being made has one until its record says that it uses the volume. Whoever removes a volume locks it
/// alone, and looks for users only then.
final class VolumeHold: Sendable {
    private let folder: FileDescriptor

    private init(_ folder: consuming FileDescriptor) {
        self.folder = folder
    }

    /// Waits for the lock; nil when the folder is missing, or was removed while we waited.
    ///
    /// - Parameter milliseconds: the most to wait. flock(2) itself knows no bound, so a taken lock is asked for again.
    /// - Throws: `SystemError`; `EAGAIN` when somebody has been filling or removing it all the time.
    static func acquire(_ path: String, within milliseconds: Int) throws(SystemError) -> VolumeHold? {
        let folder: FileDescriptor
        do {
            folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch  where error.errno == .noSuchFile {
            return nil
        }
        var waited = 0
        while flock(folder.rawValue, LOCK_SH | LOCK_NB) != 0 {
            let errno = Errno.current
            if errno == .interrupted { continue }
            guard errno == .tryAgain else { throw SystemError("lock", path, errno) }
            guard waited < milliseconds else {
                throw SystemError(
                    "lock", path, errno, hint: "another command has held it for \(milliseconds / 1000) s; wait for it")
            }
            let pause = min(20, waited / 8 + 1)
            usleep(UInt32(pause * 1000))
            waited += pause
        }
        guard try folder.status().st_nlink > 0 else { return nil }
        return VolumeHold(folder)
    }
}
