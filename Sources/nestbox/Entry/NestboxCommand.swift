internal import ArgumentParser

/// A command of the program.
protocol NestboxCommand: ParsableCommand {
    /// Its flags without a value, by long name, with their letters. A test compares them with the declared ones.
    static var switches: [String: Character?] { get }
    /// Whether flags may also follow the first argument that is none.
    static var isInterspersed: Bool { get }
    /// How it is called: `run`, `network create`.
    static var verb: String { get }
    /// What the program ends with when the command fails without an exit code of its own.
    static var failureCode: Int32 { get }

    /// Does the work.
    ///
    /// - Returns: the program's exit code.
    func execute(_ globals: GlobalOptions) throws -> Int32
}

extension NestboxCommand {
    static var isInterspersed: Bool { true }
    static var failureCode: Int32 { 1 }
    static var verb: String { configuration.commandName ?? _commandName }
}

extension CommandConfiguration {
    /// A command of this program.
    ///
    /// It says that it stands below another: each is parsed alone, and ArgumentParser would look at every command line first
    /// for a wish for completion scripts, which only the program as a whole has.
    static func command(
        name: String? = nil, abstract: String, usage: String, discussion: String = ""
    ) -> CommandConfiguration {
        CommandConfiguration(
            commandName: name, _superCommandName: "nestbox", abstract: abstract, usage: usage, discussion: discussion,
            helpNames: [.long])
    }
}
