internal import Glibc
internal import LinuxSystem
internal import OCIRuntime

extension Engine {
    /// Stops every running container because the machine is about to go down, all at the same time.
    ///
    /// Each gets its stop signal, and SIGKILL after its own timeout, 10 seconds unless it has one. Unlike those that somebody stops
    /// they come back by ``restore(_:)`` as their policies say. What is being started while this returns is not noticed.
    /// - Parameter stopped: hears of each that has ended, or of why not.
    /// - Throws: `EngineError` when the root cannot be read.
    public func shutDown(_ stopped: (Container, EngineError?) -> Void) throws(EngineError) {
        var runs: Set<ContainerRun> = []
        // Those that were started meanwhile, too; but who goes on starting some is not waited for.
        for _ in 0..<Self.shutdownRounds {
            let running = try list(all: true).filter {
                ($0.isRunning || $0.isRestarting) && runs.insert(ContainerRun($0)).inserted
            }
            guard !running.isEmpty else { return }
            end(running, stopped)
        }
    }

    private static let shutdownRounds = 3

    /// One run of a container.
    private struct ContainerRun: Hashable {
        let id: String
        let supervisor: ProcessIdentity?

        init(_ container: Container) {
            id = container.id
            supervisor = container.state.supervisor
        }
    }

    /// Stops containers, all at the same time.
    private func end(_ running: [Container], _ stopped: (Container, EngineError?) -> Void) {
        var asked: [Container] = []
        for container in running {
            do throws(EngineError) {
                if let current = try askToEnd(container) { asked.append(current) } else { stopped(container, nil) }
            } catch {
                stopped(container, error)
            }
        }
        let begin = Uptime.milliseconds()
        // In the order in which they are killed: nobody's time runs out behind one that is waited for longer.
        for container in asked.sorted(by: { $0.grace() ?? .max < $1.grace() ?? .max }) {
            do throws(EngineError) {
                try EngineError.wrapping { try awaitEnd(of: container, askedAt: begin) }
                stopped(container, nil)
            } catch {
                stopped(container, error)
            }
        }
    }

    /// Asks a container's supervisor to end it and not to start it again.
    ///
    /// - Returns: the container; nil when it does not run by now.
    private func askToEnd(_ container: Container) throws(EngineError) -> Container? {
        try EngineError.wrapping {
            guard let current = try settled(container.id) else { return nil }
            try thawIfPaused(current)
            guard let supervisor = current.state.supervisor?.open() else { return nil }
            try send(SIGTERM, to: supervisor)
            return current
        }
    }

    /// Waits until the first process of a container has ended, and kills it where its time is up.
    ///
    /// - Parameter begin: since when it has that time, as `Uptime` counts.
    private func awaitEnd(of container: Container, askedAt begin: Int64) throws {
        guard let process = container.state.process?.open() else { return try awaitRecord(of: container) }
        let passed = Uptime.milliseconds() - begin
        try awaitEnd(of: container, process, within: container.grace().map { max(0, $0 - passed) })
    }
}
