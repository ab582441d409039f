internal import ArgumentParser
internal import Glibc
internal import Nestbox

/// `nestbox stats`.
struct Stats: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Show what containers use, anew each second.", usage: "nestbox stats [<flags>] [<container> ...]",
        discussion: "Without names all that run are shown. 100 % of CPU is one processor.")
    static let switches: [String: Character?] = ["all": "a", "no-stream": nil, "no-trunc": nil]

    @Flag(name: .shortAndLong, help: "Also those that do not run.")
    var all = false

    @Flag(name: .customLong("no-stream"), help: "Show it once.")
    var noStream = false

    @Flag(name: .customLong("no-trunc"), help: "Do not shorten ids.")
    var noTruncation = false

    @Option(
        name: .long, help: .init("table, json, or a template such as '{{.Name}} {{.CPUPerc}}'.", valueName: "format"))
    var format: String?

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var containers: [String] = []

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let listFormat = try ListFormat(parsing: format, table: StatisticsReport.table)
        let engine = try globals.engine()
        var given: [String: String] = [:]
        for name in containers { given[try engine.container(name).id] = name }
        let ids = containers.isEmpty ? nil : Array(given.keys)
        var earlier: [String: ContainerStatistics] = [:]
        var known = try engine.samples(of: ids, all: all, isBrief: true)
        for sample in known { earlier[sample.container.id] = sample.statistics }
        while true {
            sleep(1)
            // Those that were just looked at need no other look; from then on what was renamed in between is to be seen.
            let samples = try engine.samples(of: ids, all: all, known: known)
            known = []
            let rows = samples.map { sample in
                let id = sample.container.id
                return StatisticsReport(
                    sample, since: earlier[id], isShortened: !noTruncation, name: given[id]
                ).row
            }
            let text = try listFormat.text(of: rows, headers: StatisticsReport.headers)
            try StandardOutput.write(noStream ? text : Self.redrawn(text))
            // All that were asked for are gone.
            if noStream || (ids != nil && samples.isEmpty) { return 0 }
            earlier = [:]
            for sample in samples { earlier[sample.container.id] = sample.statistics }
        }
    }

    /// The text over what was there before, as Docker writes it, also where there is no terminal: from the upper left corner, each line
    /// and at last the rest of the screen cleared.
    private static func redrawn(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        return "\u{1B}[H" + lines.map { $0 + " \u{1B}[K\n" }.joined() + "\u{1B}[J"
    }
}
