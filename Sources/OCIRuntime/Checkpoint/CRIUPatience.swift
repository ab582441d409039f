internal import Glibc
internal import LinuxSystem

/// How long one waits for a criu that does nothing.
///
/// A dump takes as long as there is memory to write, so time alone says nothing; but one that neither criu nor a program of
/// its own (tar, iptables) spends any processor time on hangs, and whoever waits for it holds the container's lock.
struct CRIUPatience {
    /// In seconds.
    let limit: Int32
    private let process: Int32
    private var used: UInt64
    private var idle: Int32 = 0

    /// Of a question that is answered at once.
    static let question: Int32 = 20
    /// Of work.
    static let work: Int32 = 120
    /// How often one looks, in seconds.
    private static let interval: Int32 = 5

    init(process: Int32, limit: Int32) {
        self.limit = limit
        self.process = process
        used = Self.time(of: process)
    }

    /// Waits for something to read.
    ///
    /// - Returns: whether there is.
    mutating func waits(for socket: Int32) -> Bool {
        while true {
            var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            let count = poll(&entry, 1, Self.interval * 1000)
            if count > 0 { return true }
            // Of any other error the caller learns when it reads.
            if count < 0, Errno.current != .interrupted { return true }
            guard count < 0 || goesOn() else { return false }
        }
    }

    private mutating func goesOn() -> Bool {
        let now = Self.time(of: process)
        idle = now == used ? idle + Self.interval : 0
        used = now
        return idle < limit
    }

    /// What a process and its children have had of the processors' time, in nanoseconds.
    private static func time(of process: Int32) -> UInt64 {
        let path = "/proc/\(process)/task/\(process)/children"
        let bytes = (try? FileDescriptor.open(path).readAll(limit: 64 << 10)) ?? []
        let children = String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
        var sum: UInt64 = 0
        for number in [process] + children {
            var clock: clockid_t = 0
            var time = timespec()
            guard clock_getcpuclockid(number, &clock) == 0, clock_gettime(clock, &time) == 0 else { continue }
            sum &+= UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
        }
        return sum
    }
}
