internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Those who want to know of a container's life: whoever follows events, and the monitor of its health.
struct Companions {
    private let events: EventTeller?
    private let hasHealthCheck: Bool
    private var monitor: pid_t?
    /// Becomes readable when the monitor has ended; -1: there is none.
    private var monitorDescriptor: Int32 = -1
    /// The descriptor of the supervisor's own request, which a monitor reads.
    private var request: Int32 = -1
    private var container: ProcessIdentity?
    /// When the monitor is to be started again, and when it was started last, in milliseconds since the boot; 0: never.
    private var (dueAt, startedAt): (Int64, Int64) = (0, 0)
    /// How long the last pause before that was, in milliseconds.
    private var delay: Int64 = 0

    /// The shortest and the longest pause, and how long a monitor must have run for the pauses to begin anew, in milliseconds.
    private static let (shortestDelay, longestDelay, steadyRun): (Int64, Int64, Int64) = (100, 60_000, 10_000)

    init(_ request: borrowing LaunchRequest) {
        events = request.teller
        hasHealthCheck = request.health != nil
    }

    /// Nobody.
    init() {
        events = nil
        hasHealthCheck = false
    }

    /// The container runs.
    mutating func start(_ process: ProcessIdentity?, _ restart: borrowing Restart) {
        // The first start is told of by whoever asked for it.
        if restart.isRestart { events?.tell("start") }
        guard hasHealthCheck else { return }
        container = process
        request = restart.request
        startMonitor(isFirst: true)
    }

    // MARK: - The monitor's own life

    /// What a poll set waits for so that ``tend()`` has something to do; nil: nothing.
    var descriptor: Int32? { monitorDescriptor < 0 ? nil : monitorDescriptor }

    /// How long a poll may wait before ``tend()`` has something to do, in milliseconds; -1: for ever.
    var patience: Int32 { dueAt == 0 ? -1 : Int32(clamping: max(dueAt - Uptime.milliseconds(), 0)) }

    /// Starts the monitor again after a pause when somebody has killed it: otherwise the container would stay for ever what it was
    /// when it was looked at last.
    ///
    /// - Parameter hasEnded: whether ``descriptor`` is readable.
    mutating func tend(hasEnded: Bool) {
        if hasEnded {
            _ = monitor.map(ChildProcess.exitCode)
            close(monitorDescriptor)
            (monitor, monitorDescriptor) = (nil, -1)
            postpone()
        }
        guard dueAt != 0, Uptime.milliseconds() >= dueAt else { return }
        dueAt = 0
        startMonitor(isFirst: false)
    }

    private mutating func startMonitor(isFirst: Bool) {
        guard let container else { return }
        startedAt = Uptime.milliseconds()
        monitor = HealthMonitor.spawn(request: request, container: container, goesOn: !isFirst)
        if let monitor { monitorDescriptor = nb_pidfd_open(monitor) }
        if monitor == nil { postpone() }
        if !isFirst { nb_release_memory() }
    }

    private mutating func postpone() {
        let now = Uptime.milliseconds()
        let wasSteady = now - startedAt >= Self.steadyRun
        delay = wasSteady || delay == 0 ? Self.shortestDelay : min(delay * 2, Self.longestDelay)
        dueAt = now + delay
    }

    // MARK: - The container's end

    /// The container's first process has ended: nobody probes it any more.
    func end() {
        HealthMonitor.end(monitor)
    }

    /// Tells how it ended.
    func tell(ofEnd code: Int32, oomKilled: Bool, ranFor seconds: Int64) {
        guard let events else { return }
        if oomKilled { events.tell("oom") }
        events.tell("die", [("execDuration", "\(seconds)"), ("exitCode", "\(code)")])
    }

    /// It is not started again, and perhaps removed: while what is told of it is still there.
    func willEnd(isRemoved: Bool) {
        if isRemoved { events?.tell("destroy") }
    }
}
