internal import Glibc
internal import LinuxSystem

/// Where results and progress go.
struct Output: Sendable {
    /// Standard output, or standard error where a container's output must not be mixed with it.
    let descriptor: Int32

    /// Writes a line.
    ///
    /// - Throws: `SystemError`.
    func line(_ text: String) throws(SystemError) { try Self.write(text + "\n", to: descriptor) }

    /// Writes text as it is.
    ///
    /// - Throws: `SystemError`.
    func write(_ text: String) throws(SystemError) { try Self.write(text, to: descriptor) }

    /// A line for a person, on standard error; nobody is left to tell when that fails.
    static func notice(_ text: String) { try? write("nestbox: \(text)\n", to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) throws(SystemError) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            offset += try retrying("write", descriptor == STDERR_FILENO ? "standard error" : "standard output") {
                bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            }
        }
    }
}
