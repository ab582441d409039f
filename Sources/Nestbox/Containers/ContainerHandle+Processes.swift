internal import Glibc
internal import LinuxSystem
internal import OCIRuntime

extension ContainerHandle {
    /// Runs one more command in the running container to its end, and returns all that it has written.
    ///
    /// It is killed when the task is cancelled. What it has started in the background itself lives on, as long as the container does.
    ///
    /// - Parameters:
    ///   - exec: the command. `detach` counts as false, and `interactive` is set when there is input.
    ///   - input: the bytes of its standard input; nil: it has none.
    ///   - outputLimit: the most bytes that it may write.
    /// - Throws: `EngineError`: `.notRunning`, `.cancelled`, `.startFailed`; `.failure` when it writes too much.
    public func run(
        _ exec: ExecConfiguration, input: [UInt8]? = nil, outputLimit: Int = 16 << 20
    ) async throws(EngineError) -> CompletedProcess {
        var exec = exec
        if input != nil { exec.interactive = true }
        let started = try await start(exec)
        let outcome = await started.outcome {
            try await started.process.collect(input: input ?? [], limit: outputLimit)
        }
        return try EngineError.wrapping { try outcome.get() }
    }

    /// Runs one more process in the running container for as long as `body` takes.
    ///
    /// When `body` returns or throws, or the task is cancelled, the process is killed if it still runs.
    ///
    /// - Throws: what `body` throws; `EngineError`: `.notRunning`, `.cancelled`, `.startFailed`, …
    public func withProcess<Value: Sendable>(
        _ exec: ExecConfiguration, isolation: isolated (any Actor)? = #isolation,
        _ body: (AttachedProcess) async throws -> Value
    ) async throws -> Value {
        let started = try await start(exec)
        return try await started.outcome { try await body(started.process) }.get()
    }

    /// Joins the streams of the running container: what it writes from now on.
    ///
    /// Unlike the one who started it, it does not wait for a reader that lags by more than 1 MiB; that one's connection ends.
    ///
    /// - Parameter sendsInput: whether its standard input is written, too; it must be interactive.
    /// - Throws: `EngineError`: `.notRunning`, `.paused`, …
    public func attach(sendsInput: Bool = false) async throws(EngineError) -> AttachedProcess {
        try await WorkerThreads.perform { () throws(EngineError) in
            let socket = try engine.attach(engine.container(id), wantsOutput: true, sendsInput: sendsInput)
            return AttachedProcess(connection: ProcessConnection(socket, to: name), takesInput: sendsInput)
        }
    }

    private func start(_ given: ExecConfiguration) async throws(EngineError) -> ExecutedProcess {
        if Task.isCancelled { throw .cancelled }
        var exec = given
        exec.detach = false
        let final = exec
        let started = try await WorkerThreads.perform { () throws(EngineError) in
            var started = try engine.execute(final, in: engine.container(id))
            // Nil when it has ended.
            let pidfd = ProcessIdentity(pid: started.pid)?.open()
            guard let socket = started.socket.take() else {
                throw .failure("the runtime gave no socket for a process of container \(name)")
            }
            let process = AttachedProcess(
                connection: ProcessConnection(socket, to: name), takesInput: final.interactive)
            return ExecutedProcess(process: process, pidfd: pidfd)
        }
        guard Task.isCancelled else { return started }
        await started.discard()
        throw .cancelled
    }
}

/// A process that was executed in a container, and that ends with a call.
private final class ExecutedProcess: Sendable {
    let process: AttachedProcess
    private let pidfd: FileDescriptor?

    init(process: AttachedProcess, pidfd: consuming FileDescriptor?) {
        self.process = process
        self.pidfd = pidfd
    }

    /// Kills it if it still runs; nothing here waits.
    func kill() {
        switch pidfd {
        case .some(let pidfd): try? ProcessDescriptor.send(SIGKILL, to: pidfd)
        case .none: break
        }
        process.connection.hangUp()
    }

    /// Kills it if it still runs, and waits for its end, also in a cancelled task.
    func discard() async {
        kill()
        try? await WorkerThreads.perform { [self] () throws(EngineError) in
            switch pidfd {
            case .some(let pidfd):
                try EngineError.wrapping {
                    _ = try ProcessDescriptor.wait(for: pidfd, milliseconds: Engine.killBound)
                }
            case .none: break
            }
        }
    }

    func outcome<Value: Sendable>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
    ) async -> Result<Value, any Error> {
        do {
            let value = try await withTaskCancellationHandler {
                try await body()
            } onCancel: {
                kill()
            }
            await discard()
            return .success(value)
        } catch {
            await discard()
            return .failure(error)
        }
    }
}
