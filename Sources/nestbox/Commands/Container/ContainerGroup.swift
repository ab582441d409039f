internal import ArgumentParser
internal import Nestbox

/// `nestbox container`: what there is at top level, as Docker groups it, and `prune`.
struct ContainerGroup: CommandGroup {
    static let commands: [any NestboxCommand.Type] = [
        Run.self, Create.self, Start.self, Attach.self, Stop.self, RestartCommand.self, Kill.self, Pause.self,
        Unpause.self, Rename.self, Update.self, Remove.self, ContainerList.self, ContainerInspect.self, Logs.self,
        Diff.self, Copy.self, Commit.self, Export.self, Exec.self, Wait.self, Port.self, Top.self, Stats.self,
        ContainerPrune.self,
    ]
    static let aliases = ["ps": "ls", "list": "ls", "remove": "rm"]
    static let configuration = CommandConfiguration.group(
        name: "container", abstract: "Work with containers: what is there without this word, too.",
        commands: commands)
}

/// `nestbox container ls`.
struct ContainerList: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "ls", abstract: "List containers.", usage: "nestbox container ls [<flags>]")
    static let verb = "container ls"
    static let switches = List.switches

    @OptionGroup var list: List

    func execute(_ globals: GlobalOptions) throws -> Int32 { try list.execute(globals) }
}

/// `nestbox container inspect`.
struct ContainerInspect: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "inspect", abstract: "Show all about containers.",
        usage: "nestbox container inspect [<flags>] <container> ...")
    static let verb = "container inspect"
    static let switches: [String: Character?] = [:]

    @Option(name: .shortAndLong, help: .init("json, or a template such as '{{.State.Status}}'.", valueName: "format"))
    var format: String?

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Inspection.show(names, format: format) { try engine.inspect(try engine.container($0)) }
    }
}

/// `nestbox container prune`.
struct ContainerPrune: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "prune", abstract: "Remove the containers that do not run.",
        usage: "nestbox container prune [<flags>]",
        discussion: "Their anonymous volumes stay; 'nestbox volume prune' removes them.")
    static let verb = "container prune"
    static let switches: [String: Character?] = ["force": "f"]

    @OptionGroup var choice: PruneOptions

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let filters = try choice.filters()
        guard try choice.force || Confirmation.isGiven("This will remove all stopped containers.") else { return 0 }
        let pruning = try globals.engine().pruneContainers(filters: filters) { StandardError.line("warning: \($0)") }
        return try PruneOutput.write(
            "Deleted Containers:", pruning.removed, reclaimed: pruning.reclaimed, failures: pruning.failures)
    }
}
