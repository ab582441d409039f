internal import CLinux
internal import Glibc
internal import LinuxSystem

/// What this process is to the system around it.
enum RuntimeProcess {
    /// Leaves the caller's session, terminal and working folder, and shuts the process's memory off from others.
    static func detach() {
        setsid()
        // The caller may be gone before it has read the report: that must not end the container.
        signal(SIGPIPE, SIG_IGN)
        chdir("/")
        // Neither what the runtime makes nor the container's default depends on the caller's mask (Docker's is 022).
        umask(0o022)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { return }
        for number in Int32(0)...2 { dup2(null, number) }
        if null > 2 { close(null) }
    }

    private static let answered = [SIGTERM, SIGINT, SIGHUP, SIGQUIT].reduce(UInt64(0)) { $0 | 1 << UInt64($1 - 1) }

    /// Lets the signals that a supervisor or an exec session answers wait until it comes to that.
    ///
    /// Before anybody knows whom to send them to: one in between would end it, and its container with it.
    static func holdSignals() {
        _ = nb_block_signals(answered)
    }

    /// The signals that a supervisor or an exec session answers; all are blocked from now on.
    static func signals() -> FileDescriptor? {
        let descriptor = nb_signal_descriptor(answered)
        return descriptor < 0 ? nil : FileDescriptor(owning: descriptor)
    }
}

/// Which boot of the machine this is.
public enum BootClock {
    /// The kernel's random id of this boot; empty when procfs is not there.
    public static func identifier() -> String {
        guard let bytes = try? FileDescriptor.open("/proc/sys/kernel/random/boot_id").readAll(limit: 64) else {
            return ""
        }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
