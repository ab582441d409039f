internal import Glibc
internal import LinuxSystem

/// Containers that live as long as a call: when it returns, throws or is cancelled nothing is left of them.
extension Engine {
    /// Runs a command in a new container to its end, and returns all that it has written.
    ///
    /// The container is removed in any case, also when the task is cancelled, whether it runs or is still being started; so are its
    /// anonymous volumes.
    ///
    /// - Parameters:
    ///   - configuration: what the container is made of. `autoRemove` and `attach` are set by this call, and `interactive`
    ///     when there is input.
    ///   - input: the bytes of its standard input; nil: it has none.
    ///   - outputLimit: the most bytes that it may write.
    /// - Throws: `EngineError`: `.cancelled`; `.startFailed` when the command could not be executed; `.failure` when it writes too
    ///   much. A command that fails is no error: see ``CompletedProcess/status``.
    public func run(
        _ configuration: ContainerConfiguration, input: [UInt8]? = nil, outputLimit: Int = 16 << 20
    ) async throws(EngineError) -> CompletedProcess {
        var configuration = configuration
        if input != nil { configuration.interactive = true }
        let container = try await attach(new: configuration)
        let outcome = await outcome(of: container) {
            try await container.process.collect(input: input ?? [], limit: outputLimit)
        }
        return try EngineError.wrapping { try outcome.get() }
    }

    /// Runs a new container for as long as `body` takes.
    ///
    ///     try await engine.withContainer(configuration) { container in
    ///         for try await line in container.lines { print(line.text) }
    ///         return try await container.wait()
    ///     }
    ///
    /// When `body` returns or throws the container is killed if it still runs, and removed with its anonymous volumes. When the task
    /// is cancelled it is killed at once, so that `body` comes to its end. The container waits while nobody reads its output:
    /// read it, or call ``AttachedContainer/wait()``.
    ///
    /// - Parameters:
    ///   - configuration: what the container is made of. `autoRemove` and `attach` are set by this call.
    ///   - isolation: where `body` runs: where the caller does.
    ///   - body: what is done with it.
    /// - Throws: what `body` throws; `EngineError`: `.cancelled`, `.startFailed`, …
    public func withContainer<Value: Sendable>(
        _ configuration: ContainerConfiguration, isolation: isolated (any Actor)? = #isolation,
        _ body: (AttachedContainer) async throws -> Value
    ) async throws -> Value {
        let container = try await attach(new: configuration)
        return try await outcome(of: container) { try await body(container) }.get()
    }

    /// Makes a container and starts it, and leaves it running: nobody is attached, its output goes to its log.
    ///
    /// - Throws: `EngineError`: `.cancelled`, and then there is no container; `.startFailed`, …
    public func launch(_ configuration: ContainerConfiguration) async throws(EngineError) -> ContainerHandle {
        if Task.isCancelled { throw .cancelled }
        let handle = try await WorkerThreads.perform { () throws(EngineError) in
            let running = try run(configuration, attached: false)
            keepSpareRuntime()
            return ContainerHandle(engine: self, id: running.id, name: running.name)
        }
        guard Task.isCancelled else { return handle }
        try await handle.discard()
        throw .cancelled
    }

    /// Starts a new container with its streams.
    private func attach(new given: ContainerConfiguration) async throws(EngineError) -> AttachedContainer {
        if Task.isCancelled { throw .cancelled }
        var configuration = given
        configuration.autoRemove = true
        configuration.attach = given.interactive ? [.input, .output, .error] : [.output, .error]
        let final = configuration
        let container = try await WorkerThreads.perform { () throws(EngineError) in
            var running = try run(final, attached: true)
            keepSpareRuntime()
            guard let socket = running.process.socket.take() else {
                throw .failure("the runtime gave no socket for container \(running.name)")
            }
            return AttachedContainer(
                handle: ContainerHandle(engine: self, id: running.id, name: running.name),
                process: AttachedProcess(
                    connection: ProcessConnection(socket, to: running.name), takesInput: final.interactive),
                warnings: running.process.warnings)
        }
        // A start is not broken off: what it has made is known at its end, and taken back then.
        guard Task.isCancelled else { return container }
        container.process.connection.hangUp()
        try await container.handle.discard()
        throw .cancelled
    }

    /// What `body` comes to, with nothing of the container left.
    private func outcome<Value: Sendable>(
        of container: AttachedContainer, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Value
    ) async -> Result<Value, any Error> {
        let handle = container.handle
        do {
            let value = try await withTaskCancellationHandler {
                try await body()
            } onCancel: {
                // Without waiting; what is left is removed below.
                WorkerThreads.submit { failure in
                    if failure == nil { try? handle.killNow() }
                }
            }
            container.process.connection.hangUp()
            try await handle.discard()
            return .success(value)
        } catch {
            container.process.connection.hangUp()
            try? await handle.discard()
            return .failure(error)
        }
    }
}

/// A container that was made for a call, with its streams.
public struct AttachedContainer: Sendable {
    /// The container, for all that is not about its streams.
    public let handle: ContainerHandle
    /// Its first process.
    public let process: AttachedProcess
    /// What was asked for and could not be had, one line each.
    public let warnings: [String]

    /// 64 hexadecimal digits.
    public var id: String { handle.id }
    /// Its name, without a slash.
    public var name: String { handle.name }
    /// What its first process writes, in chunks.
    public var output: ProcessOutput { process.output }
    /// What its first process writes, in lines.
    public var lines: OutputLines { process.lines }

    /// Waits for its end.
    ///
    /// Output that nobody reads is dropped meanwhile; while somebody does, this waits until all of it was read.
    ///
    /// - Throws: `EngineError`: `.cancelled`, …
    public func wait() async throws(EngineError) -> ExitStatus { try await process.wait() }
}
