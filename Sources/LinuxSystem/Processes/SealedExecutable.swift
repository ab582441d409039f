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
        let name = String(path[path.index(after: slash)...])
        let opened = try FileDescriptor.open(folder, NB_O_PATH | O_DIRECTORY)
        // A clone, so that it is found wherever it lies: by its path, the staging folder could hide it.
        let lower = FileDescriptor(owning: try checked(nb_clone_tree(opened.rawValue, "", 0), "clone", folder))
        // Without a writable layer overlayfs wants two: the second one is empty.
        let empty = try Self.emptyFolder()
        let result = nb_mount_overlay([lower.rawValue, empty.rawValue], 2, -1, -1, NB_MOUNT_READ_ONLY, "/tmp")
        let overlay = FileDescriptor(
            owning: try checked(result, "seal", path, hint: "its folder must be one that overlayfs can read"))
        program = try overlay.open(name, O_RDONLY | O_NOFOLLOW)
        mounts = Mounts(overlay: overlay, lower: lower, empty: empty)
    }

    /// Closes what the program was opened through, which takes the kernel longer than opening it: time that there is while the program
    /// starts.
    public mutating func settle() {
        mounts = nil
    }

    private static func emptyFolder() throws(SystemError) -> FileDescriptor {
        let context = FileDescriptor(owning: try checked(nb_fsopen("tmpfs"), "open", "tmpfs"))
        return FileDescriptor(
            owning: try checked(nb_fsmount(context.rawValue, NB_MOUNT_READ_ONLY), "mount", "an empty tmpfs"))
    }

    /// The running program is one that nobody can write through.
    public static func isSealed() -> Bool {
        guard let file = try? FileDescriptor.open("/proc/self/exe", NB_O_PATH) else { return false }
        return nb_is_on_read_only_overlay(file.rawValue) == 1
    }

    /// The running program's descriptor, to execute it again.
    ///
    /// - Throws: `SystemError`.
    public static func running() throws(SystemError) -> FileDescriptor {
        try FileDescriptor.open("/proc/self/exe", NB_O_PATH)
    }
}
