internal import Glibc
internal import LinuxSystem

/// A layer as files below one folder.
///
/// The folder of an entry is opened by openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), its last component is made with
/// O_EXCL after whatever was there is removed, and attributes go to what was just made.
///
/// Must run on a thread whose umask is 0 (``FileCalls/makeUmaskPrivate()``). Not safe against others who write into the
/// same folder; the staging folder of the store is nobody else's.
struct FolderLayer: LayerTarget, ~Copyable {
    let root: Int32
    let userID = geteuid()
    let groupID = getegid()
    var folders: FolderCache
    var finalAttributes = FolderAttributes()
    var bytes: Int64 = 0
    private var remover: TreeRemover

    /// - Parameters:
    ///   - root: the open, empty folder that the layer goes to. Must stay open.
    ///   - scratch: an open folder beside it, for what is being removed. Must stay open.
    init(root: Int32, scratch: Int32) {
        self.root = root
        folders = FolderCache(root: root)
        remover = TreeRemover(scratch: scratch)
        // Inherited from the store's folder, they would change what every file below gets.
        _ = FileCalls.removeExtendedAttribute(root, "system.posix_acl_default")
    }

    mutating func folder(of path: borrowing EntryPath, for entry: LayerEntry) throws -> Int32 {
        try folders.folder(of: path, for: entry)
    }

    /// Gives folders their times.
    mutating func finish() throws {
        folders.forget()
        try finalAttributes.apply(root: root)
    }

    mutating func makeSymbolicLink(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: Int32, to target: UnsafePointer<CChar>
    ) throws {
        try create(path, entry, in: parent) { leaf in symlinkat(target, parent, leaf) }
        try attributeByName(path, entry, in: parent)
    }

    mutating func makeNode(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: Int32, device: dev_t
    ) throws {
        let mode = entry.header.kind | entry.header.permissions
        try create(path, entry, in: parent) { leaf in mknodat(parent, leaf, mode, device) }
        try attributeByName(path, entry, in: parent)
    }

    mutating func makeHardLink(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: Int32, to source: borrowing EntryPath
    ) throws {
        let folder = folders.existingFolder(of: source)
        var status = stat()
        guard folder >= 0, fstatat(folder, source.leaf, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw entry.missingSource(source)
        }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw entry.folderAsSource(source) }
        var existing = stat()
        if fstatat(parent, path.leaf, &existing, AT_SYMLINK_NOFOLLOW) == 0, existing.st_ino == status.st_ino,
            existing.st_dev == status.st_dev
        {
            // A link to itself, or one given twice: removing the old name first would lose the file.
            return
        }
        let sourceLeaf = source.leaf
        var isGone = false
        do {
            try create(path, entry, in: parent) { leaf in
                // Without AT_SYMLINK_FOLLOW: a symbolic link is linked itself, never what it points to.
                let result = linkat(folder, sourceLeaf, parent, leaf, 0)
                isGone = result < 0 && Errno.current == .noSuchFile
                return result
            }
        } catch  where isGone {
            // It lay in the folder whose name the link takes.
            throw entry.missingSource(source)
        }
    }

    /// Makes the last component by `call`, after removing what is there; answers what `call` answered.
    @discardableResult
    mutating func create(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: Int32,
        _ call: (UnsafePointer<CChar>) -> Int32
    ) throws -> Int32 {
        while true {
            let result = call(path.leaf)
            if result >= 0 { return result }
            let errno = Errno.current
            switch errno {
            case .interrupted: continue
            case .exists, .isDirectory:
                try remover.remove(path.leaf, in: parent)
                folders.forget()
            default:
                throw SystemError(
                    "create", entry.text, errno, hint: errno == .notPermitted ? "unpacking an image needs root" : nil)
            }
        }
    }
}
