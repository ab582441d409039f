internal import CLinux
public import Glibc
internal import LinuxSystem
internal import OCIRuntime

/// A container of an engine, for tasks.
///
/// It is no more than the container's id: any number of them, in any number of processes, may stand for one container.
/// None of its calls blocks a thread of Swift's pool, and waiting, however many containers are waited for, needs one thread in all.
public struct ContainerHandle: Sendable {
    /// Whose container it is.
    public let engine: Engine
    /// 64 hexadecimal digits.
    public let id: String
    /// The name that it had when it was looked up, without a slash.
    public let name: String

    /// The container as it is now.
    ///
    /// - Throws: `EngineError.noSuchContainer`.
    public func inspect() async throws(EngineError) -> Container {
        try await engine.perform { [id] in try $0.container(id) }
    }

    /// Sends a signal to its first process.
    ///
    /// SIGKILL ends all of its processes; before any other, a paused one is let run on.
    ///
    /// - Throws: `EngineError.notRunning`, …
    public func kill(signal: Int32 = SIGKILL) async throws(EngineError) {
        try await engine.perform { [id] in try $0.kill($0.container(id), signal: signal) }
    }

    /// Stops it: its stop signal, and SIGKILL to all of its processes when it still runs after `timeout`.
    ///
    /// - Parameters:
    ///   - timeout: how long it may take; nil: its own, or ten seconds.
    ///   - signal: instead of its stop signal.
    /// - Returns: false when it was not running.
    /// - Throws: `EngineError`: `.cancelled` when the task was cancelled meanwhile, and the container may still run then.
    @discardableResult
    public func stop(timeout: Duration? = nil, signal: Int32? = nil) async throws(EngineError) -> Bool {
        let stopping = try await WorkerThreads.perform { () throws(EngineError) in
            try EngineError.wrapping { try engine.beginStopping(id, timeout: timeout, signal: signal) }
        }
        guard let stopping else { return false }
        // Whichever is first: the end of the process, or of its time.
        switch stopping.timer {
        case .some(let timer): try await EventLoop.readable(stopping.process.rawValue, timer.rawValue)
        case .none: try await EventLoop.readable(stopping.process.rawValue)
        }
        // Kills what is left, and waits until the end is recorded.
        try await engine.perform { [id] engine in
            do throws(EngineError) {
                try engine.stop(engine.container(id), timeout: 0, signal: SIGKILL)
            } catch {
                guard case .noSuchContainer = error else { throw error }
            }
        }
        return true
    }

    /// Removes it with its changes and log.
    ///
    /// - Parameters:
    ///   - force: whether a running one is killed.
    ///   - volumes: whether its anonymous volumes go, too.
    /// - Throws: `EngineError`: `.cannotRemoveRunning`, `.busy`, …
    public func remove(force: Bool = false, volumes: Bool = false) async throws(EngineError) {
        try await engine.perform { [id] in try $0.remove($0.container(id), force: force, volumes: volumes) }
    }

    /// The published ports while it runs.
    ///
    /// - Throws: `EngineError`.
    public func publishedPorts() async throws(EngineError) -> [PortLine] {
        try await engine.perform { [id] in try $0.publishedPorts(of: $0.container(id)) }
    }

    /// Removes it whatever it does; that it is gone already is no error.
    func discard() async throws(EngineError) {
        // Most have removed themselves by now. To see that the kernel does not go to the disk: the folder was just in use.
        if StoredFile.isMissing(engine.paths.containers + "/" + id) { return }
        try await engine.perform { [id] engine in
            do throws(EngineError) {
                try engine.remove(engine.container(id), force: true, volumes: true)
            } catch {
                guard case .noSuchContainer = error else { throw error }
            }
        }
    }

    /// Kills it on this thread.
    func killNow() throws(EngineError) { try engine.kill(engine.container(id)) }
}

/// A container that was told to end.
private final class StoppingContainer: Sendable {
    let process: FileDescriptor
    /// Can be read when the time is over; nil: it may take as long as it likes.
    let timer: FileDescriptor?

    /// Nil when it has ended.
    init?(_ identity: ProcessIdentity, bound: Duration?) throws(SystemError) {
        guard let process = identity.open() else { return nil }
        self.process = process
        timer = try Self.timer(bound)
    }

    private static func timer(_ bound: Duration?) throws(SystemError) -> FileDescriptor? {
        guard let bound else { return nil }
        let (seconds, attoseconds) = max(bound, .nanoseconds(1)).components
        return FileDescriptor(
            owning: try checked(nb_timer_open(seconds, attoseconds / 1_000_000_000), "make", "a timer"))
    }
}

extension Engine {
    /// Sends a container its stop signal; nil when it does not run.
    fileprivate func beginStopping(
        _ id: String, timeout: Duration?, signal: Int32?
    ) throws -> StoppingContainer? {
        let container = try container(id)
        // Opened before the signal: afterwards its pid may be another's.
        guard container.isRunning, let identity = container.state.process,
            let stopping = try StoppingContainer(
                identity, bound: timeout ?? container.grace().map { .milliseconds($0) })
        else { return nil }
        let own = container.configuration.stopSignal ?? container.record.settings.stopSignal
        do throws(EngineError) {
            try kill(container, signal: signal ?? own.flatMap { SignalName.number($0) } ?? SIGTERM)
        } catch {
            // Its end is waited for, and recorded, all the same.
            guard case .notRunning = error else { throw error }
        }
        return stopping
    }
}
