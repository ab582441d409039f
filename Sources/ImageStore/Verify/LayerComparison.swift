internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Compares an unpacked layer with the archive that it came from; nothing is written.
///
/// Kind, permissions, owner, size, content, target of a link, device number, whiteouts and opaque folders are compared, times and
/// other extended attributes are not. Where an archive has a name twice, the last one counts.
struct LayerComparison: ~Copyable {
    /// How many names are remembered that differ: an archive with more is not worth more memory.
    private static let most = 10_000

    private let root: Int32
    private let limits: UnpackLimits
    private let hidesLowerLayers: Bool
    private var path: EntryPath
    /// The names that differ as far as the archive was read, and why: two spellings of one text are two files.
    private var differences: [[UInt8]: String] = [:]
    /// The inodes of what the archive has.
    private var known: Set<UInt64> = []
    private var buffer: [UInt8]

    init(root: Int32, hidesLowerLayers: Bool) {
        self.root = root
        self.hidesLowerLayers = hidesLowerLayers
        // The layer was within somebody's limits when it was unpacked.
        limits = UnpackLimits(headerSize: .max)
        path = EntryPath(limits: limits)
        buffer = [UInt8](repeating: 0, count: ChunkRing.chunkSize)
    }

    /// The first difference in the order of the names; nil where there is none.
    ///
    /// - Throws: `ImageStoreError` when the archive cannot be read, `SystemError`.
    mutating func firstDifference(from blob: consuming FileDescriptor, name: String) throws -> String? {
        let reader = try ArchiveReader(
            DescriptorSource(blob), format: .compressedTar, name: name, headerLimit: limits.headerSize)
        while let entry = try reader.nextEntry() {
            guard let name = entry.path else { continue }
            try path.assign(name)
            if path.isRoot { continue }
            try compare(entry, reader)
            if differences.count > Self.most { break }
        }
        if differences.isEmpty { try findStrangers() }
        return differences.min { $0.key.lexicographicallyPrecedes($1.key) }
            .map { "\(String(decoding: $0.key, as: UTF8.self).quoted) \($0.value)" }
    }

    private mutating func compare(_ entry: ArchiveEntry, _ reader: ArchiveReader) throws {
        if hasPrefix(path.leaf, ".wh.") {
            return compareWhiteout()
        }
        if path.folderHasComponent(prefix: ".wh.") { return }
        var bytes: [CChar] = []
        path.copyBytes(into: &bytes)
        let name = Self.name(bytes)
        let found = try difference(of: entry, bytes, reader)
        guard entry.kind != S_IFSOCK || entry.hardLinkTarget != nil else { return }
        differences[name] = found
        // What was below it before is gone when it is no folder.
        if found == nil, entry.kind != S_IFDIR { forget(below: name) }
    }

    /// A whole path without its NUL.
    private static func name(_ bytes: [CChar]) -> [UInt8] {
        bytes.dropLast().map { UInt8(bitPattern: $0) }
    }

    private mutating func forget(below name: [UInt8]) {
        guard !differences.isEmpty else { return }
        let folder = name + [UInt8(ascii: "/")]
        differences = differences.filter { !$0.key.starts(with: folder) }
    }

    private mutating func difference(
        of entry: ArchiveEntry, _ bytes: [CChar], _ reader: ArchiveReader
    ) throws -> String? {
        let number = nb_open_in_root(root, bytes, NB_O_PATH | O_NOFOLLOW, 0)
        guard number >= 0 else { return "is missing" }
        let place = FileDescriptor(owning: number)
        let status = try place.status()
        if entry.hardLinkTarget != nil {
            // What it is was compared under its first name.
            known.insert(UInt64(status.st_ino))
            return status.st_mode & S_IFMT == S_IFDIR ? "is a folder" : nil
        }
        guard status.st_mode & S_IFMT == entry.kind else { return "is of another kind" }
        known.insert(UInt64(status.st_ino))
        guard Int64(status.st_uid) == entry.userID, Int64(status.st_gid) == entry.groupID else {
            return "has another owner"
        }
        switch entry.kind {
        case S_IFLNK:
            guard let target = entry.symbolicLinkTarget else { return nil }
            var text = [CChar](repeating: 0, count: 4096)
            let count = readlinkat(place.rawValue, "", &text, text.count - 1)
            return count >= 0 && strcmp(text, target) == 0 ? nil : "leads elsewhere"
        case S_IFCHR, S_IFBLK:
            if status.st_rdev != entry.device { return "is another device" }
        case S_IFREG:
            if Int64(status.st_size) != entry.size { return "has \(status.st_size) bytes, not \(entry.size)" }
            if entry.size > 0, try !hasContent(of: entry, bytes, reader) { return "has other content" }
        default: break
        }
        return status.st_mode & 0o7777 == entry.permissions ? nil : "has other permissions"
    }

