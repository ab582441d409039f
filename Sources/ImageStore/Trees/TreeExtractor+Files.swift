internal import Glibc
internal import LinuxSystem

/// Regular files and their further names.
extension TreeExtractor {
    func makeFile(
        _ entry: ArchiveEntry, _ leaf: [CChar], in parent: Int32, _ name: UnsafePointer<CChar>, _ reader: ArchiveReader
    ) throws {
        let file = FileDescriptor(
            owning: try create(leaf, in: parent, name) {
                openat(parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            })
        let number = file.rawValue
        do {
            try writeData(of: entry.size, to: number, name, reader)
        } catch {
            // Half a file is worse than none; whatever else has its name by now would have been replaced anyway.
            unlinkat(parent, leaf, 0)
            throw error
        }
        // A change of owner clears set-user-ID bits and capabilities, so it comes first.
        try own(number, try owner(of: entry, name), name)
        let permissions = entry.permissions & permissionMask
        try retrying("change the permissions of", EntryPath.text(name)) { fchmod(number, permissions) }
        try setExtendedAttributes(of: entry, on: number, name)
        try retrying("set the time of", EntryPath.text(name)) {
            FileCalls.setModificationTime(number, entry.modificationTime)
        }
    }

    private func writeData(
        of size: Int64, to file: Int32, _ name: UnsafePointer<CChar>, _ reader: ArchiveReader
    ) throws {
        var end: Int64 = 0
        while size > 0, let block = try reader.nextBlock() {
            var rest = block.bytes
            var offset = block.offset
            guard offset >= 0, offset <= size, Int64(rest.count) <= size - offset else {
                throw ImageStoreError.entry(EntryPath.text(name), reason: "its data lies outside the file")
            }
            while !rest.isEmpty {
                let count = try retrying("write", EntryPath.text(name)) {
                    pwrite(file, rest.baseAddress, rest.count, off_t(offset))
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                offset += Int64(count)
            }
            end = max(end, offset)
        }
        if end < size { try retrying("extend", EntryPath.text(name)) { ftruncate(file, off_t(size)) } }
    }

    /// Another name for a file of the archive: found as entries are, without following a link.
    func makeHardLink(
        to target: UnsafePointer<CChar>, _ leaf: [CChar], in parent: Int32, _ name: UnsafePointer<CChar>
    ) throws {
        let path = try Self.components(of: target)
        guard let targetLeaf = path.last else {
            throw ImageStoreError.entry(EntryPath.text(name), reason: "a hard link to the root")
        }
        var folder = FileDescriptor(
            owning: try retrying("open", EntryPath.text(target)) { fcntl(root, F_DUPFD_CLOEXEC, 3) })
        for component in path.dropLast() {
            folder = FileDescriptor(owning: try open(component, in: folder.rawValue, target))
        }
        let source = folder.rawValue
        _ = try create(leaf, in: parent, name) { linkat(source, targetLeaf, parent, leaf, 0) }
    }
}
