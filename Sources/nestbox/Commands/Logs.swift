internal import ArgumentParser
internal import Glibc
internal import LinuxSystem
internal import Nestbox
internal import OCISpec

/// `nestbox logs`.
struct Logs: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Print what a container has written.", usage: "nestbox logs [<flags>] <container>"
    )
    static let switches: [String: Character?] = ["follow": "f", "timestamps": "t"]

    @Flag(name: .shortAndLong, help: "Wait for more until the container ends.")
    var follow = false

    @Option(
        name: [.customShort("n"), .long],
        help: .init("Only so many lines from the end; all: every one.", valueName: "number"))
    var tail: String?

    @Flag(name: .shortAndLong, help: "Put the time before every line.")
    var timestamps = false

    @Option(
        name: .long,
        help: .init(
            "Nothing older: a time such as 2026-01-02T13:23:37Z, or 10m for ten minutes ago.", valueName: "time"))
    var since: String?

    @Option(
        name: .long,
        help: .init(
            "Nothing younger: a time such as 2026-01-02T13:23:37Z, or 10m for ten minutes ago.", valueName: "time"))
    var until: String?

    @Argument(help: "A name, an id, or the beginning of just one id.", completion: .containerName)
    var container: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let now = Caller.now
        var options = LogOptions(follow: follow)
        if let tail, tail != "all", tail != "-1" {
            options.tail = try OptionNumber.integer(tail, option: "--tail", in: 0...Int.max)
        }
        options.since = try since.map { try MomentText.parse($0, option: "--since", now: now) }
        options.until = try until.map { try MomentText.parse($0, option: "--until", now: now) }
        let engine = try globals.engine()
        let reader = try engine.logs(try engine.container(container), options: options)
        var writer = LogWriter(isImmediate: follow)
        while let entry = try reader.next() {
            try writer.write(timestamps ? entry.time + " " + entry.text : entry.text, to: entry.stream)
        }
        try writer.flush()
        return 0
    }
}

/// Writes log entries to the streams they came from, many at once unless somebody waits for each.
private struct LogWriter {
    let isImmediate: Bool
    private var text: [UInt8] = []
    private var stream = LogEntry.Stream.output

    init(isImmediate: Bool) { self.isImmediate = isImmediate }

    mutating func write(_ entry: String, to stream: LogEntry.Stream) throws(SystemError) {
        if stream != self.stream || text.count > 1 << 16 { try flush() }
        self.stream = stream
        text += entry.utf8
        if isImmediate { try flush() }
    }

    mutating func flush() throws(SystemError) {
        let bytes = text
        text.removeAll(keepingCapacity: true)
        var failure: SystemError?
        bytes.withUnsafeBytes {
            do throws(SystemError) {
                try StandardOutput.writeAll($0, to: stream == .output ? STDOUT_FILENO : STDERR_FILENO)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
