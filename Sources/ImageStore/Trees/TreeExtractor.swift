internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Makes the files of a tar archive below an open folder, while others may be changing what is there.
///
/// Every folder on an entry's path is opened from the one above it with O_NOFOLLOW, every file is made with O_EXCL after what
/// had its name is removed, and attributes go to the descriptor of what was just made: nothing outside of the folder is
/// reached, and no file that was there before is opened. As Docker does it, a folder never takes the place of something else,
/// nor the other way round. Devices and sockets are left out.
struct TreeExtractor: ~Copyable {
    /// A folder that entries are being made in.
    private struct Frame {
        var name: [CChar]
        var number: Int32
        /// What the folder gets when nothing more is made in it.
        var pending: (permissions: mode_t, time: timespec)?
    }

    /// As many levels as an archiver writes, and one for its own folder.
    private static let maximumDepth = 256

    let root: Int32
    let rules: ExtractionRules
    private var frames: [Frame] = []
    /// What could not be made, with the reason, for a person to read.
    private(set) var leftOut: [String] = []

    /// - Parameter root: the open folder. Must stay open.
    init(root: Int32, rules: ExtractionRules) {
        self.root = root
        self.rules = rules
    }

    deinit { for frame in frames { close(frame.number) } }

    /// Makes every entry.
    ///
    /// - Throws: `SystemError`, `ImageStoreError`.
    mutating func extract(_ reader: ArchiveReader) throws {
        while let entry = try reader.nextEntry() {
            guard let name = entry.path else {
                throw ImageStoreError.entry("of an archive", reason: "it has no name")
            }
            let path = try Self.components(of: name)
            // The folder that was named is there, and stays what it is unless its attributes are asked for.
            guard let leaf = path.last else {
                if entry.kind == S_IFDIR, rules.owner == nil { try attributeRoot(entry) }
                continue
            }
            let parent = try enter(path.dropLast(), name)
            if let target = entry.hardLinkTarget {
                try makeHardLink(to: target, leaf, in: parent, name)
            } else {
                try make(entry, leaf, in: parent, name, reader)
            }
        }
        try leave(downTo: 0)
    }

    private mutating func make(
        _ entry: ArchiveEntry, _ leaf: [CChar], in parent: Int32, _ name: UnsafePointer<CChar>, _ reader: ArchiveReader
    ) throws {
        switch entry.kind {
        case S_IFDIR: try makeFolder(entry, leaf, in: parent, name)
        case S_IFREG: try makeFile(entry, leaf, in: parent, name, reader)
        case S_IFLNK:
            guard let target = entry.symbolicLinkTarget, target.pointee != 0 else {
                throw ImageStoreError.entry(EntryPath.text(name), reason: "a symbolic link without a target")
            }
            _ = try create(leaf, in: parent, name) { symlinkat(target, parent, leaf) }
            try attributeByPath(entry, leaf, in: parent, kind: S_IFLNK, name)
        case S_IFIFO:
            let permissions = entry.permissions & permissionMask
            _ = try create(leaf, in: parent, name) { mkfifoat(parent, leaf, permissions) }
            try attributeByPath(entry, leaf, in: parent, kind: S_IFIFO, name)
        case S_IFCHR, S_IFBLK: leaveOut(name, "is a device")
        case S_IFSOCK: leaveOut(name, "is a socket")
        default: throw ImageStoreError.entry(EntryPath.text(name), reason: "it is of no known kind")
        }
    }

    private mutating func leaveOut(_ name: UnsafePointer<CChar>, _ reason: String) {
        if leftOut.count < 100 { leftOut.append("\(EntryPath.text(name)) was not copied: it \(reason)") }
    }

    var permissionMask: mode_t { rules.keepsPrivileges ? 0o7777 : 0o1777 }

    // MARK: - Paths

    /// The components of an entry's name; a slash at its start means nothing.
    static func components(of name: UnsafePointer<CChar>) throws(ImageStoreError) -> [[CChar]] {
        let bytes = UnsafeBufferPointer(start: name, count: strlen(name))
        let parts = bytes.split(separator: UInt8(ascii: "/").asCChar).map { Array($0) + [0] }
        let result = parts.filter { $0 != [46, 0] }
        guard !result.contains([46, 46, 0]) else {
            throw .entry(EntryPath.text(name), reason: "its name holds \"..\"")
        }
        guard result.count <= maximumDepth else {
            throw .entry(EntryPath.text(name), reason: "it lies more than \(maximumDepth) folders deep")
        }
        return result
    }

