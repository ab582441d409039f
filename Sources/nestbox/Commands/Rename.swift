internal import ArgumentParser
internal import Nestbox

/// `nestbox rename`.
struct Rename: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Give a container another name, also while it runs.", usage: "nestbox rename <container> <name>")
    static let switches: [String: Character?] = [:]

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var container: String

    @Argument(help: "What it is to be called.")
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        Warnings.show(try engine.rename(try engine.container(container), to: name))
        return 0
    }
}
