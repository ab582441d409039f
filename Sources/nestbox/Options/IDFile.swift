internal import Glibc
internal import LinuxSystem
internal import Nestbox

/// The file that `--cidfile` names.
///
/// It is made before the container, so that a path that cannot be written costs no container; an empty one goes again when
/// there was none.
final class IDFile {
    private let path: String?
    private var isWritten = false

    /// Makes the file; nil: there is none to make.
    ///
    /// - Throws: `ConfigurationError` when it exists or cannot be made.
    init(_ path: String?) throws(ConfigurationError) {
        self.path = path.flatMap { $0.isEmpty ? nil : $0 }
        guard let path = self.path else { return }
        do {
            _ = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
        } catch {
            isWritten = true
            throw ConfigurationError(
                "--cidfile", path, "the file cannot be made: \(error.errno.meaning)",
                accepted: "name a file that does not exist, in a folder that does")
        }
    }

    /// Writes the id.
    ///
    /// - Throws: `SystemError`.
    func write(_ id: String) throws(SystemError) {
        guard let path else { return }
        try FileDescriptor.open(path, O_WRONLY).writeAll(Array(id.utf8))
        isWritten = true
    }

    deinit { if let path, !isWritten { unlink(path) } }
}
