internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The container's state as its supervisor writes it, and what is left to do at its end.
struct ContainerRecord {
    private var state = ContainerState(status: .created, bootID: BootClock.identifier())
    private let statePath: String
    private let socketPath: String
    private let removal: Removal
    /// When the container was started, by the clock that nobody sets, in milliseconds.
    private var startedAt: Int64 = 0
    /// The signal that asks the container to stop.
    let stopSignal: Int32

    /// Whether the container is removed at its end.
    var removesItself: Bool { removal.isWanted }

    /// The container's first process while it runs.
    var process: ProcessIdentity? { state.process }

    init(_ request: borrowing LaunchRequest, restarts: Int32, lastCode: Int32?) {
        statePath = request.statePath
        socketPath = request.socketPath
        removal = Removal(request)
        stopSignal = request.stopSignal
        state.supervisor = ProcessIdentity(pid: getpid())
        state.restartCount = restarts
        // Whoever waited for the last run learns it here when it could not be told.
        state.exitCode = lastCode
    }

    /// The container runs.
    mutating func started(_ pid: Int32) {
        state.status = .running
        state.process = ProcessIdentity(pid: pid)
        startedAt = Uptime.milliseconds()
        state.startedAt = WallClock.now().description
        write()
    }

    /// How long the container has run, in seconds, whatever has become of the time of day meanwhile.
    var age: Int64 { (Uptime.milliseconds() - startedAt) / 1000 }

    /// The container could not be started: it stays `created`, or `exited` if it has ever run, with the reason.
    mutating func failed(_ error: LaunchError, isRestart: Bool) {
        if isRestart {
            state.status = .exited
            state.finishedAt = WallClock.now().description
        }
        state.error = error.description
        state.exitCode = error.exitCode
        end()
    }

    /// The container's first process has ended.
    mutating func ended(code: Int32, oomKilled: Bool, at time: Timestamp) {
        state.status = .exited
        state.finishedAt = time.description
        state.exitCode = code
        state.oomKilled = oomKilled
        end()
    }

    /// The container's first process has ended, and the container is going to be started again.
    mutating func restarts(code: Int32, oomKilled: Bool, at time: Timestamp, count: Int32) {
        state.status = .restarting
        state.finishedAt = time.description
        state.exitCode = code
        state.oomKilled = oomKilled
        state.restartCount = count
        state.process = nil
        unlink(socketPath)
        write()
    }

    /// A container that was going to be started again is not.
    mutating func gaveUp(_ error: String?) {
        state.status = .exited
        state.error = error
        end()
    }

    private mutating func end() {
        state.process = nil
        state.supervisor = nil
        unlink(socketPath)
        if removal.isWanted { removal.begin() } else { write() }
    }

    /// Frees what a container had that removes itself, once everybody knows of its end.
    func finishRemoval() {
        if removal.isWanted { removal.finish() }
    }

    /// A file that cannot be written must not end the container: readers find its supervisor by the socket then.
    private func write() {
        try? AtomicFile.write(state.jsonBytes(), to: statePath)
    }
}
