internal import ArgumentParser

/// A command that consists of others: `nestbox network create`.
protocol CommandGroup: ParsableCommand {
    /// What it consists of.
    static var commands: [any NestboxCommand.Type] { get }
    /// The groups of commands that it consists of, too.
    static var groups: [any CommandGroup.Type] { get }
    /// Docker's other spellings of their names.
    static var aliases: [String: String] { get }
    /// How it is called: `network`, `repository lifecycle`.
    static var verb: String { get }
}

extension CommandGroup {
    static var groups: [any CommandGroup.Type] { [] }
    static var aliases: [String: String] { ["list": "ls", "remove": "rm"] }
    static var verb: String { configuration.commandName ?? _commandName }

    /// The command of a name, also in Docker's other spellings.
    static func command(named name: String) -> (any NestboxCommand.Type)? {
        let usual = aliases[name] ?? name
        return commands.first { ($0.configuration.commandName ?? $0._commandName) == usual }
    }
}

extension CommandConfiguration {
    /// A group of commands.
    ///
    /// - Parameter parent: the group that it is part of; nil: none.
    static func group(
        name: String, below parent: String? = nil, abstract: String, commands: [any NestboxCommand.Type],
        groups: [any CommandGroup.Type] = []
    ) -> CommandConfiguration {
        let verb = parent.map { "\($0) \(name)" } ?? name
        return CommandConfiguration(
            commandName: name, _superCommandName: "nestbox", abstract: abstract,
            usage: "nestbox \(verb) <command> [<flags>] [<argument> ...]", subcommands: commands + groups,
            helpNames: [.long])
    }
}
