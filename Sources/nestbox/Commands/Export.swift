internal import ArgumentParser
internal import Glibc
internal import Nestbox

/// `nestbox export`.
struct Export: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Write all files of a container into a tar archive that 'import' takes.",
        usage: "nestbox export [<flags>] <container>",
        discussion: "What is in volumes and other mounts is not part of it. The container may run.")
    static let switches: [String: Character?] = [:]

    @Option(
        name: .shortAndLong, help: .init("The archive's file; none: standard output.", valueName: "path"),
        completion: .file())
    var output: String?

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var container: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        if output == nil, Terminal.isTerminal(STDOUT_FILENO) {
            throw UsageError(
                "an archive is not for a terminal: name a file with --output, or redirect standard output",
                command: Self.verb)
        }
        let engine = try globals.engine()
        let container = try engine.container(container)
        guard let output else {
            try engine.export(container, to: STDOUT_FILENO)
            return 0
        }
        try OutputFile.write(output) { file in try engine.export(container, to: file) }
        return 0
    }
}
