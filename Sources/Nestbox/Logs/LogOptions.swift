public import OCISpec

/// Which part of a log is wanted.
public struct LogOptions: Sendable, Hashable {
    /// Wait for what is still to come, until the container ends.
    public var follow: Bool
    /// Only so many entries from the end; nil: all.
    public var tail: Int?
    /// Nothing older than this.
    public var since: Timestamp?
    /// Nothing younger than this.
    public var until: Timestamp?

    /// The whole log so far, or a part of it.
    public init(follow: Bool = false, tail: Int? = nil, since: Timestamp? = nil, until: Timestamp? = nil) {
        self.follow = follow
        self.tail = tail
        self.since = since
        self.until = until
    }
}

/// One piece of a container's output: a line, or a part of a very long one.
public struct LogEntry: Sendable, Hashable {
    /// Where the container wrote it.
    public enum Stream: String, Sendable, Hashable {
        /// Standard output.
        case output = "stdout"
        /// Standard error.
        case error = "stderr"
    }

    /// Where the container wrote it.
    public var stream: Stream
    /// When it was written, RFC 3339 in UTC.
    public var time: String
    /// What was written; it ends with a newline unless it is a part of a long line, or the last one.
    public var text: String

    /// A piece of output.
    public init(stream: Stream, time: String, text: String) {
        self.stream = stream
        self.time = time
        self.text = text
    }

    /// Reads a line of a json-file log; nil for what is none, such as the end of a file that a crash cut short.
    init?(line: ArraySlice<UInt8>) {
        guard let json = try? JSONValue(parsing: Array(line), limits: JSONLimits(bytes: LogFile.lineLimit)),
            let text = json["log"]?.stringValue, let stream = Stream(rawValue: json["stream"]?.stringValue ?? ""),
            let time = json["time"]?.stringValue
        else { return nil }
        self.init(stream: stream, time: time, text: text)
    }
}
