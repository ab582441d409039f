internal import Glibc
internal import LinuxSystem
internal import NestboxRegistry

/// Asking a person.
enum Prompt {
    private static let limit = 64 << 10

    /// A line that is shown while it is typed.
    ///
    /// - Throws: `RegistryError.request` when nobody can be asked.
    static func line(_ question: String) throws -> String {
        guard isatty(STDIN_FILENO) == 1 else {
            throw RegistryError.request("standard input is no terminal; give --username and --password-stdin")
        }
        try Output(descriptor: STDERR_FILENO).write(question)
        return Self.trimmed(readLine() ?? "")
    }

    /// A line that is not shown.
    ///
    /// - Throws: `RegistryError.request` when nobody can be asked, `SystemError`.
    static func secret(_ question: String) throws -> String {
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else {
            throw RegistryError.request("standard input is no terminal; give --password-stdin")
        }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        // A signal that ended the program here would leave the terminal silent.
        var (signals, previous) = (sigset_t(), sigset_t())
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, &previous)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
            pthread_sigmask(SIG_SETMASK, &previous, nil)
        }
        try Output(descriptor: STDERR_FILENO).write(question)
        let text = readLine() ?? ""
        try Output(descriptor: STDERR_FILENO).write("\n")
        return Self.trimmed(text)
    }

    /// All of standard input, without the newline at its end.
    ///
    /// - Throws: `SystemError`.
    static func passwordFromInput() throws -> String {
        let copy = try retrying("read", "standard input") { fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) }
        let bytes = try FileDescriptor(owning: copy).readAll(limit: limit)
        return trimmed(String(decoding: bytes, as: UTF8.self))
    }

    private static func trimmed(_ text: String) -> String {
        var text = text
        while let last = text.last, last.isNewline { text.removeLast() }
        return text
    }
}
