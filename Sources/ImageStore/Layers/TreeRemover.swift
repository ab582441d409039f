internal import Glibc
internal import LinuxSystem

/// Removes files and whole folder trees without following a symbolic link, with two descriptors however deep they are.
///
/// Folders that are not empty are moved up, beside each other, into `scratch` and emptied there one by one: no recursion
/// that a hostile layer's thousands of nested folders could exhaust, and no path longer than one component.
struct TreeRemover: ~Copyable {
    private let scratch: Int32
    private var moved = 0

    /// - Parameter scratch: an open folder on the same file system, which nobody else writes to. Must stay open.
    init(scratch: Int32) {
        self.scratch = scratch
    }

    /// Removes `name` in the open folder `parent`; nothing there is no fault.
    ///
    /// - Throws: `SystemError`.
    mutating func remove(_ name: UnsafePointer<CChar>, in parent: Int32) throws(SystemError) {
        if try Self.removeSingle(name, in: parent) { return }
        try empty([try move(name, in: parent)])
    }

    /// Removes everything in `scratch`.
    ///
    /// - Throws: `SystemError`.
    mutating func removeScratch() throws(SystemError) {
        var folders: [String] = []
        let number = scratch
        try Self.forEachName(in: number) { (name) throws(SystemError) in
            if try !Self.removeSingle(name, in: number) { folders.append(String(cString: name)) }
        }
        try empty(folders)
    }

    private mutating func empty(_ folders: [String]) throws(SystemError) {
        var pending = folders
        while let next = pending.last {
            let start = pending.count
            try empty(next, into: &pending)
            // Removing while reading may pass over names; then the folder stays in the list for another turn.
            if try Self.removeSingle(next, in: scratch) { pending.remove(at: start - 1) }
        }
    }

    private mutating func empty(_ folder: String, into pending: inout [String]) throws(SystemError) {
        let number = scratch
        let descriptor = FileDescriptor(
            owning: try retrying("open", folder) {
                openat(number, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            })
        try Self.forEachName(in: descriptor.rawValue) { (name) throws(SystemError) in
            if try !Self.removeSingle(name, in: descriptor.rawValue) {
                pending.append(try move(name, in: descriptor.rawValue))
            }
        }
    }

    /// Moves a folder into `scratch` under a free name, which it answers.
    private mutating func move(_ name: UnsafePointer<CChar>, in parent: Int32) throws(SystemError) -> String {
        while true {
            moved += 1
            let target = "removed-\(moved)"
            if renameat(parent, name, scratch, target) == 0 { return target }
            let errno = Errno.current
            // The name is taken by what an interrupted removal left.
            if errno == .exists || errno == .notEmpty || errno == .notDirectory { continue }
            throw SystemError("move", EntryPath.text(name), errno)
        }
    }

    /// Removes a file or an empty folder; false for a folder with something in it.
    private static func removeSingle(_ name: UnsafePointer<CChar>, in parent: Int32) throws(SystemError) -> Bool {
        if unlinkat(parent, name, 0) == 0 { return true }
        switch Errno.current {
        case .noSuchFile: return true
        case .isDirectory, .notPermitted:
            if unlinkat(parent, name, AT_REMOVEDIR) == 0 { return true }
            switch Errno.current {
            case .noSuchFile: return true
            case .notEmpty, .exists: return false
            case let errno: throw SystemError("remove", EntryPath.text(name), errno)
            }
        case let errno: throw SystemError("remove", EntryPath.text(name), errno)
        }
    }

    /// Calls `body` with every name in the open folder but `.` and `..`.
    static func forEachName(
        in descriptor: Int32, _ body: (UnsafePointer<CChar>) throws(SystemError) -> Void
    ) throws(SystemError) {
        let copy = try retrying("open", "a folder") {
            openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard let stream = fdopendir(copy) else {
            let errno = Errno.current
            close(copy)
            throw SystemError("read", "a folder", errno)
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            var failure: SystemError?
            withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    guard strcmp(name, ".") != 0, strcmp(name, "..") != 0 else { return }
                    do throws(SystemError) {
                        try body(name)
                    } catch {
                        failure = error
                    }
                }
            }
            if let failure { throw failure }
        }
    }
}
