internal import Glibc
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

/// Reads a container's log, entry by entry: `while let entry = try reader.next() { … }`.
///
/// The log is `log.json`, and before it `log.json.1`, `log.json.2` … where it was rotated, the highest number the oldest.
public final class LogReader {
    private let path: String
    private let options: LogOptions
    /// Rotated files still to be read, the oldest last.
    private var pending: [String]
    private var current: LogFile?
    private var watch: LogWatch?
    private var isFinished = false

    /// - Parameter supervisor: who writes the log; nil when nobody does any more.
    init(path: String, options: LogOptions, supervisor: consuming FileDescriptor?) throws(SystemError) {
        self.path = path
        self.options = options
        // The watch begins before the first look into the file: nothing written in between is missed.
        watch = options.follow ? try LogWatch(path: path, supervisor: supervisor) : nil
        pending = Self.rotated(path)
        current = nil
        if let tail = options.tail { try seek(toLast: max(0, tail)) } else { try advance() }
    }

    /// Files from the newest to the oldest, without the current one.
    private static func rotated(_ path: String) -> [String] {
        var result: [String] = []
        while StoredFile.exists(path + ".\(result.count + 1)") { result.append(path + ".\(result.count + 1)") }
        return result
    }

    /// Takes up the oldest file that has not been read.
    private func advance() throws(SystemError) {
        while let next = pending.popLast() {
            if let file = try LogFile(next) {
                current = file
                return
            }
        }
        current = try LogFile(path)
    }

    private func seek(toLast count: Int) throws(SystemError) {
        var missing = count
        let older = pending
        pending = []
        for (index, name) in ([path] + older).enumerated() {
            guard let file = try LogFile(name) else { continue }
            missing -= try file.seek(toLast: missing)
            if missing == 0 || index == older.count {
                current = file
                // What is newer than this file is read whole after it.
                pending = Array(older.prefix(max(0, index - 1)))
                return
            }
        }
        try advance()
    }

    /// The next entry; nil at the end.
    ///
    /// With `follow`, waits for it until the container has ended.
    ///
    /// - Throws: `EngineError`.
    public func next() throws(EngineError) -> LogEntry? {
        while true {
            switch try step() {
            case .entry(let entry): return entry
            case .end: return nil
            case .wait(let watch):
                do {
                    try watch.wait()
                } catch {
                    throw .system(error)
                }
            }
        }
    }

    /// What there is without waiting.
    enum Step {
        case entry(LogEntry)
        /// Nothing yet; the watch says when to look again.
        case wait(LogWatch)
        case end
    }

    /// The next entry if it is there.
    func step() throws(EngineError) -> Step {
        do {
            while !isFinished {
                if let entry = try nextStored() {
                    guard let wanted = filter(entry) else { continue }
                    return .entry(wanted)
                }
                // One more look after the writer has ended: what it wrote last is not missed.
                let isOver = try watch?.isWriterGone() ?? true
                if let entry = try nextStored() {
                    guard let wanted = filter(entry) else { continue }
                    return .entry(wanted)
                }
                guard !isOver, let watch else { break }
                return .wait(watch)
            }
            isFinished = true
            return .end
        } catch {
            throw .system(error)
        }
    }

    private func filter(_ entry: LogEntry) -> LogEntry? {
        guard options.since != nil || options.until != nil, let time = try? Timestamp(entry.time) else { return entry }
        if let since = options.since, time < since { return nil }
        if let until = options.until, time > until {
            // One from the future was written while the clock was wrong: those behind it may be wanted.
            isFinished = time <= WallClock.now()
            return nil
        }
        return entry
    }

    /// The next entry of what is there now.
    private func nextStored() throws(SystemError) -> LogEntry? {
        while true {
            while let line = try current?.nextLine() {
                if let entry = LogEntry(line: line) { return entry }
            }
            // Rotation renames the file under us: it was read to its end, and another one has its name now.
            if pending.isEmpty {
                let now = LogFile.identity(path)
                guard let now, current?.identity != now else { return nil }
            }
            try advance()
            if current == nil { return nil }
        }
    }
}

/// Waits for changes in a log's folder, or for the end of its writer.
final class LogWatch {
    private let notifications: FileDescriptor
    private let supervisor: FileDescriptor

    /// Nil without a supervisor: then nothing is still to come.
    init?(path: String, supervisor: consuming FileDescriptor?) throws(SystemError) {
        guard let supervisor else { return nil }
        self.supervisor = supervisor
        notifications = FileDescriptor(
            owning: try retrying("make", "an inotify instance") { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) })
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
        let number = notifications.rawValue
        try retrying("watch", folder) { inotify_add_watch(number, folder, UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO)) }
    }

    func isWriterGone() throws(SystemError) -> Bool {
        try ProcessDescriptor.wait(for: supervisor, milliseconds: 0)
    }

    /// Returns when something changed, or the writer has ended.
    func wait() throws(SystemError) {
        var entries = [
            pollfd(fd: notifications.rawValue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: supervisor.rawValue, events: Int16(POLLIN), revents: 0),
        ]
        try retrying("wait for", "the log") { poll(&entries, 2, -1) }
        takeNotifications()
    }

    /// Returns when something changed, or the writer has ended; no thread waits meanwhile.
    func changed(isolation: isolated (any Actor)?) async throws(EngineError) {
        try await EventLoop.readable(notifications.rawValue, supervisor.rawValue)
        takeNotifications()
    }

    private func takeNotifications() {
        let number = notifications.rawValue
        // What changed does not matter: whoever waits reads the files again.
        var buffer = [UInt8](repeating: 0, count: 4096)
        while read(number, &buffer, buffer.count) > 0 {}
    }
}

extension Engine {
    /// Reads a container's log.
    ///
    /// - Throws: `EngineError`.
    public func logs(_ container: Container, options: LogOptions = LogOptions()) throws(EngineError) -> LogReader {
        try EngineError.wrapping {
            guard let current = try examine(container.id) else { throw EngineError.noSuchContainer(container.name) }
            switch current.configuration.log.driver {
            case .jsonFile: break
            case .none:
                throw EngineError.failure(
                    "container \(container.name) keeps no log (--log-driver none); 'nestbox attach' shows what it writes"
                )
            case .journald:
                throw EngineError.failure(
                    "container \(container.name) logs to the journal (--log-driver journald); "
                        + "run 'journalctl CONTAINER_NAME=\(container.name)'")
            }
            let supervisor = current.isActive ? current.state.supervisor?.open() : nil
            return try LogReader(path: paths.container(current.id).log, options: options, supervisor: supervisor)
        }
    }
}
