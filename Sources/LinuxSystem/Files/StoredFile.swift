internal import Glibc

/// Reading and replacing the engine's own small files.
///
/// None of these paths can be influenced by a container.
public enum StoredFile {
    /// The longest record that is read back, in bytes; a container with thousands of variables stays far below.
    public static let limit = 16 << 20

    /// The file's bytes, or nil when there is none.
    public static func read(_ path: String) throws(SystemError) -> [UInt8]? {
        guard let file = try open(path) else { return nil }
        do {
            return try file.readAll(limit: limit)
        } catch {
            throw SystemError("read", path, error.errno)
        }
    }

    /// The file, for reading, or nil when there is none.
    public static func open(_ path: String) throws(SystemError) -> FileDescriptor? {
        do {
            return try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW)
        } catch  where error.errno == .noSuchFile || error.errno == .notDirectory {
            return nil
        }
    }

    /// A text file of the host's, links followed, or nil when there is none.
    public static func readText(_ path: String) throws(SystemError) -> String? {
        do {
            let file = try FileDescriptor.open(path)
            return String(decoding: try file.readAll(limit: 1 << 20), as: UTF8.self)
        } catch  where error.errno == .noSuchFile {
            return nil
        }
    }

    /// Writes a file that only a complete record beside it gives a meaning to, so that it needs no rename.
    public static func write(_ path: String, _ text: String, mode: UInt32) throws(SystemError) {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
        try file.writeAll(Array(text.utf8))
        // The umask of whoever runs the command must not decide what the container's users may read.
        let number = file.rawValue
        try retrying("change the mode of", path) { fchmod(number, mode) }
    }

    /// Makes the folder and, only when they turn out to be missing, the folders above it with `parents` as their mode.
    public static func makeFolder(_ path: String, mode: UInt32 = 0o700, parents: UInt32 = 0o700) throws(SystemError) {
        do {
            try retrying("make folder", path) { path.withCString { mkdir($0, mode) } }
        } catch  where error.errno == .exists {
            return
        } catch  where error.errno == .noSuchFile {
            guard let end = path.utf8.lastIndex(of: UInt8(ascii: "/")), end > path.startIndex else { throw error }
            try makeFolder(String(path[..<end]), mode: parents, parents: parents)
            try makeFolder(path, mode: mode, parents: parents)
        }
    }

    /// Makes a folder of the host that a bind mount needs, and those above it, as Docker's `-v` does: 0755, root's.
    public static func makeHostFolder(_ path: String) throws(SystemError) {
        try makeFolder(path, mode: 0o755, parents: 0o755)
    }

    /// Removes a name; its absence is no failure.
    public static func remove(_ path: String) throws(SystemError) {
        do {
            try retrying("remove", path) { path.withCString { unlink($0) } }
        } catch  where error.errno == .noSuchFile {
            return
        }
    }

    /// What a symlink says, or nil when there is none.
    public static func link(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { buffer in
            let count = buffer.baseAddress.map { readlink(path, $0, buffer.count) } ?? -1
            return count < 0 ? nil : String(decoding: UnsafeBufferPointer(rebasing: buffer[..<count]), as: UTF8.self)
        }
    }

    /// Whether anything, even a dangling link, has this name.
    public static func exists(_ path: String) -> Bool {
        path.withCString { faccessat(AT_FDCWD, $0, F_OK, AT_SYMLINK_NOFOLLOW) } == 0
    }

    /// Whether nothing has this name: an error is no answer.
    public static func isMissing(_ path: String) -> Bool { !exists(path) && Errno.current == .noSuchFile }

    /// The names in a folder without `.` and `..`; empty when the folder is missing.
    public static func names(in folder: String) throws(SystemError) -> [String] {
        guard let stream = folder.withCString({ opendir($0) }) else {
            let errno = Errno.current
            if errno == .noSuchFile { return [] }
            throw SystemError("list", folder, errno)
        }
        defer { closedir(stream) }
        var result: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cText: $0) }
            }
            if name != "." && name != ".." { result.append(name) }
        }
        return result
    }
}
