public import Glibc
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

extension Engine {
    /// Stops a container: its stop signal, and after the timeout SIGKILL to all of its processes.
    ///
    /// A paused one is let run on first.
    ///
    /// - Parameters:
    ///   - container: the container.
    ///   - timeout: seconds; -1: wait as long as it takes; nil: the container's own, or 10.
    ///   - signal: instead of its stop signal.
    /// - Returns: false when it was not running.
    /// - Throws: `EngineError`.
    @discardableResult
    public func stop(_ container: Container, timeout: Int? = nil, signal: Int32? = nil) throws(EngineError) -> Bool {
        try stop(container, timeout: timeout, signal: signal, isForGood: true)
    }

    /// Stops a container.
    ///
    /// - Parameter isForGood: its restart policy does not count.
    @discardableResult
    func stop(
        _ container: Container, timeout: Int?, signal: Int32?, isForGood: Bool
    ) throws(EngineError) -> Bool {
        try EngineError.wrapping {
            if isForGood { try markStopped(container) }
            guard let current = isForGood ? try settled(container.id) : try examine(container.id),
                current.isRunning, let process = current.state.process
            else { return false }
            guard let pidfd = process.open() else {
                // It has just ended, and its supervisor decides whether it is started again.
                try awaitRecord(of: current)
                return try stop(container, timeout: timeout, signal: signal, isForGood: isForGood)
            }
            try thawIfPaused(current)
            let chosen = signal ?? stopSignal(of: current)
            tell("kill", current.record, [("signal", "\(chosen)")])
            try send(chosen, to: pidfd)
            try awaitEnd(of: current, pidfd, within: current.grace(timeout))
            tell("stop", current.record)
            return true
        }
    }

    /// Sends a signal to a container's first process.
    ///
    /// SIGKILL ends all of its processes; before any other, a paused one is let run on.
    ///
    /// - Throws: `EngineError.notRunning`, …
    public func kill(_ container: Container, signal: Int32 = SIGKILL) throws(EngineError) {
        try EngineError.wrapping {
            let isFinal = signal == SIGKILL || signal == stopSignal(of: container)
            if isFinal { try markStopped(container) }
            if try examine(container.id)?.isRestarting == true {
                // Nobody is there who could hear anything else; and it may have been started again just now.
                guard isFinal, try settled(container.id) != nil else { return }
            }
            let current = try running(container)
            guard let process = current.state.process, let pidfd = process.open() else {
                throw EngineError.notRunning(container: container.id, status: "it has just exited")
            }
            tell("kill", current.record, [("signal", "\(signal)")])
            if signal == SIGKILL {
                try killAll(current)
            } else {
                try thawIfPaused(current)
                try send(signal, to: pidfd)
            }
        }
    }

    /// Waits until a container's first process has ended, and kills the container where that takes longer than `bound`
    /// milliseconds; nil: it takes as long as it likes.
    func awaitEnd(of container: Container, _ process: borrowing FileDescriptor, within bound: Int64?) throws {
        if try !ProcessDescriptor.wait(for: process, milliseconds: bound.map { Int32(clamping: $0) }) {
            try killAll(container)
        } else {
            try awaitRecord(of: container)
        }
    }

    /// The signal that asks a container to stop.
    private func stopSignal(of container: Container) -> Int32 {
        let own = container.configuration.stopSignal ?? container.record.settings.stopSignal
        return own.flatMap { SignalName.number($0) } ?? SIGTERM
    }

    /// The container as it is now.
    ///
    /// - Throws: `EngineError.notRunning`.
    func running(_ container: Container) throws -> Container {
        guard let current = try examine(container.id) else { throw EngineError.noSuchContainer(container.name) }
        guard current.isRunning else {
            throw EngineError.notRunning(container: container.id, status: current.status)
        }
        return current
    }

    /// How long a killed process that nothing keeps from dying may take, in milliseconds.
    private static let quickDeath: Int32 = 500

