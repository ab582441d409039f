internal import CLinux
internal import Glibc

/// A program that nobody can write through, whoever reaches it by `/proc/PID/exe` (CVE-2019-5736).
///
/// It is opened from a read-only overlay over its folder: a mount that is attached nowhere, costs no copy of the program
/// (runc issue 1980) and takes no lock that parallel starts contend for (runc issue 3931).
public struct SealedExecutable: ~Copyable, Sendable {
    /// The program, to be executed.
    public let program: FileDescriptor
    /// What it was opened through; nil once that is closed.
    private var mounts: Mounts?

    private struct Mounts: ~Copyable, Sendable {
        let overlay, lower, empty: FileDescriptor
    }

    /// Opens the program at `path` through such an overlay.
    ///
    /// - Throws: `SystemError`.
    public init(_ path: String) throws(SystemError) {
        guard let slash = path.lastIndex(of: "/") else {
            throw SystemError("seal", path, .invalidArgument, hint: "the path must be absolute")
        }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        var seal = nb_seal()
        let result = nb_open_sealed(folder, String(path[path.index(after: slash)...]), &seal)
        program = FileDescriptor(
            owning: try checked(result, "seal", path, hint: "its folder must be one that overlayfs can read"))
        mounts = Mounts(
            overlay: FileDescriptor(owning: seal.overlay), lower: FileDescriptor(owning: seal.lower),
            empty: FileDescriptor(owning: seal.empty))
    }

    /// Closes what the program was opened through, which takes the kernel longer than opening it: time that there is while the program
    /// starts.
    public mutating func settle() {
        mounts = nil
    }

    /// The running program is one that nobody can write through.
    public static func isSealed() -> Bool { nb_is_sealed() == 1 }

    /// The running program's descriptor, to execute it again.
    ///
    /// - Throws: `SystemError`.
    public static func running() throws(SystemError) -> FileDescriptor {
        try FileDescriptor.open("/proc/self/exe", NB_O_PATH)
    }
}
