internal import Glibc
internal import LinuxSystem

/// Waiting for a child of this process.
enum ChildProcess {
    /// The exit code of a child that has ended: its own, or 128 + n when signal n ended it.
    static func exitCode(of pid: Int32) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard Errno.current == .interrupted else { return 255 }
        }
        let signal = status & 0x7f
        return signal == 0 ? status >> 8 & 0xff : 128 + signal
    }
}
