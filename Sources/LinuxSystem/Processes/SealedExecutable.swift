internal import CLinux
internal import Glibc

/// A program that nobody can write through, whoever reaches it by `/proc/PID/exe` (CVE-2019-5736).
///
/// It is opened from a read-only overlay over its folder: a mount that is attached nowhere, costs no copy of the program
/// (runc issue 1980) and takes no lock that parallel starts contend for (runc issue 3931).
public enum SealedExecutable {
    /// Opens the program at `path` through such an overlay.
    ///
    /// - Throws: `SystemError`.
    public static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        guard let slash = path.lastIndex(of: "/") else {
            throw SystemError("seal", path, .invalidArgument, hint: "the path must be absolute")
        }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        let name = String(path[path.index(after: slash)...])
        let opened = try FileDescriptor.open(folder, NB_O_PATH | O_DIRECTORY)
        // A clone, so that it is found wherever it lies: by its path, the staging folder could hide it.
        let lower = FileDescriptor(owning: try checked(nb_clone_tree(opened.rawValue, "", 0), "clone", folder))
        // Without a writable layer overlayfs wants two: the second one is empty.
        let empty = try emptyFolder()
        let result = nb_mount_overlay([lower.rawValue, empty.rawValue], 2, -1, -1, NB_MOUNT_READ_ONLY, "/tmp")
        let overlay = FileDescriptor(
            owning: try checked(result, "seal", path, hint: "its folder must be one that overlayfs can read"))
        return try overlay.open(name, O_RDONLY | O_NOFOLLOW)
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
