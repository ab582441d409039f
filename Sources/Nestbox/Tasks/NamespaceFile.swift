internal import CLinux
internal import Glibc
internal import LinuxSystem

/// A file that a namespace is mounted on, so that it lives without a process in it (namespaces(7)).
enum NamespaceFile {
    /// Mounts a namespace of a process.
    static func mount(_ source: String, on path: String) throws(SystemError) {
        try StoredFile.write(path, "", mode: 0o600)
        let namespace = try FileDescriptor.open(source)
        let clone = FileDescriptor(owning: try checked(nb_clone_tree(namespace.rawValue, "", 0), "clone", source))
        try checked(nb_attach(clone.rawValue, AT_FDCWD, path), "mount a namespace on", path)
    }

    /// Whether a namespace is mounted there: it is a file of the kernel's nsfs then.
    static func isMounted(_ path: String) -> Bool {
        guard let file = try? FileDescriptor.open(path, NB_O_PATH | O_NOFOLLOW) else { return false }
        return nb_is_on_nsfs(file.rawValue) == 1
    }

    /// Takes the mount and the file away; neither needs to be there.
    static func remove(_ path: String) throws(SystemError) {
        try MountPoint.clear(path, while: isMounted)
        try StoredFile.remove(path)
    }
}