    private mutating func hasContent(
        of entry: ArchiveEntry, _ bytes: [CChar], _ reader: ArchiveReader
    ) throws -> Bool {
        let number = nb_open_in_root(root, bytes, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0)
        guard number >= 0 else { return false }
        let file = FileDescriptor(owning: number)
        var end: Int64 = 0
        while let block = try reader.nextBlock() {
            guard try isHole(file, end, block.offset), try has(file, block.bytes, at: block.offset) else {
                return false
            }
            end = block.offset + Int64(block.bytes.count)
        }
        return try isHole(file, end, entry.size)
    }

    /// Whether a file has just these bytes at a place.
    private mutating func has(
        _ file: borrowing FileDescriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
    ) throws -> Bool {
        var rest = bytes
        var offset = offset
        while let start = rest.baseAddress, !rest.isEmpty {
            let count = pread(file.rawValue, &buffer, min(rest.count, buffer.count), off_t(offset))
            // Also what the disk cannot read.
            guard count > 0, memcmp(buffer, start, count) == 0 else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            offset += Int64(count)
        }
        return true
    }

    /// Whether a file has nothing but zeros between two places, which the archive leaves out.
    private mutating func isHole(_ file: borrowing FileDescriptor, _ start: Int64, _ end: Int64) throws -> Bool {
        var offset = start
        while offset < end {
            let wanted = Int(min(Int64(buffer.count), end - offset))
            let count = pread(file.rawValue, &buffer, wanted, off_t(offset))
            guard count > 0, buffer[..<count].allSatisfy({ $0 == 0 }) else { return false }
            offset += Int64(count)
        }
        return true
    }

    // MARK: - What hides lower layers

    private mutating func compareWhiteout() {
        if path.folderHasComponent(prefix: ".wh.") { return }
        var bytes: [CChar] = []
        path.copyBytes(into: &bytes)
        let isOpaque = strcmp(path.leaf, ".wh..wh..opq") == 0
        if !isOpaque, hasPrefix(path.leaf, ".wh..wh.") { return }
        let folder = Array(bytes.prefix(path.folderCount)) + [0]
        if isOpaque {
            let isRoot = path.folderCount == 0
            let name = Self.name(folder)
            let number = nb_open_in_root(
                root, isRoot ? [UInt8(ascii: ".").asCChar, 0] : folder, O_RDONLY | O_DIRECTORY, 0)
            guard number >= 0 else { return differences[name] = "is missing" }
            let opened = FileDescriptor(owning: number)
            let value = try? ExtendedAttributes.value("trusted.overlay.opaque", of: opened.rawValue)
            let isMarked = value == [UInt8(ascii: "y")] && (!isRoot || hidesLowerLayers)
            if !isMarked { differences[name] = "does not hide the folder below it" }
            return
        }
        // `.wh.NAME`: whatever is called NAME hides the lower one.
        let hidden =
            (path.folderCount == 0 ? [] : folder.dropLast() + [UInt8(ascii: "/").asCChar])
            + Array(UnsafeBufferPointer(start: path.leaf + 4, count: path.leafCount - 4)) + [0]
        let number = nb_open_in_root(root, hidden, NB_O_PATH | O_NOFOLLOW, 0)
        guard number >= 0 else { return differences[Self.name(hidden)] = "is not hidden" }
        if let status = try? FileDescriptor(owning: number).status() { known.insert(UInt64(status.st_ino)) }
    }

    // MARK: - What the archive does not have

    /// Notes what is in the tree, is no folder, and came from nowhere.
    private mutating func findStrangers() throws {
        var open: [[CChar]] = [[]]
        while let folder = open.popLast() {
            let path = folder.isEmpty ? [UInt8(ascii: ".").asCChar] : folder
            let number = nb_open_in_root(root, path + [0], O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
            guard number >= 0 else { continue }
            let descriptor = FileDescriptor(owning: number)
            var names: [[CChar]] = []
            try TreeRemover.forEachName(in: number) { name in
                names.append(Array(UnsafeBufferPointer(start: name, count: strlen(name))))
            }
            for name in names {
                var status = stat()
                guard fstatat(descriptor.rawValue, name + [0], &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
                let path = folder.isEmpty ? name : folder + [UInt8(ascii: "/").asCChar] + name
                if status.st_mode & S_IFMT == S_IFDIR {
                    open.append(path)
                } else if !known.contains(UInt64(status.st_ino)) {
                    differences[Self.name(path + [0])] = "is not of the layer"
                    if differences.count > Self.most { return }
                }
            }
        }
    }
}
