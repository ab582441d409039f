internal import ArgumentParser
internal import Nestbox
internal import OCISpec

/// `nestbox volume ls`.
struct VolumeList: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "ls", abstract: "List volumes.", usage: "nestbox volume ls [<flags>]")
    static let verb = "volume ls"
    static let switches: [String: Character?] = ["quiet": "q"]

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false

    @Option(
        name: .shortAndLong,
        help: .init(
            "name=TEXT, label=KEY[=VALUE], dangling=BOOL (no container uses it) or driver=local. May be repeated.",
            valueName: "key=value"))
    var filter: [String] = []

    @Option(name: .long, help: .init("table, json, or a template such as '{{.Name}}'.", valueName: "format"))
    var format: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let filters = try filter.map { try VolumeFilter(parsing: $0, option: "--filter") }
        let listFormat = try ListFormat(parsing: quiet ? "{{.Name}}" : format, table: Volume.table)
        let rows = try globals.engine().volumes(filters: filters).map(\.row)
        try StandardOutput.write(try listFormat.text(of: rows, headers: Volume.headers))
        return 0
    }
}

/// `nestbox volume inspect`.
struct VolumeInspect: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "inspect", abstract: "Show all about volumes.", usage: "nestbox volume inspect [<flags>] <volume> ...")
    static let verb = "volume inspect"
    static let switches: [String: Character?] = [:]

    @Option(name: .shortAndLong, help: .init("json, or a template such as '{{.Mountpoint}}'.", valueName: "format"))
    var format: String?

    @Argument(help: .init("Names of volumes.", valueName: "volume"), completion: .volumeName)
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Inspection.show(names, format: format) { try engine.volume($0).inspection }
    }
}
