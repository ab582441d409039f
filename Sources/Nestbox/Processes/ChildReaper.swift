internal import Glibc
internal import Synchronization

/// Reaps supervisors.
///
/// They outlive the call that started them, and stay zombies until their parent, this process, asks for
/// their end; a program that embeds the engine for long would collect one for each container.
final class ChildReaper: Sendable {
    private let children = Mutex<[pid_t]>([])

    /// Takes a child on.
    func add(_ child: pid_t) {
        children.withLock { $0.append(child) }
    }

    /// Reaps those of ours that have ended.
    ///
    /// Other children of this process are not touched.
    func reapEnded() {
        children.withLock { children in
            children.removeAll { child in
                var status: Int32 = 0
                // A negative result: somebody else has reaped it.
                return waitpid(child, &status, WNOHANG) != 0
            }
        }
    }

    /// Waits for a child that is about to end.
    ///
    /// - Returns: its status as waitpid(2) gives it.
    static func wait(for child: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        return status
    }
}