    /// Opens the folders of a path, which are made where they are missing; the last one stays open for the next entry.
    private mutating func enter(_ path: ArraySlice<[CChar]>, _ name: UnsafePointer<CChar>) throws -> Int32 {
        let shared = zip(frames, path).prefix { $0.name == $1 }.count
        try leave(downTo: shared)
        for component in path.dropFirst(shared) {
            let parent = frames.last?.number ?? root
            if mkdirat(parent, component, 0o755) == 0 {
                let number = try open(component, in: parent, name)
                frames.append(Frame(name: component, number: number))
                if let owner = rules.owner { try own(number, owner, name) }
            } else {
                let errno = Errno.current
                guard errno == .exists else { throw SystemError("make the folder of", EntryPath.text(name), errno) }
                frames.append(Frame(name: component, number: try open(component, in: parent, name)))
            }
        }
        return frames.last?.number ?? root
    }

    func open(_ leaf: [CChar], in parent: Int32, _ name: UnsafePointer<CChar>) throws -> Int32 {
        let number = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if number >= 0 { return number }
        let errno = Errno.current
        throw SystemError(
            "open the folder of", EntryPath.text(name), errno,
            hint: errno == .notDirectory || errno == .tooManyLinks ? "something else than a folder is there" : nil)
    }

    /// Closes the innermost folders, and gives them what they were still to get.
    private mutating func leave(downTo count: Int) throws(SystemError) {
        while frames.count > count, let frame = frames.popLast() {
            let folder = FileDescriptor(owning: frame.number)
            guard let pending = frame.pending else { continue }
            let text = TreeArchiver.text(frame.name.dropLast().map(UInt8.init(bitPattern:)))
            try retrying("change the permissions of", text) { fchmod(folder.rawValue, pending.permissions) }
            try retrying("set the time of", text) { FileCalls.setModificationTime(folder.rawValue, pending.time) }
        }
    }

    // MARK: - Making

    /// Makes something by `call`, after what has its name is removed, unless that is a folder.
    func create(
        _ leaf: [CChar], in parent: Int32, _ name: UnsafePointer<CChar>, _ call: () -> Int32
    ) throws -> Int32 {
        // Somebody may be putting something there again and again.
        for _ in 0..<100 {
            let result = call()
            if result >= 0 { return result }
            let errno = Errno.current
            if errno == .interrupted { continue }
            guard errno == .exists else { throw SystemError("make", EntryPath.text(name), errno) }
            if unlinkat(parent, leaf, 0) == 0 || Errno.current == .noSuchFile { continue }
            let reason = Errno.current
            guard reason != .isDirectory else {
                throw SystemError(
                    "make", EntryPath.text(name), reason,
                    hint: "a folder has its name, and is not replaced by anything else")
            }
            throw SystemError("replace", EntryPath.text(name), reason)
        }
        throw SystemError("make", EntryPath.text(name), .exists, hint: "something keeps making it, too")
    }

    private mutating func makeFolder(
        _ entry: ArchiveEntry, _ leaf: [CChar], in parent: Int32, _ name: UnsafePointer<CChar>
    ) throws {
        let isNew = mkdirat(parent, leaf, 0o700) == 0
        if !isNew {
            let errno = Errno.current
            guard errno == .exists else { throw SystemError("make folder", EntryPath.text(name), errno) }
            var status = stat()
            if fstatat(parent, leaf, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT != S_IFDIR {
                throw SystemError(
                    "make folder", EntryPath.text(name), errno,
                    hint: "something else has its name, and is not replaced by a folder")
            }
        }
        let number = try open(leaf, in: parent, name)
        var frame = Frame(name: leaf, number: number)
        if isNew || rules.owner == nil {
            frame.pending = (entry.permissions & permissionMask, entry.modificationTime)
        }
        frames.append(frame)
        // A folder that was there stays its owner's, unless the archive's owners are asked for.
        if isNew || rules.owner == nil { try own(number, try owner(of: entry, name), name) }
        if isNew { try setExtendedAttributes(of: entry, on: number, name) }
    }

    private func attributeRoot(_ entry: ArchiveEntry) throws {
        let folder = FileDescriptor(
            owning: try retrying("open", "the folder") { openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
        let number = folder.rawValue
        let permissions = entry.permissions & permissionMask
        try own(number, try owner(of: entry, "."), ".")
        try retrying("change the permissions of", "the folder") { fchmod(number, permissions) }
    }
}
