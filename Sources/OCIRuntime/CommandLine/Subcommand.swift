internal import LinuxSystem

/// One command of the OCI command line.
struct Subcommand: Sendable {
    /// What it knows.
    let options: [Option]
    /// Everything behind the first operand is the container's program's.
    var stopsAtOperand = false
    /// Starts a process in a container, and so runs from a program that cannot be written through.
    var startsProcess = false
    /// The status to exit with when it fails.
    var failureStatus: Int32 = 1
    let run: @Sendable (Options, GlobalOptions) throws(LaunchError) -> Int32

    /// The command of that name.
    static func named(_ name: String) -> Subcommand? {
        switch name {
        case "create": CreateCommand.command
        case "start": StartCommand.command
        case "run": RunCommand.command
        case "state": StateCommand.command
        case "kill": KillCommand.command
        case "delete": DeleteCommand.command
        case "exec": ExecCommand.command
        case "ps": ProcessesCommand.command
        case "list": ListCommand.command
        case "pause": PauseCommand.pause
        case "resume": PauseCommand.resume
        case "update": UpdateCommand.command
        case "events": EventsCommand.command
        case "features": FeaturesCommand.command
        case "spec": SpecCommand.command
        case "checkpoint": CheckpointCommand.command
        case "restore": RestoreCommand.command
        default: nil
        }
    }
}

extension Options {
    /// The container that the first operand names.
    ///
    /// - Throws: `LaunchError` when there is no operand, or one too many.
    func containerID(most count: Int = 1) throws(LaunchError) -> String {
        guard let id = operands.first else { throw LaunchError("container id cannot be empty: name the container") }
        guard operands.count <= count else { throw LaunchError("too many arguments: \(operands[count])") }
        return id
    }

    /// The container that the first operand names, as it is.
    func container(_ global: GlobalOptions, most count: Int = 1) throws(LaunchError) -> FoundContainer {
        try FoundContainer(try ContainerFolder(try containerID(most: count), root: global.root))
    }
}
