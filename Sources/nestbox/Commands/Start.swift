internal import ArgumentParser
internal import LinuxSystem
internal import Nestbox

/// `nestbox start`.
struct Start: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Start containers that are not running.", usage: "nestbox start [<flags>] <container> ...")
    static let switches: [String: Character?] = ["attach": "a", "interactive": "i", "sig-proxy": nil]

    @Flag(name: .shortAndLong, help: "Show the container's output, and end with its exit code.")
    var attach = false

    @Flag(name: .shortAndLong, help: "Also send standard input to it.")
    var interactive = false

    @Flag(inversion: .prefixedNo, help: "Hand signals on to the container.")
    var sigProxy = true

    @Option(name: .long, help: .init("The keys that leave it running (default ctrl-p,ctrl-q).", valueName: "keys"))
    var detachKeys: String?

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var containers: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        guard attach || interactive else {
            return try Each.of(containers) { name in
                let container = try engine.container(name)
                // As in Docker, starting what runs is no error.
                let isUp = container.isActive && !container.isPaused
                do {
                    if !isUp { Warnings.show(try engine.start(container, attached: false).warnings) }
                } catch EngineError.alreadyRunning {
                    // Somebody else was faster.
                }
                try StandardOutput.line(name)
            }
        }
        guard containers.count == 1 else {
            throw UsageError("--attach and --interactive take one container", command: Self.verb)
        }
        let container = try engine.container(containers[0])
        var configuration = container.configuration
        configuration.attach = interactive ? [.input, .output, .error] : [.output, .error]
        let streams = try Attachment.streams(of: configuration, proxiesSignals: sigProxy, detachKeys: detachKeys)
        let signals = try SignalReceiver(streams.signals)
        let id = container.id
        let socket = try socket(of: container, sendsInput: streams.input, engine)
        let end = try AttachSession(socket: socket, signals: signals, streams: streams) {
            Attachment.forward($0, to: id, engine)
        }.run()
        return try Attachment.exitCode(end, of: id)
    }

    /// The streams of a container: of one that runs already, too, as in Docker.
    private func socket(of container: Container, sendsInput: Bool, _ engine: Engine) throws -> FileDescriptor {
        guard !container.isRunning else { return try engine.attach(container, sendsInput: sendsInput) }
        var started = try engine.start(container, attached: true, terminalSize: Terminal.size)
        Warnings.show(started.warnings)
        guard let socket = started.socket.take() else {
            throw CommandFailure("the runtime gave no socket for container \(container.id.prefix(12))", exitCode: 125)
        }
        return socket
    }
}
