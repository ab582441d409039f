/// Bytes that a process has written, as they came.
public struct OutputChunk: Sendable, Hashable {
    /// Where it wrote them.
    ///
    /// A process with a terminal has one stream, the output.
    public let stream: LogEntry.Stream
    /// What it wrote, at most 32 KiB.
    public let bytes: [UInt8]

    /// Bytes of one stream.
    public init(stream: LogEntry.Stream, bytes: [UInt8]) {
        self.stream = stream
        self.bytes = bytes
    }
}

/// A line that a process has written.
public struct OutputLine: Sendable, Hashable {
    /// Where it wrote it.
    public let stream: LogEntry.Stream
    /// The line without its newline; what is no UTF-8 in it is replaced by U+FFFD.
    public let text: String

    /// A line of one stream.
    public init(stream: LogEntry.Stream, text: String) {
        self.stream = stream
        self.text = text
    }
}
