import CLinux
import Glibc
import LinuxSystem
import OCISpec
import Testing

/// The criu of the machine.
enum InstalledCRIU {
    /// Whether it can dump and restore on this kernel: Debian 12's cannot on every one.
    static let works = (try? Command.run(["criu", "check"]).status) == 0
}

extension TestBundle {
    /// Where a test's image goes.
    var image: String { "\(folder)/image" }

    /// Counts until it is told to end, ten times a second, in its memory alone; ends with status 9.
    static let counter = "trap 'exit 9' TERM; i=0; while true; do echo $i; i=$((i+1)); sleep 0.1; done"

    /// Runs a command that stays with the container, until it has printed some lines.
    func attend(_ words: String..., lines count: Int = 3) throws -> Command {
        try write()
        let command = try Command(command(words))
        command.read { $0.split(separator: "\n").count > count }
        return command
    }

    /// Checkpoints the container and checks that it is gone.
    ///
    /// - Returns: the numbers that it has printed.
    func checkpoint(
        _ run: Command, _ options: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [Int] {
        let dumped = try Command.run(
            command(["checkpoint", "--image-path", image] + options + ["box"]), seconds: 60 * TestEngine.patience)
        #expect(dumped.status == 0 && dumped.error.isEmpty, "\(dumped)", sourceLocation: sourceLocation)
        let ended = run.finish()
        #expect(ended.status == 137, "\(ended)", sourceLocation: sourceLocation)
        try #expect(status("box") == nil, sourceLocation: sourceLocation)
        #expect(leftovers() == [], sourceLocation: sourceLocation)
        return ended.lines.compactMap { Int($0) }
    }

    /// Runs a program in the container.
    func inside(_ words: String...) throws -> CommandResult {
        try Command.run(command(["exec", "box"] + words), seconds: 60 * TestEngine.patience)
    }
}

/// A socket that gets the master of a terminal.
final class ConsoleListener {
    let path: String
    private let listener: FileDescriptor

    init(_ path: String) throws {
        self.path = path
        unlink(path)
        listener = FileDescriptor(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let number = listener.rawValue
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && listen(number, 1) == 0)
    }

    /// The terminal, once it has come.
    func terminal() throws -> FileDescriptor {
        let connection = FileDescriptor(owning: accept(listener.rawValue, nil, nil))
        var (byte, master) = (CChar(0), Int32(-1))
        #expect(nb_receive_descriptor(connection.rawValue, &byte, &master) == 1)
        try #require(master >= 0)
        return FileDescriptor(owning: master)
    }

    /// The next whole lines on a terminal.
    static func lines(_ terminal: borrowing FileDescriptor, _ count: Int) -> [String] {
        var (text, byte) = ("", UInt8(0))
        while text.split(separator: "\r\n").count <= count, read(terminal.rawValue, &byte, 1) == 1 {
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        return text.split(separator: "\r\n").prefix(count).map(String.init)
    }
}
