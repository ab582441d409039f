internal import ArgumentParser
internal import ImageStore
internal import Nestbox
internal import OCISpec

/// `nestbox repository ls`.
struct RepositoryList: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "ls", abstract: "List repositories.", usage: "nestbox repository ls [<flags>]")
    static let verb = "repository ls"
    static let switches: [String: Character?] = ["quiet": "q"]

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false

    @Option(name: .long, help: .init("table, json, or a template such as '{{.Name}}'.", valueName: "format"))
    var format: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let store = try globals.engine().repositories
        if quiet {
            try StandardOutput.write(try store.repositories().map { "\($0)\n" }.joined())
            return 0
        }
        let listFormat = try ListFormat(parsing: format, table: RepositoryReport.table)
        let now = Caller.now
        let rows = try store.repositories().map { try RepositoryReport($0, in: store).row(now: now) }
        try StandardOutput.write(try listFormat.text(of: rows, headers: RepositoryReport.headers))
        return 0
    }
}

/// `nestbox repository inspect`.
struct RepositoryInspect: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "inspect", abstract: "Show all about repositories.",
        usage: "nestbox repository inspect [<flags>] <repository> ...")
    static let verb = "repository inspect"
    static let switches: [String: Character?] = [:]

    @Option(name: .shortAndLong, help: .init("json, or a template such as '{{.Tags}}'.", valueName: "format"))
    var format: String?

    @Argument(help: .init("Names of repositories.", valueName: "repository"), completion: .repositoryName)
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let store = try globals.engine().repositories
        return try Inspection.show(names, format: format) {
            try RepositoryReport(RepositoryName($0), in: store).inspection
        }
    }
}

/// `nestbox repository images`.
struct RepositoryImages: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "images", abstract: "List the images of a repository, the oldest push first.",
        usage: "nestbox repository images [<flags>] <repository>")
    static let verb = "repository images"
    static let switches: [String: Character?] = ["quiet": "q", "no-trunc": nil]

    @Flag(name: .shortAndLong, help: "Print whole digests only.")
    var quiet = false

    @Flag(name: .customLong("no-trunc"), help: "Do not shorten digests.")
    var noTruncation = false

    @Option(name: .long, help: .init("table, json, or a template such as '{{.Tags}}'.", valueName: "format"))
    var format: String?

    @Argument(help: .init("A repository's name.", valueName: "repository"), completion: .repositoryName)
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let listFormat = try ListFormat(
            parsing: quiet ? "{{.Digest}}" : format, table: RepositoryImageReport.table)
        let now = Caller.now
        let rows = try globals.engine().repositories.images(of: RepositoryName(name)).map {
            RepositoryImageReport.row($0, now: now, isShortened: !noTruncation && !quiet)
        }
        try StandardOutput.write(try listFormat.text(of: rows, headers: RepositoryImageReport.headers))
        return 0
    }
}
