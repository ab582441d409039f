internal import ArgumentParser
internal import Nestbox

/// What of unused things is removed, and whether somebody is asked before.
struct PruneOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false

    @Option(
        name: .long,
        help: .init(
            "label=KEY[=VALUE], label!=KEY[=VALUE] or until=TIME, like 24h: made before. May be repeated: all must hold.",
            valueName: "key=value"))
    var filter: [String] = []

    /// - Throws: `ConfigurationError`.
    func filters() throws -> [PruneFilter] {
        try filter.map { try PruneFilter(parsing: $0, option: "--filter", now: Caller.now) }
    }
}
