internal import ArgumentParser
internal import Nestbox

/// `nestbox update`.
struct Update: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Give containers other limits or another restart policy, while they run.",
        usage: "nestbox update [<flags>] <container> ...")
    static let switches: [String: Character?] = [:]

    @OptionGroup(title: "Limits") var limits: LimitOptions

    @Option(
        name: .long,
        help: .init(
            "When it is started again: no, on-failure[:attempts], always or unless-stopped.", valueName: "policy"),
        completion: .list(["no", "on-failure", "always", "unless-stopped"]))
    var restart: String?

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var containers: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        var given = ResourceConfiguration()
        try limits.apply(to: &given)
        let policy = try restart.map(ContainerOptions.policy)
        let hasLimits = given != ResourceConfiguration()
        guard hasLimits || policy != nil else {
            throw UsageError("nothing is given to change; give a limit, like --memory 512m", command: Self.verb)
        }
        let engine = try globals.engine()
        return try Each.of(containers) { name in
            let container = try engine.container(name)
            if hasLimits { try engine.update(container) { try limits.apply(to: &$0) } }
            if let policy { try engine.update(container, restart: policy) }
            try StandardOutput.line(name)
        }
    }
}
