internal import CLinux
internal import LinuxSystem

/// The socket of a caller that wants the master of a process's terminal (runc's `--console-socket`).
struct ConsoleSocket: ~Copyable {
    private let socket: FileDescriptor

    /// Connects to it.
    ///
    /// - Throws: `LaunchError`.
    static func connect(to path: String) throws(LaunchError) -> ConsoleSocket {
        do throws(SystemError) {
            return ConsoleSocket(socket: try StreamSocket.connectStream(to: path))
        } catch {
            throw LaunchError("cannot use the console socket: \(error)")
        }
    }

    /// Sends the master of the process's terminal.
    ///
    /// - Throws: `LaunchError`.
    borrowing func send(terminalOf process: borrowing LaunchedProcess) throws(LaunchError) {
        guard let master = process.terminal.rawValue else { return }
        do throws(SystemError) {
            try checked(nb_pass_descriptor(socket.rawValue, "/dev/ptmx", master), "send", "the terminal")
        } catch {
            throw LaunchError(error)
        }
    }

    /// A terminal needs somebody who gets its master, and the socket a terminal.
    static func check(_ path: String?, hasTerminal: Bool, isDetached: Bool) throws(LaunchError) {
        if hasTerminal, isDetached, path == nil {
            throw LaunchError("cannot allocate tty if the runtime will detach without setting console socket")
        }
        if path != nil, !hasTerminal || !isDetached {
            throw LaunchError("cannot use console socket if the runtime will not detach or allocate tty")
        }
    }
}
