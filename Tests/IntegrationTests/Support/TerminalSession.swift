import Glibc
import LinuxSystem

/// A program on a pseudo terminal, as a person has it before them.
final class TerminalSession {
    private let screen: FileDescriptor
    private let pid: pid_t
    private(set) var text = ""

    // ioctl_tty(2) and spawn.h, which Swift does not see: TIOCSPTLCK, TIOCGPTN, POSIX_SPAWN_SETSID.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430
    private static let newSession: Int16 = 0x80

    /// Starts `arguments[0]` as the leader of a session of its own, with the terminal as its controlling one.
    init(_ arguments: [String], rows: UInt16, columns: UInt16, environment: [String] = ["TERM=xterm"]) throws {
        let master = try FileDescriptor.open("/dev/ptmx", O_RDWR | O_NOCTTY).release()
        screen = FileDescriptor(owning: master)
        var (locked, number) = (Int32(0), UInt32(0))
        guard ioctl(master, Self.setLock, &locked) == 0, ioctl(master, Self.getNumber, &number) == 0 else {
            throw SystemError("unlock", "a pseudo terminal", .current)
        }
        let name = "/dev/pts/\(number)"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Self.newSession)
        var argv = arguments.map { strdup($0) } + [nil]
        let variables = ["PATH=/usr/bin:/bin"] + environment
        var envp = variables.map { strdup($0) } + [nil]
        defer {
            for pointer in argv { free(pointer) }
            for pointer in envp { free(pointer) }
        }
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
        var child: pid_t = 0
        let result = posix_spawnp(&child, arguments[0], &actions, &attributes, &argv, &envp)
        pid = child
        guard result == 0 else { throw SystemError("start", arguments[0], Errno(result)) }
    }

    func type(_ text: String) { try? screen.writeAll(Array(text.utf8)) }

    /// Gives the terminal another size; the kernel tells the program by SIGWINCH.
    func resize(rows: UInt16, columns: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(screen.rawValue, UInt(TIOCSWINSZ), &size)
    }

    /// Whether the program has taken the terminal's own line editing and signals away.
    var isRaw: Bool {
        var settings = termios()
        tcgetattr(screen.rawValue, &settings)
        return settings.c_lflag & tcflag_t(ICANON | ECHO | ISIG) == 0
    }

    /// Reads until the screen has shown `wanted`, within a bound.
    func shows(_ wanted: String, seconds: Int = 20) -> Bool {
        read(seconds: seconds) { $0.contains(wanted) }
        return text.contains(wanted)
    }

    private func read(seconds: Int, until condition: (String) -> Bool) {
        let deadline = time(nil) + seconds * TestEngine.patience
        var buffer = [UInt8](repeating: 0, count: 65536)
        while !condition(text), time(nil) < deadline {
            var entry = pollfd(fd: screen.rawValue, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 200) > 0 else { continue }
            let count = buffer.withUnsafeMutableBytes { Glibc.read(screen.rawValue, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    /// Reads to the program's end and answers its exit status; -1 when it had to be killed.
    func finish(seconds: Int = 20) -> Int32 {
        var status: Int32 = 0
        let ended = TestEngine.eventually(seconds: seconds) {
            read(seconds: 0) { _ in true }
            return waitpid(pid, &status, WNOHANG) == pid
        }
        guard ended else {
            kill(pid, SIGKILL)
            waitpid(pid, &status, 0)
            return -1
        }
        read(seconds: 1) { _ in false }
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f)
    }
}
