extension Engine {
    /// Makes any of the engine's calls on a thread of its own, so that the task waits and no thread of Swift's pool does:
    /// `let images = try await engine.perform { try $0.images.images() }`.
    ///
    /// Every call without `async` may wait: for the disk, the kernel, or another command. Of these calls at most 16 are
    /// carried out at once in a process. Cancelling the task does not stop one.
    ///
    /// - Throws: `EngineError`.
    public func perform<Value: Sendable>(
        _ call: @escaping @Sendable (Engine) throws -> Value
    ) async throws(EngineError) -> Value {
        try await WorkerThreads.perform { () throws(EngineError) in try EngineError.wrapping { try call(self) } }
    }

    /// The container that `name` stands for: a complete id, a name, or the beginning of just one id.
    ///
    /// - Throws: `EngineError.noSuchContainer`, `.ambiguousContainer`.
    public func handle(_ name: String) async throws(EngineError) -> ContainerHandle {
        handle(of: try await perform { try $0.container(name) })
    }

    /// A handle of a container that was looked up.
    public func handle(of container: Container) -> ContainerHandle {
        ContainerHandle(engine: self, id: container.id, name: container.name)
    }
}
