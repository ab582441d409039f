internal import ArgumentParser
internal import ImageStore
internal import Nestbox
internal import OCISpec

/// `nestbox history`.
struct History: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Show how an image was made.", usage: "nestbox history [<flags>] <image>")
    static let switches: [String: Character?] = ["quiet": "q", "no-trunc": nil, "human": "H"]

    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false

    @Flag(name: .customLong("no-trunc"), help: "Do not shorten ids and commands.")
    var noTruncation = false

    @Flag(
        name: [.customLong("human"), .customShort("H")], inversion: .prefixedNo,
        help: "Print sizes and times for people; -H=false prints bytes and moments.")
    var human = true

    @Option(
        name: .long, help: .init("table, json, or a template such as '{{.ID}} {{.Size}}'.", valueName: "format"))
    var format: String?

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "image"), completion: .imageName)
    var image: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let table = human ? HistoryReport.table : HistoryReport.exactTable
        let listFormat = try ListFormat(parsing: quiet ? "{{.ID}}" : format, table: table)
        let store = try globals.engine().images
        let report = try HistoryReport(try store.image(named: image), in: store)
        let rows = report.rows(now: Caller.now, isShortened: !noTruncation, isHuman: human)
        try StandardOutput.write(try listFormat.text(of: rows, headers: HistoryReport.headers))
        return 0
    }
}
