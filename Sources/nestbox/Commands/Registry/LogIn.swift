internal import ArgumentParser
internal import Nestbox
internal import OCISpec

/// `nestbox login`.
struct LogIn: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "login", abstract: "Log in to a registry.", usage: "nestbox login [<flags>] [<server>]",
        discussion: "The password is tried, and kept where Docker keeps it.")
    static let switches: [String: Character?] = ["password-stdin": nil]

    @Option(name: .shortAndLong, help: .init("The user; none: asked for.", valueName: "name"))
    var username: String?

    @Option(
        name: .shortAndLong,
        help: .init("The password, which others may see here; none: asked for.", valueName: "password"))
    var password: String?

    @Flag(name: .long, help: "Read the password from standard input.")
    var passwordStdin = false

    @OptionGroup var registry: RegistryOptions

    @Argument(help: .init("The registry (default docker.io).", valueName: "server"))
    var server: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        guard password == nil || !passwordStdin else {
            throw UsageError("--password and --password-stdin exclude each other", command: Self.verb)
        }
        guard !passwordStdin || username?.isEmpty == false else {
            throw UsageError("--password-stdin wants --username, too", command: Self.verb)
        }
        if password != nil {
            StandardError.plain("WARNING! --password on the command line is not safe. Use --password-stdin.")
        }
        var request = RegistryRequest(.login, try Server.name(server), in: globals.configuration)
        request.settings = registry.registries
        request.username = username
        request.password = password
        request.readsPassword = passwordStdin
        return try RegistryProgram.become(request)
    }
}

/// `nestbox logout`.
struct LogOut: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "logout", abstract: "Forget the password for a registry.", usage: "nestbox logout [<server>]")
    static let switches: [String: Character?] = [:]

    @Argument(help: .init("The registry (default docker.io).", valueName: "server"))
    var server: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        try RegistryProgram.become(RegistryRequest(.logout, Server.name(server), in: globals.configuration))
    }
}

private enum Server {
    static func name(_ text: String?) throws(ConfigurationError) -> String {
        guard let text, !text.isEmpty else { return ImageReference.defaultDomain }
        guard let host = RegistryHost(entered: text) else {
            throw ConfigurationError("SERVER", text, "it is no name of a registry", accepted: "give HOST or HOST:PORT")
        }
        return host.name
    }
}
