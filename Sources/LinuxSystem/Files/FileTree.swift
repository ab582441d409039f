internal import Glibc

/// Removing a folder whose contents a container may have made: names of any bytes, links to anywhere, any depth.
public enum FileTree {
    /// One descriptor and one listing stay open for each level; what lies deeper is moved up to the tree's first level,
    /// since a container can nest folders beyond any number of descriptors and any path length.
    private static let maximumDepth = 64
    /// How often a folder is listed again when it is not empty after all (moved-up folders, a writer still at work).
    private static let maximumPasses = 10_000

    /// Removes each path with all below it.
    ///
    /// One that cannot be removed is left for the next command that finds it.
    public static func removeAll(_ paths: [String]) {
        for path in paths { try? remove(path) }
    }

    /// Removes `path` and everything below it.
    ///
    /// No link is followed and no mount is entered.
    ///
    /// - Throws: `SystemError`, `EBUSY` when something is mounted below.
    public static func remove(_ path: String) throws(SystemError) {
        if unlink(path) == 0 { return }
        if rmdir(path) == 0 { return }
        if Errno.current == .noSuchFile || Errno.current == .notDirectory { return }
        // Another command, or a supervisor, may be removing the same: what is gone is gone.
        guard let root = try open(path) else { return }
        let device = try root.status().st_dev
        for _ in 0..<maximumPasses {
            try removeEntries(of: root.rawValue, root: root.rawValue, device: device, depth: 1)
            if rmdir(path) == 0 { return }
            let errno = Errno.current
            if errno == .noSuchFile { return }
            guard errno == .notEmpty || errno == .exists else { throw SystemError("remove folder", path, errno) }
        }
        throw SystemError("remove folder", path, .notEmpty, hint: "something keeps writing into it")
    }

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor? {
        do {
            return try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch  where error.errno == .noSuchFile {
            return nil
        }
    }

    private static func removeEntries(
        of folder: Int32, root: Int32, device: dev_t, depth: Int
    ) throws(SystemError) {
        // A new open file description: a duplicate would share its read position with the next pass.
        let listing = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard listing >= 0 else {
            if Errno.current == .noSuchFile { return }
            throw SystemError("open folder", "descriptor \(folder)", Errno.current)
        }
        guard let stream = fdopendir(listing) else {
            close(listing)
            throw SystemError("list folder", "descriptor \(folder)", Errno.current)
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            // Bytes, not a String: a name need not be UTF-8.
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
                }
            }
            if name == [46, 0] || name == [46, 46, 0] { continue }
            try remove(name, in: folder, root: root, device: device, depth: depth)
        }
    }

    private static func remove(
        _ name: [CChar], in parent: Int32, root: Int32, device: dev_t, depth: Int
    ) throws(SystemError) {
        if unlinkat(parent, name, 0) == 0 || unlinkat(parent, name, AT_REMOVEDIR) == 0 { return }
        let errno = Errno.current
        if errno == .noSuchFile { return }
        guard errno == .notEmpty || errno == .exists else {
            throw SystemError(
                "remove", String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self), errno)
        }
        if depth >= maximumDepth {
            try moveUp(name, from: parent, to: root)
            return
        }
        let text = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let number = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard number >= 0 else {
            if Errno.current == .noSuchFile { return }
            throw SystemError("open folder", text, Errno.current)
        }
        let folder = FileDescriptor(owning: number)
        guard try folder.status().st_dev == device else {
            throw SystemError("remove folder", text, .busy, hint: "a file system is mounted on it")
        }
        try removeEntries(of: folder.rawValue, root: root, device: device, depth: depth + 1)
        do {
            try retrying("remove folder", text) { unlinkat(parent, name, AT_REMOVEDIR) }
        } catch  where error.errno == .noSuchFile {
            return
        }
    }

    private static func moveUp(_ name: [CChar], from parent: Int32, to root: Int32) throws(SystemError) {
        for number in 0..<maximumPasses {
            if renameat(parent, name, root, ".nestbox-deep-\(number)") == 0 { return }
            let errno = Errno.current
            guard errno == .notEmpty || errno == .exists || errno == .notDirectory else {
                throw SystemError("move up", "a deeply nested folder", errno)
            }
        }
        throw SystemError("move up", "a deeply nested folder", .exists)
    }
}
