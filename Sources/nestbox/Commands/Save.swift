internal import ArgumentParser
internal import Glibc
internal import ImageStore
internal import LinuxSystem
internal import Nestbox

/// `nestbox save`.
struct Save: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Write images into an archive that 'load' takes, and Docker, Podman and skopeo, too.",
        usage: "nestbox save [<flags>] <image> ...",
        discussion: "A name without a tag stands for all tags of the repository.")
    static let switches: [String: Character?] = [:]

    @OptionGroup var archive: ArchiveOutputOptions

    @Argument(
        help: .init("Names, ids, or the beginnings of ids.", valueName: "image"), completion: .imageName)
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        try archive.refuseTerminal(Self.verb)
        let images = try globals.engine().images
        try archive.write { file in try images.save(names) { try StandardOutput.writeAll($0, to: file) } }
        return 0
    }
}

/// A file that a command writes.
enum OutputFile {
    /// Writes beside `path` and renames, so that nobody finds half an archive there; a fifo or device is written to as it is.
    ///
    /// - Parameter body: writes to the descriptor that it is given.
    /// - Throws: `SystemError`, what `body` throws; then what was at `path` is still there.
    static func write(_ path: String, _ body: (Int32) throws -> Void) throws {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            let file = try FileDescriptor.open(path, O_WRONLY | O_NOCTTY)
            try body(file.rawValue)
            return
        }
        let temporary = "\(path).new.\(getpid())"
        do {
            // With the caller's umask, as any file of theirs.
            let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o666)
            try body(file.rawValue)
            guard rename(temporary, path) == 0 else { throw SystemError("rename into place", path, .current) }
        } catch {
            unlink(temporary)
            throw error
        }
    }
}
