internal import ArgumentParser
internal import ImageStore
internal import Nestbox
internal import OCISpec

/// `nestbox repository`.
struct RepositoryGroup: CommandGroup {
    static let commands: [any NestboxCommand.Type] = [
        RepositoryCreate.self, RepositoryList.self, RepositoryInspect.self, RepositoryImages.self,
        RepositoryRemove.self,
    ]
    static let groups: [any CommandGroup.Type] = [LifecycleGroup.self]
    static let configuration = CommandConfiguration.group(
        name: "repository", abstract: "Make, look at and remove repositories of the registry that nestboxd serves.",
        commands: commands, groups: groups)
}

/// `nestbox repository create`.
struct RepositoryCreate: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "create", abstract: "Make a repository.", usage: "nestbox repository create [<flags>] <repository>",
        discussion: "Prints its name. What is not said here is as in the file of nestboxd --config.")
    static let verb = "repository create"
    static let switches: [String: Character?] = [:]

    @Option(
        name: .long,
        help: .init("public: everybody may pull, also without a password; or private.", valueName: "visibility"),
        completion: .list(["private", "public"]))
    var visibility: String?

    @Option(
        name: .long,
        help: .init("IMMUTABLE: a tag stands for the same image for ever; or MUTABLE.", valueName: "mutability"),
        completion: .list(["MUTABLE", "IMMUTABLE"]))
    var imageTagMutability: String?

    @Argument(help: .init("A name like team/web.", valueName: "repository"))
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let name = try RepositoryName(name)
        var settings = RepositorySettings()
        if let visibility, !visibility.isEmpty {
            guard let word = RepositorySettings.Visibility(rawValue: visibility) else {
                throw ConfigurationError(
                    "--visibility", visibility, "there is no such visibility", accepted: "give private or public")
            }
            settings.visibility = word
        }
        if let text = imageTagMutability, !text.isEmpty {
            guard let word = RepositorySettings.TagMutability(rawValue: text.uppercased()), !word.takesExclusions else {
                throw ConfigurationError(
                    "--image-tag-mutability", text, "there is no such mutability", accepted: "give MUTABLE or IMMUTABLE"
                )
            }
            settings.tagMutability = word
        }
        try globals.engine().repositories.create(name, settings)
        try StandardOutput.line(name.description)
        return 0
    }
}

/// `nestbox repository rm`.
struct RepositoryRemove: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "rm", abstract: "Remove repositories, with the layers that nothing else needs.",
        usage: "nestbox repository rm [<flags>] <repository> ...")
    static let verb = "repository rm"
    static let switches: [String: Character?] = ["force": "f"]

    @Flag(name: .shortAndLong, help: "Also those that have images.")
    var force = false

    @Argument(help: .init("Names of repositories.", valueName: "repository"), completion: .repositoryName)
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let store = try globals.engine().repositories
        return try Each.of(names) { name in
            try store.remove(RepositoryName(name), force: force)
            try StandardOutput.line(name)
        }
    }
}
