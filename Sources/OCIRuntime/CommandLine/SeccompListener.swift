internal import CLinux
internal import LinuxSystem
internal import OCISpec

/// Whoever answers the system calls that a filter asks about (runtime-spec, config-linux.md "Seccomp").
enum SeccompListener {
    /// Gives it the descriptor over which the kernel asks, with the state of the process.
    ///
    /// - Throws: `LaunchError`.
    static func hand(
        _ launch: Launch, _ profile: RuntimeSpecification.Linux.Seccomp?,
        _ state: (head: String, tail: String)
    ) throws(LaunchError) {
        guard let number = launch.listener, let path = profile?.listenerPath else { return }
        let pid = launch.containerPID
        do throws(SystemError) {
            let pidfd = FileDescriptor(owning: try checked(nb_pidfd_open(pid), "open process", "\(pid)"))
            let listener = FileDescriptor(
                owning: try checked(
                    nb_take_descriptor(pidfd.rawValue, number), "take the listener of", "\(pid)"))
            let socket = try StreamSocket.connectStream(to: path)
            let document =
                "{\"ociVersion\":\"\(RuntimeSpecification.version)\",\"fds\":[\"seccompFd\"],\"pid\":\(pid)"
                + ",\"metadata\":\(metadata(profile)),\"state\":\(state.head)\(pid)\(state.tail)}"
            try checked(
                nb_pass_descriptor(socket.rawValue, document, listener.rawValue),
                "send the seccomp listener to", path)
        } catch {
            throw LaunchError("cannot hand the seccomp listener over: \(error)")
        }
    }

    private static func metadata(_ profile: RuntimeSpecification.Linux.Seccomp?) -> String {
        String(decoding: JSONValue.string(profile?.listenerMetadata ?? "").serialized(), as: UTF8.self)
    }
}
