import Glibc
import LinuxSystem
import Synchronization

/// Folders that stay open as long as this, so that they have paths, also for processes that a test starts.
final class OpenFolders: Sendable {
    private let numbers = Mutex<[Int32]>([])

    deinit { numbers.withLock { for number in $0 { close(number) } } }

    func path(of folder: consuming FileDescriptor) -> String {
        let number = folder.release()
        numbers.withLock { $0.append(number) }
        return "/proc/\(getpid())/fd/\(number)/."
    }
}
