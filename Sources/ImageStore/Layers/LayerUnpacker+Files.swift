internal import Glibc
internal import LinuxSystem

extension LayerUnpacker {
    mutating func makeFile(
        _ entry: ArchiveEntry, in parent: Int32, _ name: UnsafePointer<CChar>, _ reader: ArchiveReader
    ) throws {
        let size = entry.size
        guard size <= limits.fileSize else {
            throw ImageStoreError.limit(.fileSize, limits.fileSize, object: EntryPath.text(name))
        }
        let permissions = entry.permissions
        let file = FileDescriptor(
            owning: try create(in: parent, name) { leaf in
                openat(parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, permissions)
            })
        if size > 0 { try writeData(of: size, to: file, name, reader) }
        try attribute(file.rawValue, entry, permissions: permissions, name)
        try retrying("set the time of", EntryPath.text(name)) {
            FileCalls.setModificationTime(file.rawValue, entry.modificationTime)
        }
    }

    /// Writes runs at their places; what lies between and after them stays a hole.
    private mutating func writeData(
        of size: Int64, to file: borrowing FileDescriptor, _ name: UnsafePointer<CChar>, _ reader: ArchiveReader
    ) throws {
        let number = file.rawValue
        var end: Int64 = 0
        while let block = try reader.nextBlock() {
            var rest = block.bytes
            var offset = block.offset
            guard offset >= 0, offset <= size, Int64(rest.count) <= size - offset else {
                throw ImageStoreError.entry(EntryPath.text(name), reason: "its data lies outside the file")
            }
            layer.bytes += Int64(rest.count)
            while !rest.isEmpty {
                let count = try retrying("write", EntryPath.text(name)) {
                    pwrite(number, rest.baseAddress, rest.count, off_t(offset))
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                offset += Int64(count)
            }
            end = max(end, offset)
        }
        if end < size { try retrying("extend", EntryPath.text(name)) { ftruncate(number, off_t(size)) } }
    }

    mutating func makeFolder(_ entry: ArchiveEntry, in parent: Int32, _ name: UnsafePointer<CChar>) throws {
        var isOpaque = false
        if mkdirat(parent, path.leaf, 0o700) != 0 {
            let errno = Errno.current
            guard errno == .exists else { throw SystemError("create", EntryPath.text(name), errno) }
            var status = stat()
            try retrying("look at", EntryPath.text(name)) {
                fstatat(parent, path.leaf, &status, AT_SYMLINK_NOFOLLOW)
            }
            if status.st_mode & S_IFMT != S_IFDIR {
                // The folder came after its own whiteout: it hides what lower layers have in it.
                isOpaque = Self.isWhiteout(status)
                try create(in: parent, name) { leaf in mkdirat(parent, leaf, 0o700) }
            }
        }
        let leaf = path.leaf
        let folder = FileDescriptor(
            owning: try retrying("open", EntryPath.text(name)) {
                openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            })
        if isOpaque { try makeOpaque(folder.rawValue, name) }
        try attributeFolder(folder.rawValue, entry, name)
    }

    /// Owner and attributes at once; permissions that would get in the way, and the time, when all is unpacked.
    mutating func attributeFolder(_ folder: Int32, _ entry: ArchiveEntry, _ name: UnsafePointer<CChar>) throws {
        var status = stat()
        try retrying("look at", EntryPath.text(name)) { fstat(folder, &status) }
        let (owner, group) = try ownership(of: entry, name)
        if status.st_uid != owner || status.st_gid != group {
            try retrying("change the owner of", EntryPath.text(name)) { fchown(folder, owner, group) }
        }
        // With setgid, what is made inside would inherit the group; without write permission, nothing could be made
        // by anyone but root.
        let permissions = entry.permissions
        let meanwhile = permissions & 0o1777 | 0o700
        try retrying("change the permissions of", EntryPath.text(name)) { fchmod(folder, meanwhile) }
        try setExtendedAttributes(of: entry, on: folder, name)
        finalAttributes.append(
            path, inode: UInt64(status.st_ino), permissions: permissions == meanwhile ? nil : permissions,
            time: entry.modificationTime)
    }

    /// Owner, permissions, then extended attributes: a change of owner clears setuid, setgid and file capabilities.
    private func attribute(
        _ file: Int32, _ entry: ArchiveEntry, permissions: mode_t, _ name: UnsafePointer<CChar>
    ) throws {
        let (owner, group) = try ownership(of: entry, name)
        if owner != userID || group != groupID {
            try retrying("change the owner of", EntryPath.text(name)) { fchown(file, owner, group) }
        }
        // Writing clears them as well, where the writer is not privileged.
        if permissions & 0o6000 != 0 {
            try retrying("change the permissions of", EntryPath.text(name)) { fchmod(file, permissions) }
        }
        try setExtendedAttributes(of: entry, on: file, name)
    }

    /// For what cannot be opened without side effects: links and device nodes.
    ///
    /// It was just made in this folder.
    func attributeByName(_ entry: ArchiveEntry, in parent: Int32, _ name: UnsafePointer<CChar>) throws {
        let (owner, group) = try ownership(of: entry, name)
        let leaf = path.leaf
        if owner != userID || group != groupID {
            try retrying("change the owner of", EntryPath.text(name)) {
                fchownat(parent, leaf, owner, group, AT_SYMLINK_NOFOLLOW)
            }
        }
        try retrying("set the time of", EntryPath.text(name)) {
            FileCalls.setModificationTime(of: leaf, in: parent, entry.modificationTime)
        }
    }

    private func ownership(of entry: ArchiveEntry, _ name: UnsafePointer<CChar>) throws -> (uid_t, gid_t) {
        // The last number means "no change" to the kernel.
        let valid: Range<Int64> = 0..<Int64(UInt32.max)
        guard valid.contains(entry.userID), valid.contains(entry.groupID) else {
            throw ImageStoreError.entry(
                EntryPath.text(name), reason: "owner \(entry.userID):\(entry.groupID) is out of range")
        }
        return (uid_t(entry.userID), gid_t(entry.groupID))
    }

    private func setExtendedAttributes(
        of entry: ArchiveEntry, on descriptor: Int32, _ name: UnsafePointer<CChar>
    ) throws {
        var total = 0
        entry.forEachExtendedAttribute { attribute, value in total += strlen(attribute) + value.count }
        if total == 0 { return }
        if total > limits.extendedAttributeSize {
            throw ImageStoreError.limit(
                .extendedAttributeSize, Int64(limits.extendedAttributeSize), object: EntryPath.text(name))
        }
        try entry.forEachExtendedAttribute { attribute, value in
            let isWanted =
                hasPrefix(attribute, "user.") && !hasPrefix(attribute, "user.overlay.")
                || strcmp(attribute, "security.capability") == 0
            guard isWanted else { return }
            try checked(
                FileCalls.setExtendedAttribute(descriptor, attribute, value),
                "set extended attribute \(EntryPath.text(attribute).quoted) of", EntryPath.text(name),
                hint: "the file system below the store must take extended attributes")
        }
    }
}
