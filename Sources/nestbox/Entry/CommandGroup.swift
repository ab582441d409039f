internal import ArgumentParser

/// A command that consists of others: `nestbox network create`.
protocol CommandGroup: ParsableCommand {
    /// What it consists of.
    static var commands: [any NestboxCommand.Type] { get }
    /// Docker's other spellings of their names.
    static var aliases: [String: String] { get }
}

extension CommandGroup {
    static var aliases: [String: String] { ["list": "ls", "remove": "rm"] }

    /// The command of a name, also in Docker's other spellings.
    static func command(named name: String) -> (any NestboxCommand.Type)? {
        let usual = aliases[name] ?? name
        return commands.first { ($0.configuration.commandName ?? $0._commandName) == usual }
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
