internal import Glibc
internal import LinuxSystem

/// Files that belong to whoever holds their flock, so that what a process that died has left is nobody's.
extension StoreFolder {
    /// Opens or makes such a file, and takes it; nil while another process has it.
    ///
    /// - Throws: `SystemError`.
    func own(_ path: String) throws(SystemError) -> FileDescriptor? {
        while true {
            let file = try descriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
            guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else { return nil }
            // Before the lock a prune may have removed it.
            if isStill(file, path) { return file }
        }
    }

    /// Removes a file that is owned, unless its name has gone elsewhere.
    func disown(_ file: borrowing FileDescriptor, _ path: String) {
        if isStill(file, path) { unlinkat(descriptor.rawValue, path, 0) }
    }

    /// Removes what nobody owns in a folder, which may be missing.
    ///
    /// - Returns: how many bytes the files had.
    /// - Throws: `SystemError`.
    func removeUnowned(in folder: String) throws(SystemError) -> Int64 {
        guard exists(folder) else { return 0 }
        var bytes: Int64 = 0
        for name in try names(in: folder) {
            let path = "\(folder)/\(name)"
            guard let file = try? descriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
                flock(file.rawValue, LOCK_EX | LOCK_NB) == 0
            else { continue }
            let size = size(of: path)
            if unlinkat(descriptor.rawValue, path, 0) == 0 { bytes += size }
        }
        return bytes
    }
}

extension FileDescriptor {
    /// Takes all out of a file, and goes to its beginning.
    ///
    /// - Throws: `SystemError`.
    func empty(_ path: String) throws(SystemError) {
        let number = rawValue
        try retrying("truncate", path) { ftruncate(number, 0) }
        try retrying("go to the beginning of", path) { lseek(number, 0, SEEK_SET) }
    }

    /// Writes a file anew in its place; whoever is killed meanwhile leaves half of it.
    ///
    /// - Throws: `SystemError`.
    func replaceContent(with bytes: [UInt8], of path: String) throws(SystemError) {
        try empty(path)
        try writeAll(bytes)
    }
}
