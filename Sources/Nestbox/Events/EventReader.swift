internal import Glibc
internal import LinuxSystem
internal import OCIRuntime
public import OCISpec

/// Which events are wanted.
public struct EventOptions: Sendable, Hashable {
    /// Nothing older; nil: only what happens from now on.
    public var since: Timestamp?
    /// Nothing younger, and the end once it has come; nil: no end.
    public var until: Timestamp?
    /// What must hold.
    public var filters: [EventFilter]

    /// All that happens from now on, unless something is given.
    public init(since: Timestamp? = nil, until: Timestamp? = nil, filters: [EventFilter] = []) {
        self.since = since
        self.until = until
        self.filters = filters
    }
}

/// Reads events, one by one: `while let event = try reader.next() { … }`.
///
/// Those of the past are read from two files of at most 1 MiB each, so the oldest are forgotten.
public final class EventReader {
    private let log: EventLog
    private let options: EventOptions
    private let notifications: FileDescriptor
    /// The files that may still grow: the current one last, and before it the one that had its name.
    private var files: [LogFile] = []

    init(_ log: EventLog, _ options: EventOptions) throws(SystemError) {
        self.log = log
        self.options = options
        try StoredFile.makeFolder(log.folder)
        notifications = FileDescriptor(
            owning: try retrying("make", "an inotify instance") { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) })
        let (number, folder) = (notifications.rawValue, log.folder)
        // Before the first look: nothing that is written in between is missed.
        try retrying("watch", folder) { inotify_add_watch(number, folder, UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO)) }
        for name in [EventLog.names.previous, EventLog.names.current] {
            if let file = try LogFile("\(log.folder)/\(name)") { files.append(file) }
        }
        if options.since == nil { for file in files { _ = try file.seek(toLast: 0) } }
    }

    /// The next event; nil when the time is over.
    ///
    /// Waits for it.
    ///
    /// - Throws: `EngineError`.
    public func next() throws(EngineError) -> Event? {
        do throws(SystemError) {
            while true {
                while let event = try nextStored() {
                    if let since = options.since, event.time < since { continue }
                    if let until = options.until, event.time > until {
                        // One from the future was told while the clock was wrong: those behind it may be wanted.
                        guard event.time <= WallClock.now() else { continue }
                        return nil
                    }
                    if EventFilter.matches(event, options.filters) { return event }
                }
                guard try wait() else { return nil }
            }
        } catch {
            throw .system(error)
        }
    }

    /// The next event of what is there now.
    private func nextStored() throws(SystemError) -> Event? {
        for file in files {
            while let line = try file.nextLine() {
                if let event = Event(line: line) { return event }
            }
        }
        let identity = LogFile.identity("\(log.folder)/\(EventLog.names.current)")
        guard let identity, files.last?.identity != identity,
            let file = try LogFile(
                "\(log.folder)/\(EventLog.names.current)")
        else { return nil }
        // Whoever opened the last one before it was renamed may still write to it; nobody does to those before.
        files = Array(files.suffix(1)) + [file]
        return try nextStored()
    }

    /// Waits until something has changed; false when the time is over.
    private func wait() throws(SystemError) -> Bool {
        var milliseconds: Int32 = -1
        if let until = options.until {
            let now = WallClock.now()
            let left =
                (until.seconds - now.seconds) * 1000 + (Int64(until.nanoseconds) - Int64(now.nanoseconds)) / 1_000_000
            guard left > 0 else { return false }
            // The time of day may be set meanwhile, which wakes nobody.
            milliseconds = Int32(min(left, 1000))
        }
        let number = notifications.rawValue
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        try retrying("wait for", "events") { poll(&entry, 1, milliseconds) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        while read(number, &buffer, buffer.count) > 0 {}
        return true
    }
}

extension Engine {
    /// Reads what happens to containers, images, networks and volumes.
    ///
    /// - Throws: `EngineError`.
    public func events(_ options: EventOptions = EventOptions()) throws(EngineError) -> EventReader {
        try EngineError.wrapping { try EventReader(eventLog, options) }
    }
}
