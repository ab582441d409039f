internal import ArgumentParser

/// The program as a whole: what help, manual pages and completion scripts are made from.
struct Root: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nestbox", abstract: "Run containers. No daemon is needed.",
        discussion:
            "Flags before the command choose where everything is kept; engines with different roots never meet.",
        subcommands: commands + groups, helpNames: [.long])

    @Option(
        name: .long,
        help: .init(
            "Where images, containers and volumes are kept (default $NESTBOX_ROOT, or /var/lib/nestbox).",
            valueName: "folder"),
        completion: .directory)
    var root: String?

    @Option(
        name: .long,
        help: .init("Where sockets are kept (default $NESTBOX_RUN_ROOT, or /run/nestbox).", valueName: "folder"),
        completion: .directory)
    var runRoot: String?

    // Not ArgumentParser's own, which every command's help would show as well.
    @Flag(name: [.customShort("v"), .long], help: "Show the version.")
    var version = false

    /// Every command.
    static let commands: [any NestboxCommand.Type] = [
        Run.self, Create.self, Start.self, Attach.self, Stop.self, RestartCommand.self, Kill.self, Pause.self,
        Unpause.self, Rename.self, Update.self, Remove.self, List.self, Inspect.self, Logs.self, Diff.self, Copy.self,
        Commit.self, Export.self, Exec.self, Wait.self, Port.self, Top.self, Stats.self, Events.self, Images.self,
        RemoveImage.self, TagImage.self, History.self, Load.self, Save.self, Import.self, Pull.self, Push.self,
        LogIn.self, LogOut.self, SearchTags.self, Verify.self, Info.self, VersionCommand.self,
    ]

    /// The commands that consist of others.
    static let groups: [any CommandGroup.Type] = [
        ContainerGroup.self, ImageGroup.self, ManifestGroup.self, RepositoryGroup.self, VolumeGroup.self,
        NetworkGroup.self, TaskNetworkGroup.self, SecurityGroupGroup.self, SystemGroup.self,
    ]

    /// The commands of that name.
    static func group(named name: String) -> (any CommandGroup.Type)? {
        groups.first { $0.configuration.commandName == name }
    }

    /// The command of that name, also in Docker's other spellings.
    static func command(named name: String) -> (any NestboxCommand.Type)? {
        switch name {
        case "run": Run.self
        case "create": Create.self
        case "start": Start.self
        case "stop": Stop.self
        case "restart": RestartCommand.self
        case "kill": Kill.self
        case "pause": Pause.self
        case "unpause": Unpause.self
        case "rename": Rename.self
        case "rm", "remove": Remove.self
        case "ps", "ls", "list": List.self
        case "inspect": Inspect.self
        case "logs": Logs.self
        case "exec": Exec.self
        case "wait": Wait.self
        case "port": Port.self
        case "top": Top.self
        case "stats": Stats.self
        case "events": Events.self
        case "images": Images.self
        case "rmi": RemoveImage.self
        case "tag": TagImage.self
        case "load": Load.self
        case "import": Import.self
        case "pull": Pull.self
        case "push": Push.self
        case "login": LogIn.self
        case "logout": LogOut.self
        case "search-tags": SearchTags.self
        case "attach": Attach.self
        case "diff": Diff.self
        case "cp": Copy.self
        case "commit": Commit.self
        case "export": Export.self
        case "save": Save.self
        case "history": History.self
        case "update": Update.self
        case "verify": Verify.self
        case "info": Info.self
        case "version": VersionCommand.self
        default: nil
        }
    }
}
