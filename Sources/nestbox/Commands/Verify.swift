internal import ArgumentParser
internal import ImageStore
internal import Nestbox

/// `nestbox verify`.
struct Verify: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Look whether images, layers and repositories are whole.", usage: "nestbox verify [<flags>]",
        discussion: """
            Every blob is hashed, every unpacked layer is compared with what it came from, and images, names, tags and \
            repositories are looked at. Everything else may go on meanwhile. Ends with 0 when all is whole or repaired, with 1 when \
            something is damaged, with 125 when that cannot be told.
            """)
    static let switches: [String: Character?] = ["repair": nil, "quiet": "q"]
    static let failureCode = CommandEntry.usageCode
    /// How much is asked for by one start of `nestbox-registry`: what it is asked is one word of its command line.
    private static let batch = 100

    @Flag(
        name: .long,
        help: "Fetch what is damaged from where its image came from, unpack layers again, remove what nothing needs.")
    var repair = false

    @Flag(name: .shortAndLong, help: "Print only what is damaged: digests, names or paths.")
    var quiet = false

    @Option(name: .long, help: .init("json, or a template such as '{{.Whole}}'.", valueName: "format"))
    var format: String?

    @OptionGroup var registry: RegistryOptions

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        if quiet, format != nil { throw UsageError("--quiet does not go with --format", command: Self.verb) }
        let engine = try globals.engine()
        let found = try engine.verify()
        guard repair, !found.isWhole else { return try show(VerificationReport(found), found.isWhole) }
        let result = try engine.repair(found) { origins in
            for start in stride(from: 0, to: origins.count, by: Self.batch) {
                try fetch(Array(origins[start..<min(start + Self.batch, origins.count)]), globals)
            }
        }
        return try show(VerificationReport(result), result.report.isWhole)
    }

    /// Has `nestbox-registry` bring what registries have; what they do not have it says itself.
    private func fetch(_ origins: [BlobOrigin], _ globals: GlobalOptions) throws {
        var request = RegistryRequest(.repair, "", in: globals.configuration)
        request.settings = registry.registries
        request.origins = origins
        _ = try RegistryProgram.run(request)
    }

    private func show(_ report: VerificationReport, _ isWhole: Bool) throws -> Int32 {
        if let format, !format.isEmpty {
            try ValueOutput.write(report.json, format: format)
        } else {
            let lines = quiet ? report.names.map { HumanText.printable($0) } : report.lines
            try StandardOutput.write(lines.map { $0 + "\n" }.joined())
        }
        return isWhole ? 0 : 1
    }
}
