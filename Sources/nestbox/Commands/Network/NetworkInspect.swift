internal import ArgumentParser
internal import ContainerNetwork
internal import Nestbox

/// `nestbox network inspect`.
struct NetworkInspect: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "inspect", abstract: "Show all about networks.", usage: "nestbox network inspect [<flags>] <network> ...")
    static let verb = "network inspect"
    static let switches: [String: Character?] = [:]

    @Option(name: .shortAndLong, help: .init("json, or a template such as '{{.Id}}'.", valueName: "format"))
    var format: String?

    @Argument(help: .init("Names, ids, or the beginnings of ids.", valueName: "network"), completion: .networkName)
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Inspection.show(names, format: format) { try engine.inspect(try engine.network($0)) }
    }
}
