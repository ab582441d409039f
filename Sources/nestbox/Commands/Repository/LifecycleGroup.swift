internal import ArgumentParser
internal import ImageStore
internal import Nestbox
internal import OCISpec

/// `nestbox repository lifecycle`.
struct LifecycleGroup: CommandGroup {
    static let commands: [any NestboxCommand.Type] = [
        LifecyclePut.self, LifecycleGet.self, LifecycleRemove.self, LifecyclePreview.self, LifecycleApply.self,
    ]
    static let verb = "repository lifecycle"
    static let configuration = CommandConfiguration.group(
        name: "lifecycle", below: "repository",
        abstract: "Say which images of a repository go, and when: Amazon ECR's lifecycle policies.",
        commands: commands)

    /// Reads a policy from a file; `-`: standard input.
    ///
    /// - Throws: `ConfigurationError` when it cannot be read, `CommandFailure` when it is no policy.
    static func policy(_ file: String) throws -> LifecyclePolicy {
        let text = try OptionFile.text(file == "-" ? "/dev/stdin" : file, option: "<file>")
        do {
            return try LifecyclePolicy(text: text)
        } catch {
            throw CommandFailure("\(file) is no lifecycle policy: \(error)", exitCode: 1)
        }
    }
}

/// How what a policy does is printed.
struct DecisionOutput: ParsableArguments {
    @Flag(name: .customLong("no-trunc"), help: "Do not shorten digests.")
    var noTruncation = false

    @Option(name: .long, help: .init("table, json, or a template such as '{{.Digest}}'.", valueName: "format"))
    var format: String?

    func write(_ decisions: [LifecycleDecision]) throws {
        let listFormat = try ListFormat(parsing: format, table: RepositoryImageReport.decisionTable)
        let now = Caller.now
        let rows = decisions.map { RepositoryImageReport.row($0, now: now, isShortened: !noTruncation) }
        try StandardOutput.write(try listFormat.text(of: rows, headers: RepositoryImageReport.headers))
    }
}

/// `nestbox repository lifecycle put`.
struct LifecyclePut: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "put", abstract: "Give a repository a policy, apply it, and print what it did.",
        usage: "nestbox repository lifecycle put [<flags>] <repository> <file>",
        discussion: "nestboxd applies it every hour. 'preview --policy FILE' shows before what it would do.")
    static let verb = "repository lifecycle put"
    static let switches: [String: Character?] = ["no-trunc": nil]

    @OptionGroup var output: DecisionOutput

    @Argument(help: .init("A repository's name.", valueName: "repository"), completion: .repositoryName)
    var name: String

    @Argument(help: .init("The policy's file; -: standard input.", valueName: "file"), completion: .file())
    var file: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let policy = try LifecycleGroup.policy(file)
        let name = try RepositoryName(name)
        let store = try globals.engine().repositories
        try store.put(policy, on: name)
        try output.write(try store.applyLifecycle(to: name))
        try store.removeStale()
        return 0
    }
}

/// `nestbox repository lifecycle get`.
struct LifecycleGet: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "get", abstract: "Print a repository's policy as it was given.",
        usage: "nestbox repository lifecycle get <repository>")
    static let verb = "repository lifecycle get"
    static let switches: [String: Character?] = [:]

    @Argument(help: .init("A repository's name.", valueName: "repository"), completion: .repositoryName)
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let text = try globals.engine().repositories.lifecycle(of: RepositoryName(name)).text
        try StandardOutput.write(text.hasSuffix("\n") ? text : text + "\n")
        return 0
    }
}

/// `nestbox repository lifecycle rm`.
struct LifecycleRemove: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "rm", abstract: "Take the policies of repositories away; images stay.",
        usage: "nestbox repository lifecycle rm <repository> ...")
    static let verb = "repository lifecycle rm"
    static let switches: [String: Character?] = [:]

    @Argument(help: .init("Names of repositories.", valueName: "repository"), completion: .repositoryName)
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let store = try globals.engine().repositories
        return try Each.of(names) { name in
            try store.removeLifecycle(of: RepositoryName(name))
            try StandardOutput.line(name)
        }
    }
}

/// `nestbox repository lifecycle preview`.
struct LifecyclePreview: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "preview", abstract: "Show what a policy would do now; nothing changes.",
        usage: "nestbox repository lifecycle preview [<flags>] <repository>")
    static let verb = "repository lifecycle preview"
    static let switches: [String: Character?] = ["no-trunc": nil]

    @Option(
        name: .long,
        help: .init("Another policy than the repository's own; -: standard input.", valueName: "file"),
        completion: .file())
    var policy: String?

    @OptionGroup var output: DecisionOutput

    @Argument(help: .init("A repository's name.", valueName: "repository"), completion: .repositoryName)
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let other = try policy.map { try LifecycleGroup.policy($0) }
        try output.write(
            try globals.engine().repositories.preview(other, of: RepositoryName(name)))
        return 0
    }
}

/// `nestbox repository lifecycle apply`.
struct LifecycleApply: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "apply", abstract: "Apply a repository's policy now, and print what it did.",
        usage: "nestbox repository lifecycle apply [<flags>] <repository>")
    static let verb = "repository lifecycle apply"
    static let switches: [String: Character?] = ["no-trunc": nil]

    @OptionGroup var output: DecisionOutput

    @Argument(help: .init("A repository's name.", valueName: "repository"), completion: .repositoryName)
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let store = try globals.engine().repositories
        try output.write(try store.applyLifecycle(to: RepositoryName(name)))
        try store.removeStale()
        return 0
    }
}
