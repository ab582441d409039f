internal import ArgumentParser
internal import Nestbox
internal import OCISpec

/// Which file says what there is to know of registries.
struct RegistryOptions: ParsableArguments {
    @Option(
        name: .long,
        help: .init(
            "Settings of registries (default $NESTBOX_REGISTRIES, or /etc/nestbox/registries.json).",
            valueName: "file"), completion: .file())
    var registries: String?
}

/// `nestbox pull`.
struct Pull: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Fetch an image from a registry.", usage: "nestbox pull [<flags>] <name>",
        discussion: """
            Layers that are there are not fetched again, and a pull that was interrupted goes on where it was. Passwords are \
            those of Docker's configuration file; see 'nestbox login'.
            """)
    static let switches: [String: Character?] = ["all-tags": "a", "quiet": "q"]

    @Flag(name: [.customShort("a"), .long], help: "Fetch all tags of the repository.")
    var allTags = false

    @Flag(name: .shortAndLong, help: "Print the image's name only.")
    var quiet = false

    @Option(
        name: .long,
        help: .init("Which variant to take where there are several, e.g. linux/arm64.", valueName: "platform"))
    var platform: String?

    @OptionGroup var registry: RegistryOptions

    @Argument(help: .init("[REGISTRY/]NAME[:TAG|@DIGEST].", valueName: "name"))
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        _ = try PlatformOption.parse(platform)
        let reference = try ImageOption.reference(name)
        if allTags, reference.digest != nil || reference.tag != "latest" || name.hasSuffix(":latest") {
            throw UsageError("--all-tags wants a name without tag and digest", command: Self.verb)
        }
        var request = RegistryRequest(.pull, name, in: globals.configuration)
        request.settings = registry.registries
        request.platform = platform.flatMap { $0.isEmpty ? nil : $0 }
        request.allTags = allTags
        request.isQuiet = quiet
        return try RegistryProgram.become(request)
    }
}

/// `nestbox push`.
struct Push: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Send an image to a registry.", usage: "nestbox push [<flags>] <name>",
        discussion: "What the registry has is not sent. The image arrives byte for byte as it came here.")
    static let switches: [String: Character?] = ["all-tags": "a", "quiet": "q"]

    @Flag(name: [.customShort("a"), .long], help: "Send all tags of the repository.")
    var allTags = false

    @Flag(name: .shortAndLong, help: "Print the image's name only.")
    var quiet = false

    @OptionGroup var registry: RegistryOptions

    @Argument(help: .init("[REGISTRY/]NAME[:TAG].", valueName: "name"), completion: .imageName)
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let reference = try ImageOption.reference(name)
        if allTags, reference.tag != "latest" || name.hasSuffix(":latest") {
            throw UsageError("--all-tags wants a name without tag", command: Self.verb)
        }
        var request = RegistryRequest(.push, name, in: globals.configuration)
        request.settings = registry.registries
        request.allTags = allTags
        request.isQuiet = quiet
        return try RegistryProgram.become(request)
    }
}
