internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// A container's log in Docker's json-file form: one JSON object a line, `{"log":…,"stream":…,"time":…}`.
///
/// A line of output is one entry. One that is longer than 16 KiB becomes several, of which only the last ends with a
/// newline. A full disk loses entries, never the container.
///
/// A file that has grown to the limit is renamed to `….1`, and what had that name to `….2`; a container cannot fill the disk with
/// its log.
final class JSONFileLog {
    /// Docker's limit of one entry, in bytes.
    static let entryLimit = 16 << 10
    /// How large one file may grow unless something else is asked for, in bytes.
    static let usualLimit = 64 << 20
    /// How many files there are at most, likewise, the current one included.
    static let usualFiles = 3

    enum Stream: String {
        case stdout, stderr
    }

    private let path: String
    private let limit: Int
    private let files: Int
    private var file: FileDescriptor
    private var size: Int
    private var pending: (stdout: [UInt8], stderr: [UInt8]) = ([], [])
    private var buffer: [UInt8] = []

    /// Appends to the log at `path`, 0600.
    ///
    /// - Parameters:
    ///   - limit: how large one file may grow, in bytes.
    ///   - files: how many there are at most, the current one included.
    init(path: String, limit: Int? = nil, files: Int? = nil) throws(SystemError) {
        self.path = path
        self.limit = limit ?? Self.usualLimit
        self.files = files ?? Self.usualFiles
        file = try Self.open(path)
        size = Int(try file.status().st_size)
    }

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, mode: 0o600)
    }

    /// Adds output; complete lines are written at once.
    func append(_ bytes: UnsafeRawBufferPointer, to stream: Stream) {
        let time = Self.now()
        switch stream {
        case .stdout: Self.split(bytes, &pending.stdout) { encode($0, stream, time) }
        case .stderr: Self.split(bytes, &pending.stderr) { encode($0, stream, time) }
        }
        writeBuffer()
    }

    /// Writes what is left of lines that never ended.
    func finish() {
        let time = Self.now()
        if !pending.stdout.isEmpty { encode(pending.stdout[...], .stdout, time) }
        if !pending.stderr.isEmpty { encode(pending.stderr[...], .stderr, time) }
        pending = ([], [])
        writeBuffer()
    }

    /// Cuts output into entries: lines with their newlines, and parts of lines that are longer than ``entryLimit``.
    static func split(
        _ bytes: UnsafeRawBufferPointer, _ pending: inout [UInt8], _ entry: (ArraySlice<UInt8>) -> Void
    ) {
        var start = 0
        while start < bytes.count {
            let rest = bytes[start...]
            let newline = rest.firstIndex(of: UInt8(ascii: "\n"))
            let lineEnd = newline.map { $0 + 1 } ?? bytes.count
            let end = min(lineEnd, start + entryLimit - pending.count)
            pending.append(contentsOf: bytes[start..<end])
            if end == newline.map({ $0 + 1 }) || pending.count >= entryLimit {
                entry(pending[...])
                pending.removeAll(keepingCapacity: true)
            }
            start = end
        }
    }

    private func encode(_ line: ArraySlice<UInt8>, _ stream: Stream, _ time: String) {
        var object = JSONObject()
        object["log"] = .string(String(decoding: line, as: UTF8.self))
        object["stream"] = .string(stream.rawValue)
        object["time"] = .string(time)
        buffer += JSONValue.object(object).serialized()
        buffer.append(UInt8(ascii: "\n"))
        // Short lines are ten times as long here: what one read has brought may be more than a file takes.
        if size + buffer.count >= limit { writeBuffer() }
    }

    private func writeBuffer() {
        guard !buffer.isEmpty else { return }
        defer { buffer.removeAll(keepingCapacity: true) }
        do throws(SystemError) {
            try file.writeAll(buffer)
            size += buffer.count
            if size >= limit { try rotate() }
        } catch {
            // Half an entry would take the next one, written when there is room again, with it.
            _ = ftruncate(file.rawValue, off_t(size))
        }
    }

    /// Goes on in a new file.
    ///
    /// When that cannot be had it goes on in the old one.
    private func rotate() throws(SystemError) {
        for number in stride(from: files - 1, to: 1, by: -1) {
            rename("\(path).\(number - 1)", "\(path).\(number)")
        }
        if files > 1 { rename(path, "\(path).1") } else { unlink(path) }
        file = try Self.open(path)
        size = 0
    }

    private static func now() -> String { WallClock.now().description }
}
