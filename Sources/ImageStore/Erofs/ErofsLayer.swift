internal import Glibc
internal import LinuxSystem

/// A layer as one EROFS image: the content of its files goes to the disk as it comes, and what there is to know of them after it.
///
/// Thousands of files cost a disk's file system thousands of inodes and folders' entries; an image is one file. Of a layer it
/// keeps in memory what is not content: about a hundred bytes a file.
struct ErofsLayer: LayerTarget, ~Copyable {
    /// Bytes that the tree may take, which is what some four million files need.
    ///
    /// Writing it out takes as much again.
    private static let memoryLimit = 512 << 20
    /// How many attributes a file may have: finding one among them takes time in their number.
    private static let mostAttributes = 512
    /// No link's target is longer (PATH_MAX, with its NUL).
    private static let longestTarget = 4095

    private var tree = LayerTree()
    private var writer: ImageFileWriter
    private(set) var bytes: Int64 = 0
    /// The folder that was found last, and its path.
    private var recentPath: [UInt8] = []
    private var recentFolder = LayerTree.root

    /// - Parameter file: the image, empty.
    init(_ file: consuming FileDescriptor, name: String) throws(SystemError) {
        writer = ImageFileWriter(file, name: name)
        try writer.skip(to: Int64(ErofsFormat.blockSize))
    }

    mutating func folder(of path: borrowing EntryPath, for entry: LayerEntry) throws -> LayerTree.FileNumber {
        // Asked before each entry, whatever it makes.
        guard tree.memory < Self.memoryLimit else {
            throw ImageStoreError.entry(
                entry.text, reason: "the layer has more files than can be kept in memory while it is unpacked")
        }
        if path.folderCount == 0 { return LayerTree.root }
        let bytes = UnsafeRawBufferPointer(start: path.folder, count: path.folderCount)
        if bytes.elementsEqual(recentPath) {
            return recentFolder
        }
        guard let folder = tree.folder(at: bytes, making: entry.header.modificationMoment) else {
            throw entry.pathIsBlocked
        }
        recentPath = Array(bytes)
        recentFolder = folder
        return folder
    }

    mutating func attributeRoot(_ path: borrowing EntryPath, _ entry: LayerEntry) throws {
        try attribute(LayerTree.root, entry)
    }

    mutating func makeFolder(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: LayerTree.FileNumber
    ) throws {
        let existing = tree.file(path.leafBytes, in: parent)
        if let existing, tree[existing].isFolder { return try attribute(existing, entry) }
        let folder = try add(S_IFDIR, path, entry, in: parent)
        // The folder came after its own whiteout: it hides what lower layers have in it.
        if let existing, Self.isWhiteout(tree[existing]) { mark(opaque: folder) }
    }

    mutating func makeFile(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: LayerTree.FileNumber, _ reader: ArchiveReader
    ) throws {
        let size = try entry.fileSize()
        try writer.align()
        let start = writer.position
        let end = start.addingReportingOverflow(size).partialValue
        // Blocks have numbers of 32 bits; half of them are left for what follows.
        guard end >= 0, end >> Int64(ErofsFormat.blockBits) <= Int64(Int32.max) else {
            throw ImageStoreError.entry(entry.text, reason: "the layer's files are more than an image can hold")
        }
        while size > 0, let block = try reader.nextBlock() {
            try entry.check(run: block.bytes.count, at: block.offset, size: size)
            guard start + block.offset >= writer.position else {
                throw ImageStoreError.entry(entry.text, reason: "its data is not in order")
            }
            try writer.skip(to: start + block.offset)
            try writer.append(block.bytes)
            bytes += Int64(block.bytes.count)
        }
        try writer.skip(to: end)
        let file = try add(S_IFREG, path, entry, in: parent)
        tree[file].size = size
        tree[file].place = UInt32(start >> Int64(ErofsFormat.blockBits))
    }

    mutating func makeSymbolicLink(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: LayerTree.FileNumber,
        to target: UnsafePointer<CChar>
    ) throws {
        guard strlen(target) <= Self.longestTarget else {
            throw SystemError("create", entry.text, Errno(ENAMETOOLONG))
        }
        let link = try add(S_IFLNK, path, entry, in: parent)
        (tree[link].place, tree[link].size) = tree.add(target: target)
        tree[link].mode = UInt16(S_IFLNK) | 0o777
    }

