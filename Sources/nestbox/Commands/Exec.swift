internal import ArgumentParser
internal import Nestbox

/// `nestbox exec`.
struct Exec: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Run one more command in a running container.",
        usage: "nestbox exec [<flags>] <container> <command> [<argument> ...]",
        discussion:
            "Everything after the container goes to the command as it is. The exit code is that of the command.")

    static let switches: [String: Character?] = [
        "interactive": "i", "tty": "t", "detach": "d", "privileged": nil,
    ]
    static let isInterspersed = false

    @Flag(name: .shortAndLong, help: "Leave the command running.")
    var detach = false

    @Flag(name: .long, help: "All capabilities, no seccomp filter.")
    var privileged = false

    @Option(name: .long, help: .init("The keys that leave it running (default ctrl-p,ctrl-q).", valueName: "keys"))
    var detachKeys: String?

    @OptionGroup var process: ProcessOptions

    @Argument(help: "The container: a name, an id, or the beginning of just one id.", completion: .containerName)
    var container: String

    @Argument(help: "The command and its arguments.")
    var command: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        var exec = ExecConfiguration(command: command)
        exec.environment = try process.environment()
        exec.user = try process.checkedUser()
        exec.workingDirectory = try process.checkedWorkdir()
        exec.interactive = process.interactive
        exec.tty = process.tty
        exec.terminalSize = Terminal.size
        exec.privileged = privileged
        exec.detach = detach
        var streams = AttachSession.StreamChoice(
            input: process.interactive, tty: process.tty, proxiesSignals: false)
        if let detachKeys { streams.keys = try DetachKeys(parsing: detachKeys, option: "--detach-keys") }
        let engine = try globals.engine()
        let target = try engine.container(container)
        guard !detach else {
            Warnings.show(try start(exec, in: target, engine).warnings)
            return 0
        }
        try Attachment.checkTerminal(streams)
        let signals = try SignalReceiver(streams.signals)
        var started = try start(exec, in: target, engine)
        Warnings.show(started.warnings)
        guard let socket = started.socket.take() else {
            throw CommandFailure("the runtime gave no socket for container \(target.id.prefix(12))", exitCode: 125)
        }
        let end = try AttachSession(socket: socket, signals: signals, streams: streams) { _ in }.run()
        return try Attachment.exitCode(end, of: target.id)
    }

    /// As in Docker, 126 says that the command could not be executed for whatever reason but its absence.
    private func start(
        _ exec: ExecConfiguration, in container: Container, _ engine: Engine
    ) throws -> StartedProcess {
        do {
            return try engine.execute(exec, in: container)
        } catch EngineError.startFailed(let reason, let code) where code == CommandEntry.usageCode {
            throw CommandFailure(reason, exitCode: 126)
        }
    }
}
