internal import CLinux
internal import Glibc
internal import LinuxSystem

/// A process that a command stays with: it gets the command's signals, and its terminal is the command's.
struct AttendedProcess: ~Copyable {
    private let signals: FileDescriptor
    private let terminal: TerminalRelay?

    /// Blocks the signals from now on.
    ///
    /// - Parameter terminal: the master of the process's terminal, if it has one.
    init(terminal: borrowing FileDescriptor?) throws(LaunchError) {
        // All that can be handed on; SIGURG is none of a person's (runc issue 2735).
        let kept = [SIGKILL, SIGSTOP, SIGURG, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGPIPE]
        let mask = kept.reduce(~UInt64(0)) { $0 & ~(1 << UInt64($1 - 1)) }
        let number = nb_signal_descriptor(mask)
        signals = FileDescriptor(owning: number)
        switch terminal {
        case .some(let master): self.terminal = TerminalRelay(master)
        case .none: self.terminal = nil
        }
        guard number >= 0 else { throw LaunchError(SystemError("watch", "signals", Errno(-number))) }
    }

    /// Serves the process until its end.
    ///
    /// - Returns: its status, as a shell has it.
    borrowing func wait(for process: borrowing LaunchedProcess) -> Int32 {
        let pidfd = process.pidfd.rawValue
        while true {
            var entries = [
                pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals.rawValue, events: Int16(POLLIN), revents: 0),
            ]
            if let terminal { entries += terminal.entries }
            let count = poll(&entries, nfds_t(entries.count), -1)
            if count < 0, Errno.current == .interrupted { continue }
            if entries[1].revents != 0 { forward(to: pidfd) }
            if let terminal { terminal.serve(Array(entries.dropFirst(2))) }
            if entries[0].revents != 0 { break }
        }
        terminal?.finish()
        return ChildProcess.exitCode(of: process.pid)
    }

    private borrowing func forward(to pidfd: Int32) {
        while true {
            let signal = nb_read_signal(signals.rawValue)
            guard signal > 0 else { return }
            switch signal {
            case SIGCHLD: continue
            case SIGWINCH where terminal != nil: terminal?.resize()
            default: _ = nb_pidfd_send_signal(pidfd, signal)
            }
        }
    }
}