    /// Kills every process of a running container through its cgroup and waits until its supervisor has recorded the end.
    func killAll(_ container: Container) throws {
        // Also where the first process' death ends the rest: in the host's PID namespace it does not.
        let cgroup = try Cgroup(path: container.cgroupPath, layout: try CgroupLayout.detect())
        let process = container.state.process?.open()
        try cgroup.kill()
        if let process {
            // A process that could not be put into the cgroup, or was moved out of it by a privileged container.
            try send(SIGKILL, to: process)
            // Its supervisor kills the rest, and may start it again at once in a cgroup of the same name, which is not meant.
            if try !ProcessDescriptor.wait(for: process, milliseconds: Self.quickDeath) {
                // Thaws what a privileged container has frozen elsewhere, too.
                try cgroup.killAndWait(within: .milliseconds(Int64(Self.killBound)))
            }
            guard try ProcessDescriptor.wait(for: process, milliseconds: Self.killBound) else {
                throw EngineError.timedOut(
                    "container \(container.id.prefix(12)) does not end within \(Self.killBound / 1000) s of SIGKILL: "
                        + "a process of it hangs in the kernel (state D in ps); try again later")
            }
        }
        try awaitRecord(of: container)
    }

    /// Waits until the supervisor of a container whose process has ended has recorded that; if it does not, records it here.
    ///
    /// The supervisor's own end may be far: it stays until a client that does not read has taken the last output.
    func awaitRecord(of container: Container) throws {
        let paths = paths.container(container.id)
        if let supervisor = container.state.supervisor, let pidfd = supervisor.open() {
            var left = Self.killBound
            var pause: Int32 = 1
            while try !ProcessDescriptor.wait(for: pidfd, milliseconds: pause) {
                // With --rm the end is that nothing is left.
                guard StoredFile.exists(paths.folder) else { return }
                let state = try readState(paths)
                if container.configuration.autoRemove {
                    if state.isActive, state.process != container.state.process { return }
                } else if state.status != .running || state.process != container.state.process {
                    return
                }
                left -= pause
                pause = min(pause * 2, 50)
                guard left > 0 else {
                    throw EngineError.timedOut(
                        "the supervisor of container \(container.id.prefix(12)) (process \(supervisor.pid)) does not end; "
                            + "kill it, then try again")
                }
            }
        }
        _ = try examine(container.id)
    }

    /// Sends a signal to a process, which may have ended.
    func send(_ signal: Int32, to process: borrowing FileDescriptor) throws(SystemError) {
        do {
            try ProcessDescriptor.send(signal, to: process)
        } catch  where error.errno == .noSuchProcess {
            return
        }
    }

    /// Waits for the end of a container.
    ///
    /// - Returns: its exit code; that of the last time when it is not running.
    /// - Throws: `EngineError`.
    public func wait(_ container: Container) throws(EngineError) -> Int32 {
        try EngineError.wrapping {
            while true {
                guard let current = try examine(container.id) else {
                    throw EngineError.noSuchContainer(container.name)
                }
                guard current.isRunning else { return current.state.exitCode ?? 0 }
                // The supervisor's word is the surest: with --rm nothing is left that could be read afterwards.
                if let code = try awaitEnd(of: current) { return code }
                // It ended between the two looks, or its supervisor did; the next look tells.
            }
        }
    }

    /// The exit code, from the container's supervisor; nil when that is gone without a word.
    private func awaitEnd(of container: Container) throws -> Int32? {
        let supervisor = container.state.supervisor?.open()
        var code: Int32?
        do {
            let socket = try StreamSocket.connect(to: paths.container(container.id).attachSocket)
            try StreamSocket.send(.hello(wantsOutput: false, sendsInput: false), to: socket)
            while code == nil, let packet = try StreamSocket.receive(from: socket) {
                if case .exited(let value, _) = packet { code = value }
            }
        } catch {
            // Nobody listens any more: then the supervisor's own end is what there is to wait for.
        }
        // The end is recorded before it is told. Where it was not told, the supervisor ends, or goes on with the next run.
        guard code == nil, let supervisor else { return code }
        while try !ProcessDescriptor.wait(for: supervisor, milliseconds: 20) {
            let state = try readState(paths.container(container.id))
            if state.isActive, state.process != container.state.process { return state.exitCode }
        }
        return nil
    }
}

extension Container {
    /// How long its first process may take to end once it was asked to, in milliseconds; nil: as long as it likes.
    ///
    /// - Parameter timeout: seconds; -1: no bound; nil: the container's own, or 10.
    func grace(_ timeout: Int? = nil) -> Int64? {
        let seconds = timeout ?? configuration.stopTimeout ?? 10
        return seconds < 0 ? nil : Int64(seconds) * 1000
    }
}
