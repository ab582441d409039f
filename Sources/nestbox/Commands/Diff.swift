internal import ArgumentParser
internal import Nestbox

/// `nestbox diff`.
struct Diff: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "List the files that a container has added (A), changed (C) or deleted (D).",
        usage: "nestbox diff <container>")
    static let switches: [String: Character?] = [:]

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var container: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        let changes = try engine.changes(of: try engine.container(container))
        try StandardOutput.write(changes.map { "\($0)\n" }.joined())
        return 0
    }
}
