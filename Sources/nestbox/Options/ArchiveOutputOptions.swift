internal import ArgumentParser
internal import Glibc

/// Where an archive goes.
struct ArchiveOutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong, help: .init("The archive's file; none: standard output.", valueName: "path"),
        completion: .file())
    var output: String?

    /// - Throws: `UsageError` when it would go to a terminal.
    func refuseTerminal(_ command: String) throws {
        guard output == nil, Terminal.isTerminal(STDOUT_FILENO) else { return }
        throw UsageError(
            "an archive is not for a terminal: name a file with --output, or redirect standard output", command: command
        )
    }

    /// Lets `body` write the archive to a descriptor; a file that fails is not there, or as it was.
    ///
    /// - Throws: `SystemError`, what `body` throws.
    func write(_ body: (Int32) throws -> Void) throws {
        guard let output else { return try body(STDOUT_FILENO) }
        try OutputFile.write(output, body)
    }
}
