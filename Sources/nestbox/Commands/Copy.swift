internal import ArgumentParser
internal import Glibc
internal import ImageStore
internal import Nestbox

/// `nestbox cp`.
struct Copy: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "cp", abstract: "Copy files and folders between a container, which may run, and this machine.",
        usage:
            "nestbox cp [<flags>] <container>:<path> <destination>|- , nestbox cp [<flags>] <source>|- <container>:<path>",
        discussion:
            "A path that ends in /. means what is in the folder. - is a tar archive on standard output or input.")
    static let switches: [String: Character?] = ["archive": "a", "follow-link": "L", "quiet": "q"]

    @Flag(name: .shortAndLong, help: "Keep the files' owners, as numbers.")
    var archive = false

    @Flag(
        name: [.customLong("follow-link"), .customShort("L")],
        help: "Copy what a source that is a symbolic link leads to.")
    var followLink = false

    @Flag(name: .shortAndLong, help: "Say nothing at the end.")
    var quiet = false

    @Argument(help: "CONTAINER:PATH, or a path of this machine, or -.", completion: .file())
    var source: String

    @Argument(help: "CONTAINER:PATH, or a path of this machine, or -.", completion: .file())
    var destination: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let from = CopyArgument(source)
        let to = CopyArgument(destination)
        let options = CopyOptions(keepsOwners: archive, followsLink: followLink)
        let report: TransferReport
        guard !source.isEmpty, !destination.isEmpty else {
            throw UsageError("the source or the destination is empty", command: Self.verb)
        }
        switch (from.container, to.container) {
        case (let name?, nil):
            let engine = try globals.engine()
            let container = try engine.container(name)
            guard to.path == "-" else {
                report = try engine.copy(from.path, of: container, to: to.path, options: options)
                break
            }
            guard !Terminal.isTerminal(STDOUT_FILENO) else {
                throw UsageError("an archive is not for a terminal: redirect standard output", command: Self.verb)
            }
            report = try engine.archive(from.path, of: container, to: STDOUT_FILENO, options: options)
        case (nil, let name?):
            if from.path == "-", Terminal.isTerminal(STDIN_FILENO) {
                throw UsageError("there is nothing to copy: redirect an archive to standard input", command: Self.verb)
            }
            let engine = try globals.engine()
            let container = try engine.container(name)
            report =
                from.path == "-"
                ? try engine.extract(STDIN_FILENO, to: to.path, of: container, options: options)
                : try engine.copy(from.path, to: to.path, of: container, options: options)
        case (.some, .some): throw UsageError("copying between containers is not supported", command: Self.verb)
        case (nil, nil): throw UsageError("one of the two must be CONTAINER:PATH", command: Self.verb)
        }
        for line in report.leftOut { StandardError.line("warning: \(line)") }
        // As Docker does it: for a person only.
        if !quiet, to.path != "-", Terminal.isTerminal(STDOUT_FILENO) {
            StandardError.plain("Successfully copied \(HumanText.size(report.bytes)) to \(destination)")
        }
        return 0
    }
}

/// `CONTAINER:PATH`, or a path of this machine.
struct CopyArgument: Equatable {
    /// The container; nil: this machine.
    var container: String?
    var path: String

    /// A colon makes a container's path, unless the argument starts like a path: `/a:b`, `./a:b`.
    init(_ argument: String) {
        path = argument
        guard !argument.hasPrefix("/"), !argument.hasPrefix("."), let colon = argument.firstIndex(of: ":") else {
            return
        }
        container = String(argument[..<colon])
        path = String(argument[argument.index(after: colon)...])
    }
}
