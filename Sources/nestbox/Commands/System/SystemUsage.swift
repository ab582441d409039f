internal import ArgumentParser
internal import Nestbox

/// `nestbox system df`.
struct SystemUsage: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "df", abstract: "Show how much of the disk images, containers and volumes take.",
        usage: "nestbox system df [<flags>]",
        discussion:
            "Each layer is counted once, by its files. What an image came in is kept beside it, and not counted.")
    static let verb = "system df"
    static let switches: [String: Character?] = ["verbose": "v"]

    @Flag(name: .shortAndLong, help: "A line for each image, container and volume.")
    var verbose = false

    @Option(name: .long, help: .init("table, json, or a template such as '{{.Type}} {{.Size}}'.", valueName: "format"))
    var format: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let listFormat = try ListFormat(parsing: format, table: DiskUsageReport.table)
        let isTable = format.map { $0.isEmpty || $0 == "table" } ?? true
        if verbose, format?.hasPrefix("table ") == true {
            throw UsageError("--verbose has tables of its own: leave --format out", command: Self.verb)
        }
        let usage = try globals.engine().diskUsage { StandardError.line("warning: \($0)") }
        let report = DiskUsageReport(usage)
        guard verbose else {
            try StandardOutput.write(try listFormat.text(of: report.rows, headers: DiskUsageReport.headers))
            return 0
        }
        let now = Caller.now
        if isTable {
            try StandardOutput.write(try report.detailText(now: now))
        } else {
            try ValueOutput.write(report.details(now: now), format: format)
        }
        return 0
    }
}
