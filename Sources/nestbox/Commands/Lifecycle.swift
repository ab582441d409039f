internal import ArgumentParser
internal import Nestbox

/// How containers are stopped.
struct StopOptions: ParsableArguments {
    @Option(
        name: [.customShort("t"), .long, .customLong("time")],
        help: .init(
            "How long to wait before the kill; -1: forever (default the container's own, or 10).", valueName: "seconds")
    )
    var timeout: String?

    @Option(
        name: .shortAndLong, help: .init("The signal (default the container's stop signal).", valueName: "signal"))
    var signal: String?

    /// The seconds until the kill; nil: the container's own.
    ///
    /// - Throws: `ConfigurationError`.
    func seconds() throws -> Int? {
        try timeout.map {
            try OptionNumber.integer($0, option: "--timeout", in: -1...Int(Int32.max), meaning: "seconds")
        }
    }

    /// The signal; nil: the container's own.
    ///
    /// - Throws: `ConfigurationError`.
    func signalNumber() throws -> Int32? {
        try signal.map { try SignalName.number($0, option: "--signal") }
    }
}

/// `nestbox stop`.
struct Stop: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Stop containers: their stop signal, and SIGKILL when that does not help in time.",
        usage: "nestbox stop [<flags>] <container> ...")
    static let switches: [String: Character?] = [:]

    @OptionGroup var stop: StopOptions

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var containers: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let (seconds, number) = (try stop.seconds(), try stop.signalNumber())
        let engine = try globals.engine()
        return try Each.atOnce(containers) { name in
            try engine.stop(try engine.container(name), timeout: seconds, signal: number)
            try StandardOutput.line(name)
        }
    }
}

/// `nestbox restart`.
struct RestartCommand: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "restart", abstract: "Stop containers and start them again.",
        usage: "nestbox restart [<flags>] <container> ...")
    static let switches: [String: Character?] = [:]

    @OptionGroup var stop: StopOptions

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var containers: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let (seconds, number) = (try stop.seconds(), try stop.signalNumber())
        let engine = try globals.engine()
        return try Each.atOnce(containers) { name in
            Warnings.show(try engine.restart(try engine.container(name), timeout: seconds, signal: number))
            try StandardOutput.line(name)
        }
    }
}

/// `nestbox kill`.
struct Kill: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Send a signal to containers.", usage: "nestbox kill [<flags>] <container> ...")
    static let switches: [String: Character?] = [:]

    @Option(
        name: .shortAndLong, help: .init("The signal (default SIGKILL, which ends all processes).", valueName: "signal")
    )
    var signal = "SIGKILL"

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var containers: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let number = try SignalName.number(signal, option: "--signal")
        let engine = try globals.engine()
        return try Each.of(containers) { name in
            try engine.kill(try engine.container(name), signal: number)
            try StandardOutput.line(name)
        }
    }
}

/// `nestbox rm`.
struct Remove: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "rm", abstract: "Remove containers with their changes and logs.",
        usage: "nestbox rm [<flags>] <container> ...")
    static let switches: [String: Character?] = ["force": "f", "volumes": "v"]

    @Flag(name: .shortAndLong, help: "Kill those that run; a name that no container has is no error.")
    var force = false

    @Flag(name: .shortAndLong, help: "Remove their anonymous volumes, too.")
    var volumes = false

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var containers: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Each.of(containers) { name in
            do {
                try engine.remove(try engine.container(name), force: force, volumes: volumes)
            } catch EngineError.damagedRecord where force {
                try engine.removeDamaged(name)
            } catch EngineError.noSuchContainer where force {
                return StandardError.line("no such container: \(name)")
            }
            try StandardOutput.line(name)
        }
    }
}

/// `nestbox wait`.
struct Wait: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Wait until containers end, and print their exit codes.", usage: "nestbox wait <container> ...")
    static let switches: [String: Character?] = [:]

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var containers: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Each.of(containers) { name in
            try StandardOutput.line(String(try engine.wait(try engine.container(name))))
        }
    }
}
