internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import Nestbox

/// The caller's terminal.
enum Terminal {
    /// Whether a descriptor is one.
    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// The size of the terminal that output goes to, else of the one that input comes from; nil: there is none.
    static var size: TerminalSize? {
        for descriptor in [STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO] {
            var (rows, columns): (UInt16, UInt16) = (0, 0)
            if nb_window_size(descriptor, &rows, &columns) == 0, rows > 0, columns > 0 {
                return TerminalSize(rows: rows, columns: columns)
            }
        }
        return nil
    }
}

/// Standard input's terminal in raw mode, in which every key goes to the container, until this value goes.
struct RawTerminal: ~Copyable {
    private let saved: termios

    private init(saved: termios) { self.saved = saved }

    /// Puts the terminal into raw mode.
    ///
    /// - Throws: `SystemError`.
    static func enter() throws(SystemError) -> RawTerminal {
        var settings = termios()
        try retrying("read", "the terminal's settings") { tcgetattr(STDIN_FILENO, &settings) }
        let terminal = RawTerminal(saved: settings)
        cfmakeraw(&settings)
        try retrying("change", "the terminal's settings") { tcsetattr(STDIN_FILENO, TCSANOW, &settings) }
        return terminal
    }

    deinit {
        var settings = saved
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }
}
