/// Files of the kernel that a container does not see, or does not write to.
enum KernelPaths {
    /// What tells about the host, or about its other containers, or is dangerous: Docker's list and threats.md's.
    static func masked(processors: Int, showsThermalThrottle: Bool) -> [String] {
        var paths = [
            "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
            "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
            "/sys/devices/virtual/powercap", "/sys/devices/virtual/thermal", "/sys/firmware",
        ]
        if showsThermalThrottle {
            paths += (0..<processors).map { "/sys/devices/system/cpu/cpu\($0)/thermal_throttle" }
        }
        return paths
    }

    /// What is read-only even to the container's root (Docker's list).
    static let readOnly = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
}
