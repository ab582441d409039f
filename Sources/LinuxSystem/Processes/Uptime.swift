internal import Glibc

/// The time since the boot, which nobody sets: what time spans are measured by.
public enum Uptime {
    /// In milliseconds, with the time in which the machine was suspended, as in `/proc/PID/stat`.
    public static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
