internal import ArgumentParser
internal import Nestbox

/// `nestbox manifest`.
struct ManifestGroup: CommandGroup {
    static let commands: [any NestboxCommand.Type] = [ManifestInspect.self]
    static let aliases: [String: String] = [:]
    static let configuration = CommandConfiguration.group(
        name: "manifest", abstract: "Look at what a registry holds.", commands: commands)
}

/// `nestbox manifest inspect`.
struct ManifestInspect: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "inspect", abstract: "Show the manifest of an image in a registry, or its index.",
        usage: "nestbox manifest inspect [<flags>] <name>")
    static let verb = "manifest inspect"
    static let switches: [String: Character?] = [:]

    @OptionGroup var registry: RegistryOptions

    @Argument(help: .init("[REGISTRY/]NAME[:TAG|@DIGEST].", valueName: "name"))
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        _ = try ImageOption.reference(name)
        var request = RegistryRequest(.inspectManifest, name, in: globals.configuration)
        request.settings = registry.registries
        return try RegistryProgram.become(request)
    }
}

/// `nestbox search-tags`.
struct SearchTags: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "search-tags", abstract: "List the tags of a repository in a registry.",
        usage: "nestbox search-tags [<flags>] <name>")
    static let switches: [String: Character?] = [:]

    @Option(name: .long, help: .init("The most tags to list (default: all).", valueName: "number"))
    var limit: String?

    @OptionGroup var registry: RegistryOptions

    @Argument(help: .init("[REGISTRY/]NAME.", valueName: "name"))
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        _ = try ImageOption.reference(name)
        var request = RegistryRequest(.listTags, name, in: globals.configuration)
        request.settings = registry.registries
        request.limit = try limit.map {
            try OptionNumber.integer($0, option: "--limit", in: 1...Int(Int32.max), meaning: "tags")
        }
        return try RegistryProgram.become(request)
    }
}
