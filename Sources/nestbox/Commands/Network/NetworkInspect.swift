internal import ArgumentParser
internal import ContainerNetwork
internal import Nestbox
internal import OCISpec

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
        let template = try format.flatMap { $0.isEmpty ? nil : try Template(parsing: $0 == "json" ? "{{json .}}" : $0) }
        let engine = try globals.engine()
        var found: [JSONValue] = []
        let code = try Each.of(names) { name in
            let value = try engine.inspect(try engine.network(name))
            if let template {
                try StandardOutput.line(try template.render(value))
            } else {
                found.append(value)
            }
        }
        if template == nil { try StandardOutput.write(JSONValue.array(found).inspectText) }
        return code
    }
}
