internal import ArgumentParser
internal import Nestbox

/// `nestbox attach`.
struct Attach: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Show a running container's output, send it standard input, and end with its exit code.",
        usage: "nestbox attach [<flags>] <container>")
    static let switches: [String: Character?] = ["no-stdin": nil, "sig-proxy": nil]

    @Flag(name: .customLong("no-stdin"), help: "Do not send standard input.")
    var noInput = false

    @Flag(inversion: .prefixedNo, help: "Hand signals on to the container.")
    var sigProxy = true

    @Option(name: .long, help: .init("The keys that leave it running (default ctrl-p,ctrl-q).", valueName: "keys"))
    var detachKeys: String?

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var container: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        let container = try engine.container(container)
        // Told before anything about terminals.
        guard container.isRunning else {
            throw CommandFailure("container \(container.name) is not running; start it first", exitCode: 1)
        }
        var configuration = container.configuration
        configuration.attach = noInput ? [.output, .error] : [.input, .output, .error]
        let streams = try Attachment.streams(of: configuration, proxiesSignals: sigProxy, detachKeys: detachKeys)
        let signals = try SignalReceiver(streams.signals)
        let id = container.id
        let socket = try engine.attach(container, sendsInput: streams.input)
        let end = try AttachSession(socket: socket, signals: signals, streams: streams) {
            Attachment.forward($0, to: id, engine)
        }.run()
        return try Attachment.exitCode(end, of: id)
    }
}
