internal import ArgumentParser
internal import Glibc
internal import ImageStore
internal import Nestbox
internal import OCISpec

/// `nestbox import`.
struct Import: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Make an image from a tar archive of a root file system.",
        usage: "nestbox import [<flags>] <file>|- [<name>[:<tag>]]", discussion: "Prints the image's id.")
    static let switches: [String: Character?] = ["quiet": "q"]

    @OptionGroup var description: ImageDescriptionOptions

    @Option(
        name: .long,
        help: .init("The platform it is for (default this machine's), e.g. linux/arm64.", valueName: "platform"))
    var platform: String?

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    @Argument(help: "The archive, plain or compressed by gzip or zstd; -: standard input.", completion: .file())
    var file: String

    @Argument(help: "The image's name; none: it is known by its id only.")
    var name: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        if file == "-", Terminal.isTerminal(STDIN_FILENO) {
            throw UsageError("there is nothing to import: redirect an archive to standard input", command: Self.verb)
        }
        let changes = try ImageOption.changes(description.change)
        let reference = try name.map { text throws(ConfigurationError) in try ImageOption.reference(text) }
        let platform = try PlatformOption.parse(platform)
        let engine = try globals.engine()
        let display = ImageProgressDisplay(quiet: quiet)
        defer { display.finish() }
        let image = try engine.importImage(
            from: file == "-" ? .standardInput : .file(file), reference: reference, changes: changes,
            message: description.message,
            platform: platform
        ) { display.update($0) }
        display.finish()
        try StandardOutput.line(image.id.description)
        return 0
    }
}
