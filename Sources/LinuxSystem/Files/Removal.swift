internal import CLinux
internal import Glibc

/// Removing files and whole folders without following a symlink.
public enum Removal {
    /// Removes each path with all below it; what is not there counts as removed.
    ///
    /// A path that cannot be removed is left for the next command that finds it.
    public static func removeAll(_ paths: [String]) {
        for path in paths { try? remove(path) }
    }

    /// Removes `path` with all below it, if it is there.
    ///
    /// - Throws: `SystemError`.
    public static func remove(_ path: String) throws(SystemError) {
        let slash = path.lastIndex(of: "/")
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let parent: FileDescriptor
        do throws(SystemError) {
            parent = try FileDescriptor.open(
                slash.map { String(path[...$0]) } ?? ".", NB_O_PATH | O_DIRECTORY)
        } catch  where error.errno == .noSuchFile {
            return
        }
        try remove(name, in: parent)
    }

    /// Removes `name` in an open folder with all below it, if it is there.
    ///
    /// - Throws: `SystemError`.
    public static func remove(_ name: String, in parent: borrowing FileDescriptor) throws(SystemError) {
        let number = parent.rawValue
        if unlinkat(number, name, 0) == 0 { return }
        let errno = Errno.current
        if errno == .noSuchFile { return }
        guard errno == .isDirectory || errno == .notPermitted else { throw SystemError("remove", name, errno) }
        // Most folders of a container that wrote nothing are empty.
        if unlinkat(number, name, AT_REMOVEDIR) == 0 { return }
        guard Errno.current == .notEmpty || Errno.current == .exists else {
            throw SystemError("remove", name, .current)
        }
        let folder = try parent.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        try removeContents(of: folder)
        try retrying("remove", name) { unlinkat(number, name, AT_REMOVEDIR) }
    }

    private static func removeContents(of folder: borrowing FileDescriptor) throws(SystemError) {
        let copy = fcntl(folder.rawValue, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0, let stream = fdopendir(copy) else { throw SystemError("read", "a folder", .current) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        for name in names { try remove(name, in: folder) }
    }
}
