internal import Glibc
internal import LinuxSystem
public import OCIRuntime
internal import OCISpec

/// Restarts: what somebody asks for, and what a container's policy does without anybody.
///
/// The supervisor starts its container again, in the same network. Files tell it what is wanted: the policy as it is now, that
/// somebody has stopped the container, that somebody waits for a restart.
extension Engine {
    /// Stops a container and starts it again; one that does not run is started.
    ///
    /// - Parameters:
    ///   - container: the container.
    ///   - timeout: seconds until the kill; -1: wait as long as it takes; nil: the container's own, or 10.
    ///   - signal: instead of its stop signal.
    /// - Returns: what was asked for and could not be had, a line each.
    /// - Throws: `EngineError`; `.startFailed` when it has stopped and does not start.
    @discardableResult
    public func restart(
        _ container: Container, timeout: Int? = nil, signal: Int32? = nil
    ) throws(EngineError) -> [String] {
        // What it joins may have been started anew, in other namespaces: those are looked up by a start. And what a container that
        // may do so has made of its network goes with a start only.
        let keepsNetwork = container.record.joined == nil && !container.configuration.mayChangeNetwork
        guard keepsNetwork || container.configuration.autoRemove else {
            try stop(container, timeout: timeout, signal: signal)
            return try startAgain(container)
        }
        guard let ended = try askForRestart(container) else { return try startAgain(container) }
        try stop(container, timeout: timeout, signal: signal, isForGood: false)
        guard try EngineError.wrapping({ try awaitRestart(of: container, after: ended) }) else {
            tell("restart", container.record)
            return []
        }
        return try startAgain(container)
    }

    private func startAgain(_ container: Container) throws(EngineError) -> [String] {
        let warnings = try start(container, attached: false).warnings
        tell("restart", container.record)
        return warnings
    }

    /// Leaves word for the supervisor of a running container.
    ///
    /// - Returns: the process that is to end; nil when none runs.
    private func askForRestart(_ container: Container) throws(EngineError) -> ProcessIdentity? {
        try EngineError.wrapping {
            guard let current = try settled(container.id), let process = current.state.process else { return nil }
            // Whoever stopped it before wants it to run now.
            try StoredFile.remove(paths.container(container.id).stopped)
            try StoredFile.write(paths.container(container.id).restartDemand, "", mode: 0o600)
            return process
        }
    }

    /// Waits until a supervisor has done what it was asked for.
    ///
    /// - Returns: whether it had not heard of it before it ended, so that the container is still to be started.
    private func awaitRestart(of container: Container, after ended: ProcessIdentity) throws -> Bool {
        let demand = paths.container(container.id).restartDemand
        var isUnheard = false
        try poll("container \(container.id.prefix(12)) is not started again") {
            guard let current = try examine(container.id) else {
                throw EngineError.noSuchContainer(container.name)
            }
            guard !current.isActive else { return current.isRunning && current.state.process != ended }
            isUnheard = StoredFile.exists(demand)
            if !isUnheard, let reason = current.state.error {
                throw EngineError.startFailed(reason: reason, exitCode: current.state.exitCode ?? 125)
            }
            return true
        }
        return isUnheard
    }

    /// Gives a container another restart policy, at once.
    ///
    /// - Throws: `EngineError`.
    public func update(_ container: Container, restart policy: RestartPolicy) throws(EngineError) {
        try change(container) { record, current in
            record.configuration.restart = policy
            try record.configuration.validate()
            guard current.isActive else { return {} }
            try writePolicy(of: record)
            return { try? writePolicy(of: current.record) }
        }
    }

