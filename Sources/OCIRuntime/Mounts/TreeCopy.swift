internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Copies what an image has in a folder into a file system that is mounted over it (the option `tmpcopyup`).
///
/// Only folders, regular files and symlinks; nothing is followed, and nothing but a regular file is opened for reading.
enum TreeCopy {
    private static let maximumDepth = 64

    /// Copies the entries of one open folder into another, and its mode and owner.
    ///
    /// - Throws: `SystemError`.
    static func copy(
        _ source: borrowing FileDescriptor, to target: borrowing FileDescriptor, depth: Int = 0
    ) throws(SystemError) {
        guard depth < maximumDepth else { throw SystemError("copy", "a folder", .tooManyLinks) }
        let status = try source.status()
        let number = target.rawValue
        try retrying("change the owner of", "a folder") { fchown(number, status.st_uid, status.st_gid) }
        try retrying("change the mode of", "a folder") { fchmod(number, status.st_mode & 0o7777) }
        for name in try StoredFile.names(in: "/proc/self/fd/\(source.rawValue)") {
            let entry = try source.open(name, NB_O_PATH | O_NOFOLLOW)
            let status = try entry.status()
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                try retrying("make folder", name) { mkdirat(number, name, 0o700) }
                let folder = try source.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                try copy(folder, to: try target.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), depth: depth + 1)
            case S_IFREG: try copyFile(name, entry, status, to: target)
            case S_IFLNK: try copyLink(name, source, status, to: target)
            default: continue
            }
        }
    }

    private static func copyFile(
        _ name: String, _ entry: borrowing FileDescriptor, _ status: stat, to target: borrowing FileDescriptor
    ) throws(SystemError) {
        // What was looked at, whatever the name means by now.
        let file = try FileDescriptor.open("/proc/self/fd/\(entry.rawValue)")
        let copy = try target.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
        let (from, to) = (file.rawValue, copy.rawValue)
        var left = status.st_size
        while left > 0 {
            let count = try retrying("copy", name) { sendfile(to, from, nil, Int(min(left, 1 << 20))) }
            if count == 0 { break }
            left -= count
        }
        try retrying("change the owner of", name) { fchown(to, status.st_uid, status.st_gid) }
        try retrying("change the mode of", name) { fchmod(to, status.st_mode & 0o7777) }
    }

    private static func copyLink(
        _ name: String, _ source: borrowing FileDescriptor, _ status: stat, to target: borrowing FileDescriptor
    ) throws(SystemError) {
        let (from, to) = (source.rawValue, target.rawValue)
        var path = [CChar](repeating: 0, count: 4097)
        try retrying("read", name) { readlinkat(from, name, &path, 4096) }
        try retrying("link", name) { symlinkat(path, to, name) }
        try retrying("change the owner of", name) {
            fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW)
        }
    }
}
