internal import Glibc
internal import LinuxSystem

/// What this process weighs when memory runs out.
///
/// The kernel sets `oom_score_adj` of all processes that share memory at once (`__set_oom_adj` in fs/proc/base.c), and a
/// child does until its execve: the supervisor would get its container's preference, and would be killed first with it.
struct OOMPreference {
    private let text: [UInt8]

    /// This process's; nil when procfs does not say.
    init?() {
        guard let bytes = try? FileDescriptor.open("/proc/self/oom_score_adj").readAll(limit: 64) else { return nil }
        text = bytes
    }

    /// Gives this process the preference back, once its child has memory of its own.
    func restore() {
        try? FileDescriptor.open("/proc/self/oom_score_adj", O_WRONLY).writeAll(text)
    }
}