    /// Starts every container that its restart policy wants to be running and that does not run: after a boot, or after its
    /// supervisor was killed.
    ///
    /// `always` counts for those that somebody has stopped, too; a container that was never started is left alone.
    /// - Parameter started: hears of each that was started, or of why not.
    /// - Throws: `EngineError` when the root cannot be read.
    public func restore(_ started: (Container, EngineError?) -> Void) throws(EngineError) {
        var waiting = try list(all: true).filter(isToBeRestored)
        // One that joins another's namespaces needs that to run first.
        while !waiting.isEmpty {
            let ready = waiting.filter { container in !waiting.contains { $0.id == container.record.joined } }
            for container in ready.isEmpty ? waiting : ready {
                do throws(EngineError) {
                    _ = try start(container, attached: false)
                    started(container, nil)
                } catch {
                    if case .alreadyRunning = error { continue }
                    started(container, error)
                }
            }
            waiting = ready.isEmpty ? [] : waiting.filter { container in !ready.contains { $0.id == container.id } }
        }
    }

    private func isToBeRestored(_ container: Container) -> Bool {
        guard container.state.status == .exited else { return false }
        switch container.configuration.restart {
        case .always: return true
        case .no: return false
        case .unlessStopped, .onFailure:
            return !StoredFile.exists(paths.container(container.id).stopped)
                && container.configuration.restart.restarts(after: container.state.exitCode ?? 0, restarts: 0)
        }
    }

    // MARK: - What the supervisor is told

    /// Says what holds from a start on.
    func prepareRestarts(of record: ContainerRecord) throws {
        let paths = paths.container(record.id)
        for path in [paths.stopped, paths.restartDemand, paths.limits] { try StoredFile.remove(path) }
        try writePolicy(of: record)
    }

    private func writePolicy(of record: ContainerRecord) throws {
        let path = paths.container(record.id).restartPolicy
        let policy = record.configuration.restart
        guard policy != .no else { return try StoredFile.remove(path) }
        try AtomicFile.write(Array(policy.text.utf8), to: path)
    }

    /// Says, before it is stopped, that a container is not to be started again.
    func markStopped(_ container: Container) throws {
        // Not for the sake of a supervisor alone: after a boot it counts as well.
        guard !container.configuration.autoRemove else { return }
        let paths = paths.container(container.id)
        guard StoredFile.exists(paths.record) else { return }
        try StoredFile.remove(paths.restartDemand)
        do {
            try StoredFile.write(paths.stopped, "", mode: 0o600)
        } catch {
            // On a full disk: without a policy it is not started again either, until somebody starts it.
            try StoredFile.remove(paths.restartPolicy)
        }
    }

    // MARK: - Waiting

    /// The container if it runs; one that waits to be started again is kept from it, or looked at again when it just was.
    ///
    /// - Returns: nil when it does not run.
    func settled(_ id: String) throws -> Container? {
        var result: Container?
        try poll("the supervisor of container \(id.prefix(12)) does not answer") {
            result = try examine(id)
            guard let current = result, current.isRestarting, let supervisor = current.state.supervisor?.open() else {
                return true
            }
            try send(SIGTERM, to: supervisor)
            return false
        }
        return result?.isRunning == true ? result : nil
    }

    /// Kills what runs of a container, for good.
    func killForGood(_ container: Container) throws {
        try markStopped(container)
        if let current = try settled(container.id) { try killAll(current) }
    }

    /// Looks at growing distances until something has come true.
    private func poll(_ failure: String, until isSo: () throws -> Bool) throws {
        var pause: UInt32 = 1000
        var left = Int(Self.killBound) * 1000
        while try !isSo() {
            guard left > 0 else { throw EngineError.timedOut("\(failure) within \(Self.killBound / 1000) s") }
            usleep(pause)
            left -= Int(pause)
            pause = min(pause * 2, 20_000)
        }
    }
}

extension ContainerConfiguration {
    /// Whether its processes may have changed addresses, routes and rules.
    fileprivate var mayChangeNetwork: Bool {
        privileged || capAdd.contains { ["ALL", "NET_ADMIN", "CAP_NET_ADMIN"].contains($0.uppercased()) }
    }
}
