internal import ArgumentParser

/// A command that consists of others: `nestbox network create`.
protocol CommandGroup: ParsableCommand {
    /// What it consists of.
    static var commands: [any NestboxCommand.Type] { get }
}

extension CommandGroup {
    /// The command of a name, also in Docker's other spellings.
    static func command(named name: String) -> (any NestboxCommand.Type)? {
        let usual = ["list": "ls", "remove": "rm"][name] ?? name
        return commands.first { $0.configuration.commandName == usual }
    }
}

extension CommandConfiguration {
    /// A group of commands.
    static func group(
        name: String, abstract: String, commands: [any NestboxCommand.Type]
    ) -> CommandConfiguration {
        CommandConfiguration(
            commandName: name, _superCommandName: "nestbox", abstract: abstract,
            usage: "nestbox \(name) <command> [<flags>] [<argument> ...]", subcommands: commands, helpNames: [.long])
    }
}
