internal import ArgumentParser
internal import Nestbox
internal import OCISpec

/// `nestbox ps`.
struct List: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "ps", abstract: "List containers.", usage: "nestbox ps [<flags>]")
    static let switches: [String: Character?] = ["all": "a", "quiet": "q", "latest": "l", "no-trunc": nil]

    @Flag(name: .shortAndLong, help: "Also those that do not run.")
    var all = false

    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "The one made last, whatever its status.")
    var latest = false

    @Option(
        name: [.customShort("n"), .long], help: .init("The ones made last, whatever their status.", valueName: "number")
    )
    var last: String?

    @Flag(name: .customLong("no-trunc"), help: "Do not shorten ids and commands.")
    var noTruncation = false

    @Option(
        name: .shortAndLong,
        help: .init(
            "id=, name=, label=, status=, ancestor=, exited=, volume= or network=. May be repeated.",
            valueName: "key=value"))
    var filter: [String] = []

    @Option(name: .long, help: .init("table, json, or a template such as '{{.ID}} {{.Names}}'.", valueName: "format"))
    var format: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let filters = try filter.map { try ContainerFilter($0) }
        let listFormat = try ListFormat(parsing: quiet ? "{{.ID}}" : format, table: ContainerReport.table)
        var count: Int? = try last.map { try OptionNumber.integer($0, option: "--last", in: -1...Int.max) }
        if latest { count = 1 }
        if count == -1 { count = nil }
        let engine = try globals.engine()
        var containers = try engine.list(all: all || count != nil, filters: filters) {
            StandardError.line("warning: \($0)")
        }
        if let count { containers = Array(containers.prefix(count)) }
        let now = Caller.now
        let rows = containers.map {
            ContainerReport($0, now: now, isShortened: !noTruncation, ports: engine.portText(of: $0)).row
        }
        try StandardOutput.write(try listFormat.text(of: rows, headers: ContainerReport.headers))
        return 0
    }
}
