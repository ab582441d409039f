internal import CLinux
internal import Glibc
internal import LinuxSystem

/// What folders get once nothing more is made in them: permissions that would get in the way before, and their times.
struct FolderAttributes: Sendable {
    private struct Record: Sendable {
        var pathStart: Int
        var inode: UInt64
        var permissions: mode_t?
        var time: timespec
    }

    private var records: [Record] = []
    /// All paths, each with a NUL after it: one allocation instead of thousands.
    private var paths: [CChar] = []

    /// Notes a folder; a later note of the same folder counts.
    mutating func append(_ path: borrowing EntryPath, inode: UInt64, permissions: mode_t?, time: timespec) {
        records.append(Record(pathStart: paths.count, inode: inode, permissions: permissions, time: time))
        path.copyBytes(into: &paths)
    }

    /// Sets everything noted.
    ///
    /// Folders that were removed or replaced since are passed over.
    ///
    /// - Throws: `SystemError`.
    func apply(root: Int32) throws(SystemError) {
        for record in records {
            try withPath(of: record) { (path) throws(SystemError) in
                let text = path.pointee == 0 ? "." : EntryPath.text(path)
                let number =
                    path.pointee == 0
                    ? openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                    : nb_open_in_root(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
                guard number >= 0 else { return }
                let folder = FileDescriptor(owning: number)
                guard UInt64(try folder.status().st_ino) == record.inode else { return }
                if let permissions = record.permissions {
                    try retrying("change the permissions of", text) { fchmod(number, permissions) }
                }
                try retrying("set the time of", text) { FileCalls.setModificationTime(number, record.time) }
            }
        }
    }

    private func withPath(
        of record: Record, _ body: (UnsafePointer<CChar>) throws(SystemError) -> Void
    ) throws(SystemError) {
        var failure: SystemError?
        paths.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            do throws(SystemError) {
                try body(base + record.pathStart)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
