internal import CLinux
internal import Glibc
public import OCISpec

/// A process by pid and start time, so that a reused pid is never mistaken for it.
public struct ProcessIdentity: JSONCodable, Hashable {
    /// The pid in the host's PID namespace.
    public var pid: Int32
    /// Clock ticks after the boot (proc(5), `/proc/PID/stat` field 22).
    public var startTime: UInt64

    /// A known process.
    public init(pid: Int32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }

    /// The process that has this pid now; nil when there is none.
    public init?(pid: Int32) {
        guard let file = try? FileDescriptor.open("/proc/\(decimal: pid)/stat"),
            let bytes = try? file.readAll(limit: 4096)
        else { return nil }
        // The name in parentheses may hold anything, so fields are counted from the last parenthesis: state is 3.
        guard let close = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        var field = 2
        var time: UInt64 = 0
        for byte in bytes[(close + 1)...] {
            guard byte != UInt8(ascii: " ") else {
                field += 1
                if field > 22 { break }
                continue
            }
            // A zombie has ended already; it only waits for its parent.
            if field == 3, byte == UInt8(ascii: "Z") || byte == UInt8(ascii: "X") { return nil }
            guard field == 22 else { continue }
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
            time = time &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
        }
        guard field > 22 else { return nil }
        self.init(pid: pid, startTime: time)
    }

    /// The process still runs.
    public var isAlive: Bool { ProcessIdentity(pid: pid) == self }

    /// A pidfd of the process; nil when it has ended.
    ///
    /// Opened first and compared afterwards: the pid cannot be reused while the descriptor names its process.
    public func open() -> FileDescriptor? {
        let result = nb_pidfd_open(pid)
        guard result >= 0 else { return nil }
        let descriptor = FileDescriptor(owning: result)
        if isAlive { return descriptor }
        return nil
    }

    /// Reads `{"pid": …, "startTime": …}`.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(pid: try object.required("pid"), startTime: try object.required("startTime"))
    }

    /// `{"pid": …, "startTime": …}`.
    public var json: JSONValue { ["pid": pid.json, "startTime": startTime.json] }
}

/// Signals and waiting by pidfd.
public enum ProcessDescriptor {
    /// Sends a signal to the process that a pidfd stands for.
    ///
    /// - Throws: `SystemError`; `ESRCH` when it has ended.
    public static func send(_ signal: Int32, to pidfd: borrowing FileDescriptor) throws(SystemError) {
        try checked(nb_pidfd_send_signal(pidfd.rawValue, signal), "send signal \(signal) to", "the process")
    }

    /// Waits until the process has ended.
    ///
    /// - Parameter milliseconds: the most to wait; nil: as long as it takes.
    /// - Returns: false when the time is over and it still runs.
    /// - Throws: `SystemError`.
    public static func wait(for pidfd: borrowing FileDescriptor, milliseconds: Int32?) throws(SystemError) -> Bool {
        let number = pidfd.rawValue
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return try retrying("wait for", "the process") { poll(&entry, 1, milliseconds ?? -1) } > 0
    }
}
