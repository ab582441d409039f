internal import Glibc
internal import LinuxSystem

/// What became of a layer.
struct UnpackedLayer: Sendable, Hashable {
    /// Entries of the archive.
    var entries = 0
    /// Bytes written into files.
    var bytes: Int64 = 0
    /// The layer hides everything below it.
    var hidesLowerLayers = false
}

/// Writes the entries of a layer's archive below one folder, as a lower layer of overlayfs.
///
/// Nothing an archive says leads outside that folder (threats.md, first table): the folder of an entry is opened by
/// openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), its last component is made with O_EXCL after whatever was there is
/// removed, and attributes go to what was just made. Whiteouts become the character device 0:0, opaque folders get
/// `trusted.overlay.opaque`. Device nodes are made as the archive says: the store lies below a folder of mode 0700, and
/// in a container its device policy decides. Attributes other than `user.*` and `security.capability` are dropped,
/// above all those of overlayfs itself.
///
/// Must run on a thread whose umask is 0 (``FileCalls/makeUmaskPrivate()``). Not safe against others who write into the
/// same folder; the staging folder of the store is nobody else's.
struct LayerUnpacker: ~Copyable {
    let root: Int32
    let limits: UnpackLimits
    let userID = geteuid()
    let groupID = getegid()
    var path: EntryPath
    var targetPath: EntryPath
    var folders: FolderCache
    var remover: TreeRemover
    var finalAttributes = FolderAttributes()
    var layer = UnpackedLayer()

    /// - Parameters:
    ///   - root: the open, empty folder that the layer goes to. Must stay open.
    ///   - scratch: an open folder beside it, for what is being removed. Must stay open.
    init(root: Int32, scratch: Int32, limits: UnpackLimits) {
        self.root = root
        self.limits = limits
        path = EntryPath(limits: limits)
        targetPath = EntryPath(limits: limits)
        folders = FolderCache(root: root)
        remover = TreeRemover(scratch: scratch)
    }

    /// Unpacks every entry, then gives folders their times.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    mutating func unpack(_ reader: ArchiveReader) throws -> UnpackedLayer {
        // Inherited from the store's folder, they would change what every file below gets.
        _ = FileCalls.removeExtendedAttribute(root, "system.posix_acl_default")
        while let entry = try reader.nextEntry() {
            layer.entries += 1
            guard let name = entry.path else {
                throw ImageStoreError.entry("number \(layer.entries)", reason: "it has no name")
            }
            if layer.entries > limits.entries {
                throw ImageStoreError.limit(.entries, Int64(limits.entries), object: EntryPath.text(name))
            }
            try path.assign(name)
            if try unpackWhiteout(name) { continue }
            if path.isRoot {
                // Only a folder can stand for the root.
                if entry.kind == S_IFDIR { try attributeFolder(root, entry, name) }
                continue
            }
            let parent = try folders.folder(of: path, entry: name)
            if let target = entry.hardLinkTarget {
                try makeHardLink(to: target, in: parent, name)
            } else {
                try make(entry, in: parent, name, reader)
            }
        }
        folders.forget()
        try finalAttributes.apply(root: root)
        return layer
    }

    private mutating func make(
        _ entry: ArchiveEntry, in parent: Int32, _ name: UnsafePointer<CChar>, _ reader: ArchiveReader
    ) throws {
        switch entry.kind {
        case S_IFREG: try makeFile(entry, in: parent, name, reader)
        case S_IFDIR: try makeFolder(entry, in: parent, name)
        case S_IFLNK:
            guard let target = entry.symbolicLinkTarget, target.pointee != 0 else {
                throw ImageStoreError.entry(EntryPath.text(name), reason: "a symbolic link without a target")
            }
            try create(in: parent, name) { leaf in symlinkat(target, parent, leaf) }
            try attributeByName(entry, in: parent, name)
        case S_IFCHR, S_IFBLK, S_IFIFO:
            let kind = entry.kind
            let device = kind == S_IFIFO ? 0 : entry.device
            try create(in: parent, name) { leaf in mknodat(parent, leaf, kind | entry.permissions, device) }
            try attributeByName(entry, in: parent, name)
        case S_IFSOCK:
            // A socket means nothing without the process that listens on it.
            break
        default:
            throw ImageStoreError.entry(EntryPath.text(name), reason: "it is of no known kind")
        }
    }

    /// Makes the last component by `call`, after removing what is there; answers what `call` answered.
    @discardableResult
    mutating func create(
        in parent: Int32, _ name: UnsafePointer<CChar>, _ call: (UnsafePointer<CChar>) -> Int32
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
                    "create", EntryPath.text(name), errno,
                    hint: errno == .notPermitted ? "unpacking an image needs root" : nil)
            }
        }
    }

    private mutating func makeHardLink(
        to target: UnsafePointer<CChar>, in parent: Int32, _ name: UnsafePointer<CChar>
    ) throws {
        try targetPath.assign(target)
        guard !targetPath.isRoot else {
            throw ImageStoreError.entry(EntryPath.text(name), reason: "a hard link to the root")
        }
        let source = folders.existingFolder(of: targetPath)
        var status = stat()
        guard source >= 0, fstatat(source, targetPath.leaf, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw ImageStoreError.entry(
                EntryPath.text(name),
                reason: "a hard link to \(EntryPath.text(target).quoted), which the layer does not hold")
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw ImageStoreError.entry(
                EntryPath.text(name), reason: "a hard link to the folder \(EntryPath.text(target).quoted)")
        }
        var existing = stat()
        if fstatat(parent, path.leaf, &existing, AT_SYMLINK_NOFOLLOW) == 0, existing.st_ino == status.st_ino,
            existing.st_dev == status.st_dev
        {
            // A link to itself, or one given twice: removing the old name first would lose the file.
            return
        }
        let sourceLeaf = targetPath.leaf
        // Without AT_SYMLINK_FOLLOW: a symbolic link is linked itself, never what it points to.
        try create(in: parent, name) { leaf in linkat(source, sourceLeaf, parent, leaf, 0) }
    }
}
