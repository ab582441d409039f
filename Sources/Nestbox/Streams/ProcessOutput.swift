/// What a process writes, in the order in which it writes it: `for try await chunk in process.output { … }`.
///
/// It can be read once, by one reader. A process that this program has started waits while its output is not read, as one that
/// writes to a pipe does. The sequence ends with the process. Its iterator throws `EngineError.cancelled` when the task is cancelled.
public struct ProcessOutput: AsyncSequence, Sendable {
    let connection: ProcessConnection

    /// Whole lines instead of chunks.
    public var lines: OutputLines { OutputLines(output: self) }

    /// Begins to read.
    public func makeAsyncIterator() -> Iterator { Iterator(connection: connection, reader: connection.takeReader()) }

    /// Reads chunk by chunk.
    public struct Iterator: AsyncIteratorProtocol {
        let connection: ProcessConnection
        let reader: ProcessConnection.Reader?

        /// The next chunk; nil when the process has ended.
        ///
        /// - Throws: `EngineError`.
        public mutating func next() async throws(EngineError) -> OutputChunk? { try await connection.next() }

        /// The next chunk; nil when the process has ended.
        ///
        /// - Throws: `EngineError`.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(EngineError) -> OutputChunk? {
            try await connection.next()
        }
    }
}

/// What a process writes, line by line, the two streams told apart: `for try await line in process.lines { … }`.
///
/// A line comes when its newline does; what the process has written last comes also without one. A line of more than 1 MiB comes in
/// pieces.
public struct OutputLines: AsyncSequence, Sendable {
    /// The longest line, in bytes.
    static let limit = 1 << 20

    let output: ProcessOutput

    /// Begins to read.
    public func makeAsyncIterator() -> Iterator { Iterator(chunks: output.makeAsyncIterator()) }

    /// Reads line by line.
    public struct Iterator: AsyncIteratorProtocol {
        private var chunks: ProcessOutput.Iterator
        private var splitter = LineSplitter()
        private var ready: ArraySlice<OutputLine> = []

        init(chunks: ProcessOutput.Iterator) {
            self.chunks = chunks
        }

        /// The next line; nil when the process has ended.
        ///
        /// - Throws: `EngineError`.
        public mutating func next() async throws(EngineError) -> OutputLine? { try await next(isolation: nil) }

        /// The next line; nil when the process has ended.
        ///
        /// - Throws: `EngineError`.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(EngineError) -> OutputLine? {
            while true {
                if let line = ready.popFirst() { return line }
                if let chunk = try await chunks.next(isolation: actor) {
                    ready = splitter.split(chunk)[...]
                } else {
                    ready = splitter.finish()[...]
                    if ready.isEmpty { return nil }
                }
            }
        }
    }
}

/// Makes lines of chunks.
struct LineSplitter {
    private var output: [UInt8] = []
    private var error: [UInt8] = []

    /// The lines that end in a chunk.
    mutating func split(_ chunk: OutputChunk) -> [OutputLine] {
        switch chunk.stream {
        case .output: Self.split(chunk.bytes, &output, .output)
        case .error: Self.split(chunk.bytes, &error, .error)
        }
    }

    /// What has not ended with a newline.
    mutating func finish() -> [OutputLine] {
        defer { (output, error) = ([], []) }
        return [(LogEntry.Stream.output, output), (.error, error)].filter { !$0.1.isEmpty }.map {
            OutputLine(stream: $0.0, text: String(decoding: $0.1, as: UTF8.self))
        }
    }

    private static func split(
        _ bytes: [UInt8], _ pending: inout [UInt8], _ stream: LogEntry.Stream
    ) -> [OutputLine] {
        var lines: [OutputLine] = []
        var rest = bytes[...]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            pending += rest[..<newline]
            lines.append(OutputLine(stream: stream, text: String(decoding: pending, as: UTF8.self)))
            pending.removeAll(keepingCapacity: true)
            rest = rest[(newline + 1)...]
        }
        pending += rest
        if pending.count >= OutputLines.limit {
            lines.append(OutputLine(stream: stream, text: String(decoding: pending, as: UTF8.self)))
            pending = []
        }
        return lines
    }
}
