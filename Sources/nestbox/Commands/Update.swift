internal import ArgumentParser
internal import Nestbox

/// `nestbox update`.
struct Update: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Give containers other limits, while they run.",
        usage: "nestbox update [<flags>] <container> ...")
    static let switches: [String: Character?] = [:]

    @OptionGroup(title: "Limits") var limits: LimitOptions

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var containers: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        var given = ResourceConfiguration()
        try limits.apply(to: &given)
        guard given != ResourceConfiguration() else {
            throw UsageError("no limit is given; give one, like --memory 512m", command: Self.verb)
        }
        let engine = try globals.engine()
        return try Each.of(containers) { name in
            try engine.update(try engine.container(name)) { try limits.apply(to: &$0) }
            try StandardOutput.line(name)
        }
    }
}
