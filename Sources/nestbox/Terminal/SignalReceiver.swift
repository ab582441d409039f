internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Signals to this process, as something to wait for with poll(2).
struct SignalReceiver: ~Copyable {
    /// Readable when a signal is there.
    let descriptor: FileDescriptor

    /// What ends a program that does not catch it, and what an operator sends to one: handed on to the container.
    static let proxied: [Int32] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM]
    /// What would leave the terminal in raw mode.
    static let terminating: [Int32] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]

    /// From now on these signals do nothing but arrive here.
    ///
    /// - Throws: `SystemError`.
    init(_ signals: [Int32]) throws(SystemError) {
        let set = signals.reduce(UInt64(0)) { $0 | 1 << UInt64($1 - 1) }
        descriptor = FileDescriptor(owning: try checked(nb_signal_descriptor(set), "receive", "signals"))
    }

    /// The next signal that has arrived; nil: none has.
    ///
    /// - Throws: `SystemError`.
    borrowing func next() throws(SystemError) -> Int32? {
        let signal = nb_read_signal(descriptor.rawValue)
        if signal == -EAGAIN || signal == -EINTR { return nil }
        return try checked(signal, "receive", "a signal")
    }

    /// Ends this process as `signal` would have.
    static func end(by signal: Int32) -> Int32 {
        _ = nb_raise_by_default(signal)
        return 128 + signal
    }
}
