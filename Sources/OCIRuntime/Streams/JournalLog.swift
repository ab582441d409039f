internal import CLinux
internal import Glibc
internal import LinuxSystem

/// A container's log in systemd's journal, with the fields of Docker's `journald` driver.
///
/// A line is one entry, without the newline; one that is longer than 16 KiB becomes several, all but the last marked.
///
/// The journal never holds the container up. Its socket takes a few entries more than it has read, so one that reads is waited for
/// a moment; from one that does not, nothing is hoped for any more until it takes something. What it did not take is dropped, and
/// the next entry that it takes says how much that was.
final class JournalLog {
    /// Where the journal listens.
    static let usualPath = "/run/systemd/journal/socket"

    // Of syslog(3).
    private static let (errorPriority, warningPriority, infoPriority) = (3, 4, 6)

    /// How long the journal is waited for at most in each second, in milliseconds.
    private static let (patience, second): (Int64, Int64) = (100, 1000)

    private let path: String
    private let fields: [UInt8]
    private var socket: Int32
    private var pending: (stdout: [UInt8], stderr: [UInt8]) = ([], [])
    private var dropped = 0
    private var isSlow = false
    private var waiting: (since: Int64, sum: Int64) = (0, 0)
    private var entry: [UInt8] = []

    /// - Parameters:
    ///   - fields: what every entry says, `NAME=value` with a newline behind each.
    ///   - mustBeThere: whether a journal that does not listen is an error; otherwise it is looked for at each entry.
    init(fields: [UInt8], path: String = JournalLog.usualPath, mustBeThere: Bool) throws(SystemError) {
        self.path = path
        self.fields = fields
        socket = nb_journal_open(path)
        guard mustBeThere, socket < 0 else { return }
        throw SystemError(
            "log to the journal at", path, Errno(-socket),
            hint: "start systemd-journald, or choose another --log-driver")
    }

    deinit { if socket >= 0 { close(socket) } }

    /// Adds output; complete lines are sent at once.
    func append(_ bytes: UnsafeRawBufferPointer, to stream: JSONFileLog.Stream) {
        switch stream {
        case .stdout: JSONFileLog.split(bytes, &pending.stdout) { send($0, Self.infoPriority) }
        case .stderr: JSONFileLog.split(bytes, &pending.stderr) { send($0, Self.errorPriority) }
        }
    }

    /// Sends what is left of lines that never ended.
    func finish() {
        if !pending.stdout.isEmpty { send(pending.stdout[...], Self.infoPriority, isLast: true) }
        if !pending.stderr.isEmpty { send(pending.stderr[...], Self.errorPriority, isLast: true) }
        pending = ([], [])
        if dropped > 0 { tellOfDropped() }
    }

    private func send(_ line: ArraySlice<UInt8>, _ priority: Int, isLast: Bool = false) {
        let newline = UInt8(ascii: "\n")
        let isWhole = line.last == newline
        if dropped > 0, !tellOfDropped() { return dropped += 1 }
        let message = isWhole ? line.dropLast() : line
        if !send(message, priority, isPartial: !isWhole && !isLast) { dropped += 1 }
    }

    /// Says what is missing.
    ///
    /// - Returns: whether the journal has taken it.
    @discardableResult
    private func tellOfDropped() -> Bool {
        let text = "\(dropped) lines of the container are missing here: the journal did not take them"
        guard send(Array(text.utf8)[...], Self.warningPriority, isPartial: false) else { return false }
        dropped = 0
        return true
    }

    private func send(_ message: ArraySlice<UInt8>, _ priority: Int, isPartial: Bool) -> Bool {
        entry.removeAll(keepingCapacity: true)
        entry += "PRIORITY=\(priority)\n".utf8
        entry += fields
        if isPartial { entry += "CONTAINER_PARTIAL_MESSAGE=true\n".utf8 }
        // With its length before it a message may hold anything.
        let isText = message.allSatisfy { $0 >= 32 }
        entry += isText ? "MESSAGE=".utf8 : "MESSAGE\n".utf8
        if !isText { withUnsafeBytes(of: UInt64(message.count).littleEndian) { entry.append(contentsOf: $0) } }
        entry += message
        entry.append(UInt8(ascii: "\n"))
        if socket < 0 { socket = nb_journal_open(path) }
        guard socket >= 0 else { return false }
        if sendEntry() { return true }
        guard [Errno(ECONNREFUSED), Errno(ENOTCONN)].contains(lastError) else { return false }
        // Another journal listens there now.
        close(socket)
        socket = nb_journal_open(path)
        return socket >= 0 && sendEntry()
    }

    private func canSendSoon() -> Bool {
        let start = Uptime.milliseconds()
        if start - waiting.since >= Self.second { waiting = (start, 0) }
        guard waiting.sum < Self.patience else { return false }
        var entry = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
        let isReady = poll(&entry, 1, Int32(Self.patience - waiting.sum)) > 0
        waiting.sum += Uptime.milliseconds() - start
        return isReady
    }

    private var lastError = Errno(0)

    private func sendEntry() -> Bool {
        var result: Int32
        repeat {
            result = entry.withUnsafeBytes { nb_journal_send(socket, $0.baseAddress, $0.count) }
        } while result == -EAGAIN && !isSlow && canSendSoon()
        isSlow = result == -EAGAIN
        lastError = Errno(-min(result, 0))
        return result >= 0
    }
}
