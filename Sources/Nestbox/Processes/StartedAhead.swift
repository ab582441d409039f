internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// A runtime that was started before what it is to do is known.
///
/// Loading it takes a millisecond, in which the engine can find out. Given nothing, it ends.
struct StartedAhead: ~Copyable, Sendable {
    /// Our end of the socket over which it is given its request and reports; -1 once it has got one.
    private var report: Int32
    private let pid: pid_t
    private let role: String
    private let program: SealedRuntime.Sealed
    private let startedAt = Uptime.milliseconds()

    /// How long it is counted on, in milliseconds: far less than it waits itself.
    private static let limit: Int64 = 5000

    init(_ report: consuming FileDescriptor, pid: pid_t, role: String, program: SealedRuntime.Sealed) {
        self.report = report.release()
        self.pid = pid
        self.role = role
        self.program = program
    }

    deinit {
        guard report >= 0 else { return }
        close(report)
        // It has nothing to do. One that somebody has stopped would not see the end.
        _ = kill(pid, SIGKILL)
        _ = ChildReaper.wait(for: pid)
    }

    /// Whether it can do that role, with that program.
    borrowing func fits(_ role: String, _ program: SealedRuntime.Sealed) -> Bool {
        self.role == role && self.program === program && isFresh
    }

    var isFresh: Bool { Uptime.milliseconds() - startedAt < Self.limit }

    /// Gives it the request and what belongs to that.
    ///
    /// - Returns: nil when it has got nothing: another has to be started.
    consuming func begin(_ descriptors: [Int32], hasClient: Bool) -> RunningRuntime? {
        // There they get the same numbers, and room to be moved about in.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let highest = Int(descriptors.max() ?? 0)
        guard descriptors.min() ?? 0 > 2, highest + descriptors.count + 2 < Int(clamping: limit.rlim_cur),
            nb_hand_over(report, hasClient ? 1 : 0, descriptors, descriptors.count) >= 0
        else { return nil }
        let socket = FileDescriptor(owning: report)
        report = -1
        return RunningRuntime(pid: pid, report: socket)
    }
}

/// A runtime that has its request, and our end of the socket over which it reports.
struct RunningRuntime: ~Copyable {
    let pid: pid_t
    let report: FileDescriptor

    init(pid: pid_t, report: consuming FileDescriptor) {
        self.pid = pid
        self.report = report
    }

    /// The descriptor alone.
    consuming func takeReport() -> FileDescriptor { report }
}

/// A runtime that is kept ready for the next start, in a process that starts one container after another.
final class SpareRuntime: Sendable {
    private let kept = Mutex<StartedAhead?>(nil)

    /// The one that is kept, if it is still good.
    func take() -> StartedAhead? {
        let taken = kept.withLock { $0.take() }
        guard let started = taken, started.isFresh else { return nil }
        return started
    }

    /// Keeps another; it takes the place of one that was kept.
    func keep(_ started: consuming StartedAhead) {
        var new: StartedAhead? = started
        kept.withLock { $0 = new.take() }
    }
}
