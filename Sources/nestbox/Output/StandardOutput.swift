internal import Glibc
internal import LinuxSystem

/// Writing what a command prints, completely.
enum StandardOutput {
    /// Writes text to standard output.
    ///
    /// - Throws: `SystemError`.
    static func write(_ text: String) throws(SystemError) {
        var text = text
        var failure: SystemError?
        text.withUTF8 { bytes in
            do throws(SystemError) {
                try writeAll(UnsafeRawBufferPointer(bytes), to: STDOUT_FILENO)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Writes a line to standard output.
    ///
    /// - Throws: `SystemError`.
    static func line(_ text: String) throws(SystemError) { try write(text + "\n") }

    /// Writes every byte, waiting where the descriptor is non-blocking.
    ///
    /// - Throws: `SystemError`.
    static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(SystemError) {
        var offset = 0
        while offset < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
            if count >= 0 {
                offset += count
                continue
            }
            let error = Errno.current
            switch error {
            case .interrupted: continue
            case .tryAgain:
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waiting, 1, -1)
            default:
                throw SystemError("write", descriptor == STDERR_FILENO ? "standard error" : "standard output", error)
            }
        }
    }
}

/// Writing what a person should know.
enum StandardError {
    /// `nestbox: ` and the text, as one line; nobody is left to tell when that fails.
    ///
    /// The text may quote an image: no control character of it reaches the terminal.
    static func line(_ text: String) { plain("nestbox: \(text.unicodeScalars.map(visible).joined())") }

    private static func visible(_ scalar: Unicode.Scalar) -> String {
        guard scalar.properties.generalCategory == .control else { return String(scalar) }
        let digits = String(scalar.value, radix: 16)
        return scalar == "\n" ? "\\n" : "\\x\(digits.count < 2 ? "0" : "")\(digits)"
    }

    /// A line without the program's name.
    static func plain(_ text: String) { write(text + "\n") }

    /// Text as it is.
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        bytes.withUnsafeBytes { try? StandardOutput.writeAll($0, to: STDERR_FILENO) }
    }
}
