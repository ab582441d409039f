internal import Glibc

/// A moment on the monotonic clock after which waiting ends.
struct Deadline: Sendable {
    private let nanoseconds: Int64

    /// `duration` from now.
    init(after duration: Duration) {
        let parts = duration.components
        let length = parts.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let total = length.overflow ? Int64.max / 2 : length.partialValue + parts.attoseconds / 1_000_000_000
        nanoseconds = Self.now().addingReportingOverflow(total).overflow ? .max : Self.now() + total
    }

    /// Time left, rounded up to milliseconds; 0 when it has passed.
    var millisecondsLeft: Int32 {
        let left = nanoseconds - Self.now()
        return left <= 0 ? 0 : Int32(clamping: (left + 999_999) / 1_000_000)
    }

    /// Whether the moment is over.
    var hasPassed: Bool { millisecondsLeft == 0 }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
