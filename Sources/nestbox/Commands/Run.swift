internal import ArgumentParser
internal import Glibc
internal import LinuxSystem
internal import Nestbox

/// `nestbox run`.
struct Run: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Make a container from an image and run a command in it.",
        usage: "nestbox run [<flags>] <image> [<command> [<argument> ...]]",
        discussion: """
            Everything after the image goes to the container as it is. The exit code is that of the container's process, \
            128 + n when signal n ended it, 126 when the command cannot be invoked, 127 when it was not found, and 125 when \
            Nestbox itself failed.
            """)

    static let switches: [String: Character?] = Create.switches.merging(["detach": "d", "sig-proxy": nil]) { $1 }
    static let isInterspersed = false
    static let failureCode: Int32 = 125

    @Flag(name: .shortAndLong, help: "Leave the container running, and print its id.")
    var detach = false

    @Option(name: .long, help: .init("The keys that leave it running (default ctrl-p,ctrl-q).", valueName: "keys"))
    var detachKeys: String?

    @Flag(inversion: .prefixedNo, help: "Hand signals on to the container.")
    var sigProxy = true

    @OptionGroup(title: "Container") var container: ContainerOptions
    @OptionGroup(title: "Health") var health: HealthOptions
    @OptionGroup(title: "Process") var process: ProcessOptions
    @OptionGroup(title: "Storage") var storage: StorageOptions
    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "Isolation") var isolation: IsolationOptions
    @OptionGroup(title: "Resources") var resources: ResourceOptions
    @OptionGroup var program: ProgramArguments

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        var configuration = try program.configuration(
            container, health, process, storage, network, isolation, resources)
        if detach, !configuration.attach.isEmpty {
            throw UsageError("--attach and --detach exclude each other", command: Self.verb)
        }
        if !detach, configuration.attach.isEmpty {
            configuration.attach = configuration.interactive ? [.input, .output, .error] : [.output, .error]
        }
        let idFile = try IDFile(container.cidfile)
        let engine = try globals.engine()
        let pull = ImagePull(container, globals)
        guard !detach else {
            let running = try pull.providing(configuration) { () throws(EngineError) in
                try engine.run(configuration, attached: false)
            }
            try idFile.write(running.id)
            Warnings.show(running.process.warnings)
            try StandardOutput.line(running.id)
            return 0
        }
        let streams = try Attachment.streams(
            of: configuration, proxiesSignals: sigProxy, detachKeys: detachKeys)
        // From here on a signal waits for the container, instead of ending this process with the container half started.
        let signals = try SignalReceiver(streams.signals)
        var running = try pull.providing(configuration) { () throws(EngineError) in
            try engine.run(configuration, attached: true, terminalSize: Terminal.size)
        }
        try idFile.write(running.id)
        Warnings.show(running.process.warnings)
        let id = running.id
        guard let socket = running.process.socket.take() else {
            throw CommandFailure("the runtime gave no socket for container \(id.prefix(12))", exitCode: 125)
        }
        let end = try AttachSession(socket: socket, signals: signals, streams: streams) {
            Attachment.forward($0, to: id, engine)
        }.run()
        return try Attachment.exitCode(end, of: id)
    }
}
