internal import Glibc
public import OCISpec

/// The time of day.
public enum WallClock {
    /// Now, in UTC.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec)) ?? .unixEpoch
    }
}
