internal import CLinux
internal import LinuxSystem

/// How callers hear of the process that was made for them.
enum ProcessHandover {
    /// Writes the pid, and sends a pidfd, where that was asked for.
    ///
    /// - Throws: `SystemError`.
    static func hand(_ pid: Int32, pidFile: String?, socket: String?) throws(SystemError) {
        if let path = socket {
            let connection = try StreamSocket.connectStream(to: path)
            let pidfd = FileDescriptor(owning: try checked(nb_pidfd_open(pid), "open process", "\(pid)"))
            try checked(nb_pass_descriptor(connection.rawValue, "pidfd", pidfd.rawValue), "send a pidfd to", path)
        }
        if let path = pidFile { try AtomicFile.write(Array("\(pid)".utf8), to: path, mode: 0o644) }
    }
}
