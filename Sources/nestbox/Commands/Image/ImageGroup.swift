internal import ArgumentParser
internal import ImageStore
internal import Nestbox
internal import OCISpec

/// `nestbox image`: what there is at top level, as Docker groups it, and `prune`.
struct ImageGroup: CommandGroup {
    static let commands: [any NestboxCommand.Type] = [
        ImageList.self, ImageRemove.self, ImageInspect.self, TagImage.self, History.self, Load.self, Save.self,
        Import.self, Pull.self, Push.self, ImagePrune.self,
    ]
    static let aliases = ["images": "ls", "list": "ls", "rmi": "rm", "remove": "rm"]
    static let configuration = CommandConfiguration.group(
        name: "image", abstract: "Work with images: what is there without this word, too.", commands: commands)
}

/// `nestbox image ls`.
struct ImageList: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "ls", abstract: "List images.", usage: "nestbox image ls [<flags>] [<name>]")
    static let verb = "image ls"
    static let switches = Images.switches

    @OptionGroup var list: Images

    func execute(_ globals: GlobalOptions) throws -> Int32 { try list.execute(globals) }
}

/// `nestbox image rm`.
struct ImageRemove: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "rm", abstract: "Remove images, with the layers that nothing else needs.",
        usage: "nestbox image rm [<flags>] <image> ...")
    static let verb = "image rm"
    static let switches = RemoveImage.switches

    @OptionGroup var removal: RemoveImage

    func execute(_ globals: GlobalOptions) throws -> Int32 { try removal.execute(globals) }
}

/// `nestbox image inspect`.
struct ImageInspect: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "inspect", abstract: "Show all about images.", usage: "nestbox image inspect [<flags>] <image> ...")
    static let verb = "image inspect"
    static let switches: [String: Character?] = [:]

    @Option(name: .shortAndLong, help: .init("json, or a template such as '{{.Id}}'.", valueName: "format"))
    var format: String?

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "image"), completion: .imageName)
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Inspection.show(names, format: format) {
            ImageReport(try engine.images.image(named: $0)).inspection
        }
    }
}

/// `nestbox image prune`.
struct ImagePrune: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "prune", abstract: "Remove the images that have no name and no container was made from.",
        usage: "nestbox image prune [<flags>]")
    static let verb = "image prune"
    static let switches: [String: Character?] = ["all": "a", "force": "f"]

    @Flag(name: .shortAndLong, help: "Also those that have names.")
    var all = false

    @OptionGroup var choice: PruneOptions

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let filters = try choice.filters()
        let what = all ? "all images without at least one container associated to them" : "all dangling images"
        guard try choice.force || Confirmation.isGiven("This will remove \(what).") else { return 0 }
        let (removals, failures) = try globals.engine().pruneImages(all: all, filters: filters)
        let lines = removals.flatMap(PruneOutput.lines)
        let reclaimed = removals.reduce(0) { $0 + $1.reclaimed }
        return try PruneOutput.write("Deleted Images:", lines, reclaimed: reclaimed, failures: failures)
    }
}
