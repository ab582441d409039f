internal import ArgumentParser
internal import Glibc
internal import ImageStore
internal import Nestbox
internal import OCISpec

/// `nestbox load`.
struct Load: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Load images from an archive of 'docker save', or from an OCI layout.",
        usage: "nestbox load [<flags>]")
    static let switches: [String: Character?] = ["quiet": "q"]

    @Option(
        name: .shortAndLong,
        help: .init("The archive, plain or compressed, or a folder; none: standard input.", valueName: "path"),
        completion: .file())
    var input: String?

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    @Option(
        name: .long,
        help: .init("Which variant to take where there are several, e.g. linux/arm64.", valueName: "platform"))
    var platform: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        if input == nil, Terminal.isTerminal(STDIN_FILENO) {
            throw UsageError(
                "there is nothing to load: name an archive with --input, or redirect one", command: Self.verb)
        }
        let platform = try PlatformOption.parse(platform)
        let source: ImageSource = input.map { .file($0) } ?? .standardInput
        let engine = try globals.engine()
        let display = ImageProgressDisplay(quiet: quiet)
        defer { display.finish() }
        let images = try engine.loadImages(from: source, platform: platform) { display.update($0) }
        display.finish()
        for image in images {
            if image.references.isEmpty { try StandardOutput.line("Loaded image ID: \(image.id)") }
            for reference in image.references { try StandardOutput.line("Loaded image: \(reference.familiar)") }
        }
        return 0
    }
}

/// The value of `--platform`.
enum PlatformOption {
    /// The platform, or the host's.
    ///
    /// - Throws: `ConfigurationError`.
    static func parse(_ text: String?) throws(ConfigurationError) -> Platform {
        guard let text, !text.isEmpty else { return .host }
        do {
            return try Platform(text)
        } catch {
            throw ConfigurationError(
                "--platform", text, error.reason, accepted: "give OS/ARCHITECTURE, like linux/arm64")
        }
    }
}
