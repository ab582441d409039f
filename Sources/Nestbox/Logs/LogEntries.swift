extension ContainerHandle {
    /// What it has written to its log, and with `follow` what it writes until it ends: `for try await entry in container.logs() { … }`.
    public func logs(_ options: LogOptions = LogOptions()) -> LogEntries {
        LogEntries(container: self, options: options)
    }
}

/// The entries of a container's log.
///
/// It can be read any number of times, and leaves other readers alone: each iterator opens the log for itself. An iterator that follows
/// throws `EngineError.cancelled` when its task is cancelled.
public struct LogEntries: AsyncSequence, Sendable {
    let container: ContainerHandle
    let options: LogOptions

    /// Begins to read.
    public func makeAsyncIterator() -> Iterator { Iterator(entries: self) }

    /// Reads entry by entry.
    public struct Iterator: AsyncIteratorProtocol {
        private let entries: LogEntries
        private var reader: LogReader?

        init(entries: LogEntries) {
            self.entries = entries
        }

        /// The next entry; nil at the end of the log.
        ///
        /// - Throws: `EngineError`.
        public mutating func next() async throws(EngineError) -> LogEntry? { try await next(isolation: nil) }

        /// The next entry; nil at the end of the log.
        ///
        /// - Throws: `EngineError`.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(EngineError) -> LogEntry? {
            let reader = try await open(isolation: actor)
            while true {
                if Task.isCancelled { throw .cancelled }
                switch try reader.step() {
                case .entry(let entry): return entry
                case .end: return nil
                case .wait(let watch): try await watch.changed(isolation: actor)
                }
            }
        }

        private mutating func open(isolation actor: isolated (any Actor)?) async throws(EngineError) -> LogReader {
            if let reader { return reader }
            let (container, options) = (entries.container, entries.options)
            let opened = try await WorkerThreads.perform { () throws(EngineError) -> sending LogReader in
                let engine = container.engine
                return try engine.logs(engine.container(container.id), options: options)
            }
            reader = opened
            return opened
        }
    }
}
