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

    @OptionGroup var archive: ArchiveOutputOptions

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var container: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        try archive.refuseTerminal(Self.verb)
        let engine = try globals.engine()
        let container = try engine.container(container)
        try archive.write { file in try engine.export(container, to: file) }
        return 0
    }
}
