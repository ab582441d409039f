internal import ArgumentParser
internal import Nestbox

/// `nestbox create`.
struct Create: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Make a container without starting it.",
        usage: "nestbox create [<flags>] <image> [<command> [<argument> ...]]",
        discussion: "Prints the container's id. Everything after the image goes to the container as it is.")

    static let switches: [String: Character?] = [
        "interactive": "i", "tty": "t", "rm": nil, "init": nil, "privileged": nil, "read-only": nil,
        "publish-all": "P", "no-healthcheck": nil, "quiet": "q",
    ]
    static let isInterspersed = false
    static let failureCode: Int32 = 125

    @OptionGroup(title: "Container") var container: ContainerOptions
    @OptionGroup(title: "Health") var health: HealthOptions
    @OptionGroup(title: "Process") var process: ProcessOptions
    @OptionGroup(title: "Storage") var storage: StorageOptions
    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "Isolation") var isolation: IsolationOptions
    @OptionGroup(title: "Resources") var resources: ResourceOptions
    @OptionGroup var program: ProgramArguments

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let configuration = try program.configuration(
            container, health, process, storage, network, isolation, resources)
        let idFile = try IDFile(container.cidfile)
        let engine = try globals.engine()
        let made = try ImagePull(container, globals).providing(configuration) { () throws(EngineError) in
            try engine.create(configuration)
        }
        try idFile.write(made.id)
        try StandardOutput.line(made.id)
        return 0
    }
}

/// The image and what runs in it.
struct ProgramArguments: ParsableArguments {
    @Argument(help: "The image: a name, an id, or the beginning of just one id.", completion: .imageName)
    var image: String

    @Argument(help: .init("The command and its arguments; none: the image's own.", valueName: "command"))
    var command: [String] = []

    /// Everything that was asked for, checked.
    ///
    /// - Throws: `ConfigurationError`.
    func configuration(
        _ container: ContainerOptions, _ health: HealthOptions, _ process: ProcessOptions, _ storage: StorageOptions,
        _ network: NetworkOptions, _ isolation: IsolationOptions, _ resources: ResourceOptions
    ) throws -> ContainerConfiguration {
        var configuration = ContainerConfiguration(image: image, command: command)
        configuration.interactive = process.interactive
        configuration.tty = process.tty
        configuration.environment = try process.environment()
        configuration.user = try process.checkedUser()
        configuration.workingDirectory = try process.checkedWorkdir()
        try container.apply(to: &configuration)
        try health.apply(to: &configuration)
        try storage.apply(to: &configuration)
        try network.apply(to: &configuration)
        try isolation.apply(to: &configuration)
        try resources.apply(to: &configuration)
        try configuration.validate()
        return configuration
    }
}