    mutating func makeNode(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: LayerTree.FileNumber, device: dev_t
    ) throws {
        // The kernel's numbers have 32 bits, and are packed like this in an image, too (new_encode_dev).
        guard let number = UInt32(exactly: device) else { throw SystemError("create", entry.text, Errno(EINVAL)) }
        let node = try add(entry.header.kind, path, entry, in: parent)
        tree[node].place = number
    }

    mutating func makeHardLink(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: LayerTree.FileNumber,
        to source: borrowing EntryPath
    ) throws {
        let folderBytes = UnsafeRawBufferPointer(start: source.folder, count: source.folderCount)
        guard let folder = tree.folder(at: folderBytes, making: nil), let file = tree.file(source.leafBytes, in: folder)
        else { throw entry.missingSource(source) }
        guard !tree[file].isFolder else { throw entry.folderAsSource(source) }
        // A folder that the source lies in goes, and the source with it.
        if let existing = tree.file(path.leafBytes, in: parent), tree.is(existing, above: folder) {
            throw entry.missingSource(source)
        }
        put(file, as: path, in: parent)
    }

    mutating func hide(_ name: UnsafePointer<CChar>, _ entry: LayerEntry, in parent: LayerTree.FileNumber) throws {
        let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
        guard let existing = tree.file(bytes, in: parent) else {
            var whiteout = LayerTree.File(mode: UInt16(S_IFCHR))
            whiteout.time = entry.header.modificationMoment
            tree.put(tree.add(whiteout), as: bytes, in: parent)
            return
        }
        // A file of this layer hides the lower one anyway.
        if tree[existing].isFolder { mark(opaque: existing) }
    }

    mutating func makeOpaque(_ folder: LayerTree.FileNumber, _ entry: LayerEntry) throws {
        mark(opaque: folder)
    }

    mutating func finish() throws {
        try ErofsMetadata.write(tree, to: &writer)
    }

    // MARK: - Files

    private mutating func add(
        _ kind: mode_t, _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: LayerTree.FileNumber
    ) throws -> LayerTree.FileNumber {
        let file = tree.add(LayerTree.File(mode: UInt16(kind)))
        try attribute(file, entry)
        put(file, as: path, in: parent)
        return file
    }

    private mutating func put(
        _ file: LayerTree.FileNumber, as path: borrowing EntryPath, in parent: LayerTree.FileNumber
    ) {
        // The path of the folder that was found last may have led through what loses its name now.
        if tree.file(path.leafBytes, in: parent) != nil { recentPath = [] }
        tree.put(file, as: path.leafBytes, in: parent)
    }

    private mutating func attribute(_ file: LayerTree.FileNumber, _ entry: LayerEntry) throws {
        let (owner, group) = try entry.ownership()
        tree[file].owner = owner
        tree[file].group = group
        tree[file].time = entry.header.modificationMoment
        tree[file].mode = tree[file].kind | UInt16(entry.header.permissions)
        let kind = tree[file].kind
        guard kind == UInt16(S_IFDIR) || kind == UInt16(S_IFREG) else { return }
        let tooMany = ImageStoreError.entry(
            entry.text, reason: "its extended attributes are more than an image can hold")
        try entry.forEachExtendedAttribute { name, value in
            tree.set(attribute: name, to: value, of: file)
            guard strlen(name) <= 255, tree.attributes[file]?.count ?? 0 <= Self.mostAttributes else { throw tooMany }
        }
        guard ErofsFormat.canHold(tree.attributes[file] ?? []) else { throw tooMany }
    }

    /// Gives the root what layers have besides files: an opaque folder's mark, and file capabilities.
    mutating func markForTrial() {
        mark(opaque: LayerTree.root)
        ErofsImage.trialCapability.withUnsafeBytes {
            tree.set(attribute: "security.capability", to: $0, of: LayerTree.root)
        }
    }

    private mutating func mark(opaque folder: LayerTree.FileNumber) {
        withUnsafeBytes(of: UInt8(ascii: "y")) { tree.set(attribute: "trusted.overlay.opaque", to: $0, of: folder) }
    }

    private static func isWhiteout(_ file: LayerTree.File) -> Bool {
        file.kind == UInt16(S_IFCHR) && file.place == 0
    }
}

extension EntryPath {
    /// The last component.
    fileprivate var leafBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: leaf, count: leafCount) }
}
