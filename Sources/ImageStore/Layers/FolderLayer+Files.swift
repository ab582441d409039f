internal import Glibc
internal import LinuxSystem

extension FolderLayer {
    mutating func makeFile(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: Int32, _ reader: ArchiveReader
    ) throws {
        let size = try entry.fileSize()
        let permissions = entry.header.permissions
        let file = FileDescriptor(
            owning: try create(path, entry, in: parent) { leaf in
                openat(parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, permissions)
            })
        if size > 0 { try writeData(of: size, to: file, entry, reader) }
        try attribute(file.rawValue, entry, permissions: permissions)
        try retrying("set the time of", entry.text) {
            FileCalls.setModificationTime(file.rawValue, entry.header.modificationTime)
        }
    }

    /// Writes runs at their places; what lies between and after them stays a hole.
    private mutating func writeData(
        of size: Int64, to file: borrowing FileDescriptor, _ entry: LayerEntry, _ reader: ArchiveReader
    ) throws {
        let number = file.rawValue
        var end: Int64 = 0
        while let block = try reader.nextBlock() {
            var rest = block.bytes
            var offset = block.offset
            try entry.check(run: rest.count, at: offset, size: size)
            bytes += Int64(rest.count)
            while !rest.isEmpty {
                let count = try retrying("write", entry.text) {
                    pwrite(number, rest.baseAddress, rest.count, off_t(offset))
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                offset += Int64(count)
            }
            end = max(end, offset)
        }
        if end < size { try retrying("extend", entry.text) { ftruncate(number, off_t(size)) } }
    }

    mutating func makeFolder(_ path: borrowing EntryPath, _ entry: LayerEntry, in parent: Int32) throws {
        var isOpaque = false
        if mkdirat(parent, path.leaf, 0o700) != 0 {
            let errno = Errno.current
            guard errno == .exists else { throw SystemError("create", entry.text, errno) }
            var status = stat()
            let leaf = path.leaf
            try retrying("look at", entry.text) { fstatat(parent, leaf, &status, AT_SYMLINK_NOFOLLOW) }
            if status.st_mode & S_IFMT != S_IFDIR {
                // The folder came after its own whiteout: it hides what lower layers have in it.
                isOpaque = status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
                try create(path, entry, in: parent) { leaf in mkdirat(parent, leaf, 0o700) }
            }
        }
        let leaf = path.leaf
        let folder = FileDescriptor(
            owning: try retrying("open", entry.text) {
                openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            })
        if isOpaque { try mark(opaque: folder.rawValue, entry) }
        try attributeFolder(folder.rawValue, path, entry)
    }

    mutating func attributeRoot(_ path: borrowing EntryPath, _ entry: LayerEntry) throws {
        try attributeFolder(root, path, entry)
    }

    /// Owner and attributes at once; permissions that would get in the way, and the time, when all is unpacked.
    private mutating func attributeFolder(_ folder: Int32, _ path: borrowing EntryPath, _ entry: LayerEntry) throws {
        var status = stat()
        try retrying("look at", entry.text) { fstat(folder, &status) }
        let (owner, group) = try entry.ownership()
        if status.st_uid != owner || status.st_gid != group {
            try retrying("change the owner of", entry.text) { fchown(folder, owner, group) }
        }
        // With setgid, what is made inside would inherit the group; without write permission, nothing could be made
        // by anyone but root.
        let permissions = entry.header.permissions
        let meanwhile = permissions & 0o1777 | 0o700
        try retrying("change the permissions of", entry.text) { fchmod(folder, meanwhile) }
        try setExtendedAttributes(of: entry, on: folder)
        finalAttributes.append(
            path, inode: UInt64(status.st_ino), permissions: permissions == meanwhile ? nil : permissions,
            time: entry.header.modificationTime)
    }

    /// Owner, permissions, then extended attributes: a change of owner clears setuid, setgid and file capabilities.
    private func attribute(_ file: Int32, _ entry: LayerEntry, permissions: mode_t) throws {
        let (owner, group) = try entry.ownership()
        if owner != userID || group != groupID {
            try retrying("change the owner of", entry.text) { fchown(file, owner, group) }
        }
        // Writing clears them as well, where the writer is not privileged.
        if permissions & 0o6000 != 0 {
            try retrying("change the permissions of", entry.text) { fchmod(file, permissions) }
        }
        try setExtendedAttributes(of: entry, on: file)
    }

    /// For what cannot be opened without side effects: links and device nodes.
    ///
    /// It was just made in this folder.
    func attributeByName(_ path: borrowing EntryPath, _ entry: LayerEntry, in parent: Int32) throws {
        let (owner, group) = try entry.ownership()
        let leaf = path.leaf
        if owner != userID || group != groupID {
            try retrying("change the owner of", entry.text) {
                fchownat(parent, leaf, owner, group, AT_SYMLINK_NOFOLLOW)
            }
        }
        try retrying("set the time of", entry.text) {
            FileCalls.setModificationTime(of: leaf, in: parent, entry.header.modificationTime)
        }
    }

    private func setExtendedAttributes(of entry: LayerEntry, on descriptor: Int32) throws {
        try entry.forEachExtendedAttribute { attribute, value in
            try checked(
                FileCalls.setExtendedAttribute(descriptor, attribute, value),
                "set extended attribute \(EntryPath.text(attribute).quoted) of", entry.text,
                hint: "the file system below the store must take extended attributes")
        }
    }
}
