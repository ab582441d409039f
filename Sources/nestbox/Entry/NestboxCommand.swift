internal import ArgumentParser

/// A command of the program.
protocol NestboxCommand: ParsableCommand {
    /// Its flags without a value, by long name, with their letters. A test compares them with the declared ones.
    static var switches: [String: Character?] { get }
    /// Whether flags may also follow the first argument that is none.
    static var isInterspersed: Bool { get }
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
