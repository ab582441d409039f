internal import Glibc
internal import LinuxSystem
internal import Nestbox

/// What `run`, `start` and `exec` have in common once a process runs.
enum Attachment {
    /// What an attached container's session carries.
    ///
    /// - Throws: `ConfigurationError`; `CommandFailure` when a terminal is needed and there is none.
    static func streams(
        of configuration: ContainerConfiguration, proxiesSignals: Bool, detachKeys: String?
    ) throws -> AttachSession.StreamChoice {
        let attach = configuration.attach
        var streams = AttachSession.StreamChoice(
            input: configuration.interactive && attach.contains(.input), output: attach.contains(.output),
            error: attach.contains(.error), tty: configuration.tty, proxiesSignals: proxiesSignals)
        if let detachKeys { streams.keys = try DetachKeys(parsing: detachKeys, option: "--detach-keys") }
        try checkTerminal(streams)
        return streams
    }

    /// Docker's rule: a container with a terminal gets its input from a terminal.
    static func checkTerminal(_ streams: AttachSession.StreamChoice) throws(CommandFailure) {
        guard streams.tty, streams.input, !Terminal.isTerminal(STDIN_FILENO) else { return }
        throw CommandFailure(
            "the input device is not a terminal, as --interactive with --tty needs; leave --tty out", exitCode: 1)
    }

    /// Hands a signal on; a container that has just ended needs none.
    static func forward(_ signal: Int32, to id: String, _ engine: Engine) {
        guard let container = try? engine.container(id) else { return }
        try? engine.kill(container, signal: signal)
    }

    /// What the program ends with after a session.
    ///
    /// - Throws: `CommandFailure`.
    static func exitCode(_ end: AttachSession.End, of id: String) throws(CommandFailure) -> Int32 {
        switch end {
        case .exited(let code): return code
        case .failed(let reason): throw CommandFailure(reason, exitCode: 125)
        case .detached:
            StandardError.plain("\nread escape sequence: container \(id.prefix(12)) runs on")
            return 0
        case .lost:
            throw CommandFailure(
                "lost the connection to container \(id.prefix(12)); 'nestbox inspect' tells what became of it",
                exitCode: 125)
        case .signal(let signal): return SignalReceiver.end(by: signal)
        }
    }
}
