internal import ArgumentParser
internal import Nestbox
internal import OCIRuntime

/// What the container is: its name, its life, its first process.
struct ContainerOptions: ParsableArguments {
    @Option(name: .long, help: .init("The container's name.", valueName: "name"))
    var name: String?

    @Option(
        name: .shortAndLong,
        help: .init("Attach to stdin, stdout or stderr. May be repeated.", valueName: "stream"),
        completion: .list(["stdin", "stdout", "stderr"]))
    var attach: [String] = []

    @Flag(name: .customLong("rm"), help: "Remove the container and its anonymous volumes once it has exited.")
    var remove = false

    @Option(
        name: .long,
        help: .init(
            "Start it again after its end: no (the default), on-failure[:attempts], always or unless-stopped.",
            valueName: "policy"),
        completion: .list(["no", "on-failure", "always", "unless-stopped"]))
    var restart: String?

    @Flag(name: .customLong("init"), help: "Run an init inside that forwards signals and reaps processes.")
    var initProcess = false

    @Option(name: .long, help: .init("Replace the image's entrypoint; empty: none.", valueName: "program"))
    var entrypoint: String?

    @Option(name: [.customShort("h"), .long], help: .init("The host name inside.", valueName: "name"))
    var hostname: String?

    @Option(name: .long, help: .init("The NIS domain name inside.", valueName: "name"))
    var domainname: String?

    @Option(
        name: .shortAndLong, help: .init("Set a label. May be repeated.", valueName: "KEY=VALUE"))
    var label: [String] = []

    @Option(
        name: .long, help: .init("Read labels from a file, one a line. May be repeated.", valueName: "file"),
        completion: .file())
    var labelFile: [String] = []

    @Option(name: .long, help: .init("Set an OCI annotation. May be repeated.", valueName: "KEY=VALUE"))
    var annotation: [String] = []

    @Option(name: .long, help: .init("The signal that stops the container (default SIGTERM).", valueName: "signal"))
    var stopSignal: String?

    @Option(
        name: .long,
        help: .init(
            "How long to wait before a stopping container is killed (default 10); -1: forever.", valueName: "seconds"))
    var stopTimeout: String?

    @Option(
        name: .long,
        help: .init("Who keeps the output: json-file (the default), journald or none.", valueName: "driver"),
        completion: .list(["json-file", "journald", "none"]))
    var logDriver: String?

    @Option(
        name: .long,
        help: .init(
            "max-size= of a log file, max-file= for their number, or tag= of the journal's entries. May be repeated.",
            valueName: "key=value"))
    var logOpt: [String] = []

    @Option(
        name: .long, help: .init("Write the container's id to this file, which may not exist.", valueName: "file"),
        completion: .file())
    var cidfile: String?

    @Option(
        name: .long,
        help: .init(
            "When the image is pulled: \"missing\" (unless it is there; default), \"always\" or \"never\".",
            valueName: "policy"),
        completion: .list(["always", "missing", "never"]))
    var pull: String?

    @Flag(name: .shortAndLong, help: "Show nothing of a pull.")
    var quiet = false

    @Option(
        name: .long,
        help: .init("What the image must be made for, like linux/amd64.", valueName: "platform"))
    var platform: String?

    func apply(to configuration: inout ContainerConfiguration) throws {
        if let name, !name.isEmpty { configuration.name = try NameText.containerName(name, option: "--name") }
        configuration.attach = try attachedStreams()
        if let platform, !platform.isEmpty { configuration.platform = try PlatformOption.parse(platform) }
        configuration.autoRemove = remove
        if let restart, !restart.isEmpty { configuration.restart = try Self.policy(restart) }
        configuration.initProcess = initProcess
        configuration.entrypoint = entrypoint.map { $0.isEmpty ? [] : [$0] }
        if let hostname, !hostname.isEmpty {
            configuration.hostname = try NameText.hostname(hostname, option: "--hostname")
        }
        if let domainname, !domainname.isEmpty {
            configuration.domainname = try NameText.hostname(domainname, option: "--domainname")
        }
        for path in labelFile {
            let text = try OptionFile.text(path, option: "--label-file")
            for (key, value) in try EnvironmentText.labels(inFile: text, path: path, option: "--label-file") {
                configuration.labels[key] = value
            }
        }
        for text in label {
            let (key, value) = try NameText.keyValue(text, option: "--label", required: false)
            configuration.labels[key] = value
        }
        for text in annotation {
            let (key, value) = try NameText.keyValue(text, option: "--annotation", required: true)
            configuration.annotations[key] = value
        }
        if let stopSignal, !stopSignal.isEmpty {
            _ = try SignalName.number(stopSignal, option: "--stop-signal")
            configuration.stopSignal = stopSignal
        }
        if let stopTimeout {
            configuration.stopTimeout = try OptionNumber.integer(
                stopTimeout, option: "--stop-timeout", in: -1...Int(Int32.max), meaning: "seconds")
        }
        configuration.log = try LogConfiguration(driver: logDriver, options: logOpt)
        _ = try pullPolicy()
    }

    /// When the image is pulled.
    ///
    /// - Throws: `ConfigurationError`.
    func pullPolicy() throws(ConfigurationError) -> PullPolicy {
        guard let pull, !pull.isEmpty else { return .missing }
        guard let policy = PullPolicy(rawValue: pull) else {
            throw ConfigurationError(
                "--pull", pull, "it is no policy for pulling", accepted: "give always, missing or never")
        }
        return policy
    }

    /// Reads `--restart`.
    ///
    /// - Throws: `ConfigurationError`.
    static func policy(_ text: String) throws -> RestartPolicy {
        guard let policy = RestartPolicy(text) else {
            throw ConfigurationError(
                "--restart", text, "there is no such policy",
                accepted: "give no, on-failure, on-failure:5, always or unless-stopped")
        }
        return policy
    }

    private func attachedStreams() throws -> StandardStreams {
        var streams: StandardStreams = []
        for text in attach {
            switch text.lowercased() {
            case "stdin": streams.insert(.input)
            case "stdout": streams.insert(.output)
            case "stderr": streams.insert(.error)
            default:
                throw ConfigurationError(
                    "--attach", text, "there is no such stream", accepted: "give stdin, stdout or stderr")
            }
        }
        return streams
    }
}
