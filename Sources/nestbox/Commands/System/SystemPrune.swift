internal import ArgumentParser
internal import ImageStore
internal import Nestbox

/// `nestbox system prune`.
struct SystemPrune: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "prune", abstract: "Remove stopped containers, and networks and images that nothing uses.",
        usage: "nestbox system prune [<flags>]")
    static let verb = "system prune"
    static let switches: [String: Character?] = ["all": "a", "force": "f", "volumes": nil]

    @Flag(name: .shortAndLong, help: "Also images that have names and no container was made from.")
    var all = false

    @Flag(name: .long, help: "Also volumes that nobody has named and no container uses.")
    var volumes = false

    @OptionGroup var choice: PruneOptions

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let filters = try choice.filters()
        // As in Docker: nobody expects it to say how old a volume is.
        let asksForTime = filters.contains { if case .until = $0 { true } else { false } }
        guard !(volumes && asksForTime) else {
            throw UsageError(#"the filter "until" does not go with --volumes"#, command: Self.verb)
        }
        guard try choice.force || Confirmation.isGiven(warning) else { return 0 }
        let engine = try globals.engine()
        var reclaimed: Int64 = 0
        var failures: [EngineError] = []
        // What uses something goes first.
        let containers = try engine.pruneContainers(filters: filters) { StandardError.line("warning: \($0)") }
        try write("Containers", containers.removed)
        try write("Networks", try engine.pruneNetworks(filters: filters))
        reclaimed += containers.reclaimed
        failures += containers.failures
        if volumes {
            let pruning = try engine.pruneVolumes(filters: filters)
            try write("Volumes", pruning.removed)
            reclaimed += pruning.reclaimed
            failures += pruning.failures
        }
        let images = try engine.pruneImages(all: all, filters: filters)
        try write("Images", images.removals.flatMap(PruneOutput.lines))
        reclaimed += images.removals.reduce(0) { $0 + $1.reclaimed }
        return try PruneOutput.write("", [], reclaimed: reclaimed, failures: failures + images.failures)
    }

    private var warning: String {
        var items = ["all stopped containers", "all networks not used by at least one container"]
        if volumes { items.append("all anonymous volumes not used by at least one container") }
        items.append(all ? "all images without at least one container associated to them" : "all dangling images")
        var text = "This will remove:\n" + items.map { "  - \($0)\n" }.joined()
        if !choice.filter.isEmpty {
            text += "\n  Items to be pruned will be filtered with:\n" + choice.filter.map { "  - \($0)\n" }.joined()
        }
        return text
    }

    private func write(_ kind: String, _ lines: [String]) throws {
        guard !lines.isEmpty else { return }
        try StandardOutput.write("Deleted \(kind):\n" + lines.map { $0 + "\n" }.joined() + "\n")
    }
}
