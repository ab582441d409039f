internal import Glibc
internal import LinuxSystem

/// The pipes between a process and its supervisor.
struct StandardPipes: ~Copyable {
    /// The process's ends.
    var process: StandardDescriptors?
    /// The supervisor's ends.
    var supervisor: StreamRelay.Streams

    /// No pipes: the process gets a terminal.
    static func terminal() -> StandardPipes {
        StandardPipes(process: nil, supervisor: StreamRelay.Streams(input: nil, output: nil, error: nil, terminal: nil))
    }

    /// Pipes for output and error, and for the input when it is open; else the input is empty.
    ///
    /// - Parameter hasHostUsers: the process is in the host's user namespace.
    static func make(openStdin: Bool, hasHostUsers: Bool) throws(LaunchError) -> StandardPipes {
        do throws(SystemError) {
            let output = try DescriptorPair.pipe().release()
            let error = try DescriptorPair.pipe().release()
            let input: FileDescriptor
            var writer: FileDescriptor?
            if openStdin {
                let pair = try DescriptorPair.pipe().release()
                input = FileDescriptor(owning: pair.first)
                writer = FileDescriptor(owning: pair.second)
            } else {
                input = try NullDevice.openForReading(isProtected: hasHostUsers)
                writer = nil
            }
            return StandardPipes(
                process: StandardDescriptors(
                    input: input, output: FileDescriptor(owning: output.second),
                    error: FileDescriptor(owning: error.second)),
                supervisor: StreamRelay.Streams(
                    input: writer, output: FileDescriptor(owning: output.first),
                    error: FileDescriptor(owning: error.first), terminal: nil))
        } catch {
            throw LaunchError(error)
        }
    }

    /// Takes the master of the process's terminal, if it has one.
    mutating func adoptTerminal(of process: borrowing LaunchedProcess) throws(LaunchError) {
        do throws(SystemError) {
            switch process.terminal {
            case .some(let master): supervisor.terminal = try master.duplicate()
            case .none: break
            }
        } catch {
            throw LaunchError(error)
        }
    }
}
