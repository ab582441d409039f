internal import ArgumentParser
internal import ImageStore
internal import Nestbox
internal import OCISpec

/// `nestbox commit`.
struct Commit: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Make an image from a container and what it has changed.",
        usage: "nestbox commit [<flags>] <container> [<name>[:<tag>]]",
        discussion: "What is in volumes is not part of it. Prints the image's id.")
    static let switches: [String: Character?] = ["pause": "p"]

    @Option(name: .shortAndLong, help: .init("Who made it, e.g. 'Ada <ada@example.org>'.", valueName: "text"))
    var author: String?

    @OptionGroup var description: ImageDescriptionOptions

    @Flag(
        name: .shortAndLong, inversion: .prefixedNo,
        help: "Stop the container's processes while its files are read; -p=false does not.")
    var pause = true

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var container: String

    @Argument(help: "The image's name; none: it is known by its id only.")
    var name: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let changes = try ImageOption.changes(description.change)
        let reference = try name.map { text throws(ConfigurationError) in try ImageOption.reference(text) }
        let engine = try globals.engine()
        let image = try engine.commit(
            try engine.container(container),
            options: CommitOptions(
                reference: reference, author: author, message: description.message, changes: changes, pauses: pause))
        try StandardOutput.line(image.id.description)
        return 0
    }
}
