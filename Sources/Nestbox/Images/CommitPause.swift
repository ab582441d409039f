internal import Glibc
internal import LinuxSystem

/// Keeps a container's processes frozen while its files are read, and lets them run on whatever happens.
///
/// A file in the container's run folder, locked by the process that froze it, says that nobody else asked for this. The kernel
/// drops the lock of a process that is killed; the next command that looks at the container finds the file without a lock,
/// and thaws. Signals that would end this process wait until the container runs again.
final class CommitPause {
    private static let deferred = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]

    private let path: String
    private let file: FileDescriptor
    private let cgroup: Cgroup
    private var previous = sigset_t()
    private var isOver = false

    /// Freezes the container; nil when it does not run, or somebody has paused it already.
    ///
    /// - Throws: `EngineError`; `.failure` when a process did not stop (all of them run on then).
    static func begin(_ container: Container, _ engine: Engine) throws -> CommitPause? {
        guard container.isRunning else { return nil }
        let path = engine.paths.container(container.id).commitMark
        // Another commit of the same container comes first.
        let file = try lock(path)
        let current = try engine.running(container)
        guard !current.isPaused else {
            try StoredFile.remove(path)
            return nil
        }
        let pause = CommitPause(path: path, file: file, cgroup: try engine.cgroup(of: current))
        do {
            try pause.cgroup.freeze()
        } catch {
            try? pause.end()
            throw error
        }
        return pause
    }

    private init(path: String, file: consuming FileDescriptor, cgroup: Cgroup) {
        self.path = path
        self.file = file
        self.cgroup = cgroup
        var set = sigset_t()
        sigemptyset(&set)
        for signal in Self.deferred { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, &previous)
    }

    deinit { try? end() }

    /// Throws when a signal has come that is to end this process.
    func check() throws(EngineError) {
        var pending = sigset_t()
        sigpending(&pending)
        guard !Self.deferred.contains(where: { sigismember(&pending, $0) == 1 }) else {
            throw .failure("the commit was interrupted; no image was made")
        }
    }

    /// Lets the processes run on.
    ///
    /// - Throws: `CgroupError`, `SystemError`.
    func end() throws {
        guard !isOver else { return }
        isOver = true
        // From here on a signal may end this process: the thaw is done, and the mark alone does nothing.
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        try cgroup.thaw()
        try StoredFile.remove(path)
    }

    private static func lock(_ path: String) throws -> FileDescriptor {
        while true {
            let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
            let number = file.rawValue
            try retrying("lock", path) { flock(number, LOCK_EX) }
            // Whoever had it before has removed it.
            if try file.status().st_nlink > 0 { return file }
        }
    }

    /// Thaws a container that a commit had frozen and could not thaw, because it was killed.
    ///
    /// - Returns: whether it was so.
    static func endAbandoned(_ container: Container, _ engine: Engine) throws -> Bool {
        let path = engine.paths.container(container.id).commitMark
        guard let file = try StoredFile.open(path), flock(file.rawValue, LOCK_EX | LOCK_NB) == 0,
            try file.status().st_nlink > 0
        else { return false }
        try engine.cgroup(of: container).thaw()
        try StoredFile.remove(path)
        return true
    }
}
