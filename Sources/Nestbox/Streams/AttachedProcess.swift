internal import Glibc
internal import LinuxSystem
internal import OCIRuntime

/// A process in a container, with its streams: a container's own, or one that was executed in it.
public struct AttachedProcess: Sendable {
    let connection: ProcessConnection
    /// Whether it was asked for with open standard input.
    let takesInput: Bool

    /// What it writes, in chunks.
    public var output: ProcessOutput { ProcessOutput(connection: connection) }
    /// What it writes, in lines.
    public var lines: OutputLines { output.lines }

    /// Waits for its end.
    ///
    /// Output that nobody reads is dropped meanwhile; while somebody does, this waits until all of it was read.
    ///
    /// - Throws: `EngineError`: `.cancelled`, `.failure` when its supervisor has gone without a word.
    public func wait() async throws(EngineError) -> ExitStatus { try await connection.wait() }

    /// Writes to its standard input, waiting for as long as it does not read.
    ///
    /// - Returns: false when nobody reads it any more.
    /// - Throws: `EngineError`: `.cancelled`, `.invalidConfiguration` when it was not asked to be interactive.
    @discardableResult
    public func write(_ bytes: [UInt8]) async throws(EngineError) -> Bool {
        try checkInput()
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(StreamPacket.payloadLimit)
            guard try await connection.send(.input(Array(part))) else { return false }
            rest = rest.dropFirst(part.count)
        }
        return true
    }

    /// Ends its standard input.
    ///
    /// - Throws: `EngineError`: `.cancelled`, `.invalidConfiguration` when it was not asked to be interactive.
    public func endInput() async throws(EngineError) {
        try checkInput()
        _ = try await connection.send(.inputEnd)
    }

    /// Tells its terminal how large it is.
    ///
    /// - Throws: `EngineError.cancelled`.
    public func resize(to size: TerminalSize) async throws(EngineError) {
        _ = try await connection.send(.windowSize(rows: size.rows, columns: size.columns))
    }

    private func checkInput() throws(EngineError) {
        guard !takesInput else { return }
        throw .invalidConfiguration("the process has no standard input; set `interactive` in its configuration")
    }

    /// Reads to the end, at most `limit` bytes, while `input` is written.
    func collect(input: [UInt8], limit: Int) async throws(EngineError) -> CompletedProcess {
        // Written beside the reading: a process that writes before it has read everything must not wait for us.
        let writer = takesInput ? Task { try await feed(input) } : nil
        defer { writer?.cancel() }
        var (output, error): ([UInt8], [UInt8]) = ([], [])
        var chunks = self.output.makeAsyncIterator()
        while let chunk = try await chunks.next() {
            switch chunk.stream {
            case .output: output += chunk.bytes
            case .error: error += chunk.bytes
            }
            guard output.count + error.count <= limit else {
                throw .failure(
                    "the process has written more than \(limit) bytes; allow more, or read its output as it comes")
            }
        }
        return CompletedProcess(status: try await wait(), standardOutput: output, standardError: error)
    }

    private func feed(_ input: [UInt8]) async throws(EngineError) {
        if try await write(input) { try await endInput() }
    }
}

/// A process that has ended, and all that it has written.
public struct CompletedProcess: Sendable, Hashable {
    /// How it ended.
    public let status: ExitStatus
    /// The bytes of its standard output.
    public let standardOutput: [UInt8]
    /// The bytes of its standard error.
    public let standardError: [UInt8]

    /// Its standard output as text.
    public var output: String { String(decoding: standardOutput, as: UTF8.self) }
    /// Its standard error as text.
    public var errorOutput: String { String(decoding: standardError, as: UTF8.self) }
}
