internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Moves bytes between this process's standard streams and a process's terminal, until that ends.
final class TerminalRelay {
    private let master: FileDescriptor
    /// How the caller's own terminal was set; nil: standard input is none.
    private var former: termios?
    private var pending: ArraySlice<UInt8> = []
    private var inputHasEnded = false
    private var outputHasEnded = false

    /// Takes the caller's terminal over: every key goes to the process.
    init(_ master: borrowing FileDescriptor) {
        self.master = FileDescriptor(owning: fcntl(master.rawValue, F_DUPFD_CLOEXEC, 3))
        let number = self.master.rawValue
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
        var settings = termios()
        guard tcgetattr(0, &settings) == 0 else { return }
        former = settings
        cfmakeraw(&settings)
        _ = tcsetattr(0, TCSANOW, &settings)
        resize()
    }

    /// What to wait for: the caller's input, and the terminal.
    var entries: [pollfd] {
        let isFull = !pending.isEmpty
        let events = Int16(POLLIN) | (isFull ? Int16(POLLOUT) : 0)
        return [
            pollfd(fd: inputHasEnded || isFull ? -1 : 0, events: Int16(POLLIN), revents: 0),
            pollfd(fd: outputHasEnded ? -1 : master.rawValue, events: events, revents: 0),
        ]
    }

    /// Moves what can be moved.
    func serve(_ entries: [pollfd]) {
        if entries[0].revents != 0 { readInput() }
        if !pending.isEmpty { writePending() }
        if entries[1].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 { _ = copyOutput() }
    }

    /// Copies what the process has written last, and gives the caller's terminal back.
    func finish() {
        while copyOutput() {}
        guard var former else { return }
        _ = tcsetattr(0, TCSANOW, &former)
    }

    /// Gives the process's terminal the size of the caller's.
    func resize() {
        var size = winsize()
        guard ioctl(0, UInt(TIOCGWINSZ), &size) == 0 else { return }
        _ = ioctl(master.rawValue, UInt(TIOCSWINSZ), &size)
    }

    private func readInput() {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = read(0, &buffer, buffer.count)
        if count > 0 {
            pending += buffer[..<count]
        } else if count == 0 || Errno.current != .interrupted {
            inputHasEnded = true
            // The end of a line's input, as a person types it.
            if former == nil { pending.append(4) }
        }
    }

    private func writePending() {
        let count = pending.withUnsafeBytes { write(master.rawValue, $0.baseAddress, $0.count) }
        if count > 0 {
            pending = pending.dropFirst(count)
        } else if Errno.current != .tryAgain, Errno.current != .interrupted {
            pending = []
        }
    }

    /// False when there is nothing to be read now, or never again.
    private func copyOutput() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = read(master.rawValue, &buffer, buffer.count)
        guard count > 0 else {
            // EIO: nobody has the terminal open any more.
            if count == 0 || ![.tryAgain, .interrupted].contains(Errno.current) { outputHasEnded = true }
            return false
        }
        try? Output.write(Array(buffer[..<count]))
        return true
    }
}
