internal import LinuxSystem
internal import OCIRuntime

extension ContainerHandle {
    /// Waits for its end.
    ///
    /// Any number of tasks may wait, for any number of containers: one thread listens for all of them.
    ///
    /// - Returns: how it ended; how it did the last time when it is not running.
    /// - Throws: `EngineError`: `.noSuchContainer`, `.cancelled`.
    public func wait() async throws(EngineError) -> ExitStatus {
        while true {
            let watch = try await WorkerThreads.perform { () throws(EngineError) in
                try EngineError.wrapping { try engine.watchEnd(of: id) }
            }
            switch watch {
            case .ended(let status): return status
            case .running(let watched):
                if let status = try await watched.wait() { return status }
            // It ended between the two looks, or its supervisor did; the next look tells.
            }
        }
    }
}

/// What is known of a container's end.
private enum EndWatch: Sendable {
    case ended(ExitStatus)
    case running(WatchedContainer)
}

/// A running container whose supervisor tells of its end.
private final class WatchedContainer: Sendable {
    private let connection: ProcessConnection?
    private let supervisor: FileDescriptor?

    init(connection: ProcessConnection?, supervisor: consuming FileDescriptor?) {
        self.connection = connection
        self.supervisor = supervisor
    }

    /// How it ended; nil when its supervisor has gone without a word.
    func wait() async throws(EngineError) -> ExitStatus? {
        do throws(EngineError) {
            if let connection { return try await connection.wait() }
        } catch .cancelled {
            throw .cancelled
        } catch {
            // Nobody talks any more: then the supervisor's own end is what there is to wait for.
        }
        switch supervisor {
        case .some(let supervisor): try await EventLoop.readable(supervisor.rawValue)
        case .none: break
        }
        return nil
    }
}

extension Engine {
    /// Whether a container has ended, and what tells when it does.
    fileprivate func watchEnd(of id: String) throws -> EndWatch {
        guard let container = try examine(id) else { throw EngineError.noSuchContainer(id) }
        guard container.isRunning else {
            return .ended(
                ExitStatus(code: container.state.exitCode ?? 0, isOutOfMemory: container.state.oomKilled))
        }
        let supervisor = container.state.supervisor?.open()
        var connection: ProcessConnection?
        do {
            let socket = try StreamSocket.connect(to: paths.container(id).attachSocket)
            try StreamSocket.send(.hello(wantsOutput: false, sendsInput: false), to: socket)
            connection = ProcessConnection(socket, to: container.name)
        } catch {
            // It is just ending.
        }
        return .running(WatchedContainer(connection: connection, supervisor: supervisor))
    }
}
