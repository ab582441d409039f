internal import ArgumentParser
internal import ImageStore
internal import Nestbox
internal import OCISpec

/// `nestbox images`.
struct Images: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "List images.", usage: "nestbox images [<flags>] [<name>]")
    static let switches: [String: Character?] = ["all": "a", "quiet": "q", "digests": nil, "no-trunc": nil]

    @Flag(name: .shortAndLong, help: "All of them, which is also the default.")
    var all = false

    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false

    @Flag(name: .long, help: "Show the manifests' digests.")
    var digests = false

    @Flag(name: .customLong("no-trunc"), help: "Do not shorten ids.")
    var noTruncation = false

    @Option(
        name: .shortAndLong,
        help: .init("reference=PATTERN, label=KEY[=VALUE] or dangling=true. May be repeated.", valueName: "key=value"))
    var filter: [String] = []

    @Option(
        name: .long, help: .init("table, json, or a template such as '{{.Repository}}:{{.Tag}}'.", valueName: "format"))
    var format: String?

    @Argument(
        help: .init("Only images of this name, or this name and tag; may hold * and ?.", valueName: "name"),
        completion: .imageName)
    var name: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        var filters = try filter.map { try ImageFilter(parsing: $0, option: "--filter") }
        if let name { filters.append(.reference(name)) }
        let table = digests ? ImageReport.tableWithDigests : ImageReport.table
        let listFormat = try ListFormat(parsing: quiet ? "{{.ID}}" : format, table: table)
        let now = Caller.now
        var rows: [JSONValue] = []
        var seen: Set<Digest> = []
        for image in try globals.engine().images.images() {
            let report = ImageReport(image)
            let matching = report.names.filter { name in filters.allSatisfy { $0.matches(image, name: name) } }
            // A list of ids names each image once, however many names it has.
            if quiet, !matching.isEmpty, !seen.insert(image.id).inserted { continue }
            for name in quiet ? Array(matching.prefix(1)) : matching {
                rows.append(report.row(name: name, now: now, isShortened: !noTruncation))
            }
        }
        try StandardOutput.write(try listFormat.text(of: rows, headers: ImageReport.headers))
        return 0
    }
}
