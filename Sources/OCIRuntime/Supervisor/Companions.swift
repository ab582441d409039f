internal import Glibc
internal import LinuxSystem

/// Those who want to know of a container's life: whoever follows events, and the monitor of its health.
struct Companions {
    private let events: EventTeller?
    private let hasHealthCheck: Bool
    private var monitor: pid_t?

    init(_ request: borrowing LaunchRequest) {
        events = request.teller
        hasHealthCheck = request.health != nil
    }

    /// The container runs.
    mutating func start(_ process: ProcessIdentity?, _ restart: borrowing Restart) {
        // The first start is told of by whoever asked for it.
        if restart.isRestart { events?.tell("start") }
        if hasHealthCheck, let process { monitor = HealthMonitor.spawn(request: restart.request, container: process) }
    }

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
