internal import Glibc
internal import LinuxSystem

/// Puts a layer's tree behind the content of its files: first the whole blocks of folders, then the inodes with what lies in
/// them, at last the superblock.
///
/// Every inode is an extended one and starts at a multiple of its size, so none crosses a block. What lies behind an inode
/// (attributes, a link's target, the rest of a folder) may not cross one either, as far as it is content.
struct ErofsMetadata: ~Copyable {
    /// A file of the tree that has a name.
    private struct Inode {
        var file: LayerTree.FileNumber
        /// Where it starts in the metadata area, in bytes.
        var offset = 0
        var links: UInt32 = 0
        var layout = ErofsFormat.Layout.plain
        /// Bytes of a folder's blocks, or of a link's target.
        var size = 0
        /// The first of a folder's whole blocks, counted from the first of all.
        var firstBlock = 0
        var parent = 0
        /// A folder's entries in ``entries``.
        var entries = 0..<0
    }

    private typealias Entry = (name: ArraySlice<UInt8>, inode: Int)

    private var inodes: [Inode] = []
    /// Folders' entries, each folder's in the order of the names.
    private var entries: [Entry] = []
    /// How many whole blocks of folders there are.
    private var folderBlocks = 0
    private var end = ErofsFormat.inodeSize

    /// Writes everything but the content of files, which lies before it.
    ///
    /// - Throws: `SystemError`.
    static func write(_ tree: borrowing LayerTree, to writer: inout ImageFileWriter) throws(SystemError) {
        var metadata = ErofsMetadata()
        metadata.collect(tree)
        for index in metadata.inodes.indices { metadata.place(index, tree) }
        try writer.align()
        let folderStart = writer.position >> Int64(ErofsFormat.blockBits)
        for index in metadata.inodes.indices { try metadata.writeBlocks(of: index, tree, to: &writer) }
        try writer.align()
        let start = writer.position
        for index in metadata.inodes.indices {
            try writer.skip(to: start + Int64(metadata.inodes[index].offset))
            try writer.append(metadata.inode(index, tree, firstBlock: Int(folderStart)))
        }
        try writer.align()
        try writer.finish()
        try writer.overwrite(
            metadata.superblock(
                metadataStart: UInt32(start >> Int64(ErofsFormat.blockBits)),
                blocks: UInt32(clamping: writer.position >> Int64(ErofsFormat.blockBits))),
            at: Int64(ErofsFormat.superblockOffset))
    }

    // MARK: - What there is

    /// Finds what has a name, folders before what lies in them.
    private mutating func collect(_ tree: borrowing LayerTree) {
        var known = [Int](repeating: -1, count: tree.files.count)
        known[Int(LayerTree.root)] = 0
        inodes.append(Inode(file: LayerTree.root))
        inodes[0].links = 2
        var index = 0
        while index < inodes.count {
            defer { index += 1 }
            guard tree[inodes[index].file].isFolder else { continue }
            let first = entries.count
            for (name, file) in tree.contents(of: inodes[index].file) {
                if known[Int(file)] < 0 {
                    known[Int(file)] = inodes.count
                    inodes.append(Inode(file: file, parent: index))
                }
                let child = known[Int(file)]
                inodes[child].links += 1
                if tree[file].isFolder {
                    inodes[child].links += 1
                    inodes[index].links += 1
                }
                entries.append((name, child))
            }
            inodes[index].entries = first..<entries.count
        }
    }

    // MARK: - Where it goes

    private mutating func place(_ index: Int, _ tree: borrowing LayerTree) {
        let file = tree[inodes[index].file]
        let attributes = Self.attributeBytes(tree.attributes[inodes[index].file] ?? [])
        var rest = 0
        if file.isFolder {
            inodes[index].size = folderSize(index)
            rest = inodes[index].size % ErofsFormat.blockSize
            inodes[index].firstBlock = folderBlocks
            folderBlocks += inodes[index].size / ErofsFormat.blockSize
        } else if file.isLink {
            inodes[index].size = Int(file.size)
            rest = inodes[index].size
        }
        let before = ErofsFormat.inodeSize + attributes.count
        if rest > 0, before + rest <= ErofsFormat.blockSize {
            inodes[index].layout = .inline
            let inBlock = end % ErofsFormat.blockSize
            if inBlock + before + rest > ErofsFormat.blockSize { end += ErofsFormat.blockSize - inBlock }
        } else if rest > 0 {
            // A block of its own.
            if file.isLink { inodes[index].firstBlock = folderBlocks }
            folderBlocks += 1
            rest = 0
        }
        inodes[index].offset = end
        let mask = ErofsFormat.inodeSize - 1
        end = (end + before + rest + mask) & ~mask
    }

    /// Bytes of a folder's blocks: all are whole but the last.
    private func folderSize(_ index: Int) -> Int {
        var (blocks, used) = (0, 0)
        forEachEntry(of: index) { name, _ in
            let size = ErofsFormat.entrySize + name.count
            if used + size > ErofsFormat.blockSize {
                blocks += 1
                used = 0
            }
            used += size
        }
        return blocks * ErofsFormat.blockSize + used
    }

    /// A folder's entries with `.` and `..`, in the order of the names' bytes.
    private func forEachEntry(of index: Int, _ body: (ArraySlice<UInt8>, Int) -> Void) {
        let dot = UInt8(ascii: ".")
        var special: [Entry] = [([dot], index), ([dot, dot], inodes[index].parent)]
        for entry in entries[inodes[index].entries] {
            while let next = special.first, next.name.lexicographicallyPrecedes(entry.name) {
                body(next.name, next.inode)
                special.removeFirst()
            }
            body(entry.name, entry.inode)
        }
        for entry in special { body(entry.name, entry.inode) }
    }

    // MARK: - Writing

    /// What lies in whole blocks, or in a block of its own because it does not fit behind its inode.
    private func writeBlocks(
        of index: Int, _ tree: borrowing LayerTree, to writer: inout ImageFileWriter
    ) throws(SystemError) {
        let inode = inodes[index]
        let count = inode.layout == .inline ? inode.size / ErofsFormat.blockSize * ErofsFormat.blockSize : inode.size
        if count == 0 { return }
        try writer.append(Array(content(of: index, tree)[..<count]))
        try writer.align()
    }

    /// A folder's blocks, or a link's target.
    private func content(of index: Int, _ tree: borrowing LayerTree) -> [UInt8] {
        let file = tree[inodes[index].file]
        if file.isLink { return Array(tree.target(of: file)) }
        guard file.isFolder else { return [] }
        var blocks = LittleEndianBytes()
        var pending: [Entry] = []
        var used = 0
        forEachEntry(of: index) { name, target in
            let size = ErofsFormat.entrySize + name.count
            if used + size > ErofsFormat.blockSize {
                append(pending, to: &blocks, tree)
                blocks.append(zeros: ErofsFormat.blockSize - used)
                pending.removeAll(keepingCapacity: true)
                used = 0
            }
            pending.append((name, target))
            used += size
        }
        append(pending, to: &blocks, tree)
        return blocks.bytes
    }

    /// One block of a folder: the entries, then their names.
    private func append(_ block: [Entry], to bytes: inout LittleEndianBytes, _ tree: borrowing LayerTree) {
        var nameStart = block.count * ErofsFormat.entrySize
        for (name, target) in block {
            bytes.append(UInt64(number(of: target)))
            bytes.append(UInt16(nameStart))
            bytes.append(ErofsFormat.kind(ofMode: tree[inodes[target].file].mode))
            bytes.append(UInt8(0))
            nameStart += name.count
        }
        for (name, _) in block { bytes.append(name) }
    }

    /// What the kernel finds an inode by (nid).
    private func number(of index: Int) -> Int { inodes[index].offset >> ErofsFormat.slotBits }

    /// An inode with all that lies behind it.
    private func inode(_ index: Int, _ tree: borrowing LayerTree, firstBlock: Int) -> [UInt8] {
        let inode = inodes[index]
        let file = tree[inode.file]
        let attributes = Self.attributeBytes(tree.attributes[inode.file] ?? [])
        let isOwn = file.isFolder || file.isLink
        var bytes = LittleEndianBytes()
        bytes.append(1 | inode.layout.rawValue << 1)
        // Four bytes are one, but for the header, which is all of the first (erofs_xattr_ibody_size).
        bytes.append(
            UInt16(attributes.isEmpty ? 0 : (attributes.count - ErofsFormat.attributeHeaderSize) / 4 + 1))
        bytes.append(file.mode)
        bytes.append(UInt16(0))
        bytes.append(UInt64(isOwn ? Int64(inode.size) : file.size))
        bytes.append(isOwn ? UInt32(firstBlock + inode.firstBlock) : file.place)
        bytes.append(UInt32(index + 1))
        bytes.append(file.owner)
        bytes.append(file.group)
        bytes.append(UInt64(bitPattern: file.time.seconds))
        bytes.append(file.time.nanoseconds)
        bytes.append(inode.links)
        bytes.append(zeros: 16)
        bytes.append(attributes)
        if inode.layout == .inline {
            bytes.append(content(of: index, tree).suffix(inode.size % ErofsFormat.blockSize))
        }
        return bytes.bytes
    }

    /// The attributes of an inode as they lie behind it; none where there are none.
    private static func attributeBytes(_ attributes: [LayerTree.Attribute]) -> [UInt8] {
        if attributes.isEmpty { return [] }
        var bytes = LittleEndianBytes()
        bytes.append(zeros: ErofsFormat.attributeHeaderSize)
        for attribute in attributes {
            guard let (prefix, number) = ErofsFormat.prefix(of: attribute.name) else { continue }
            bytes.append(UInt8(attribute.name.count - prefix))
            bytes.append(number)
            bytes.append(UInt16(attribute.value.count))
            bytes.append(attribute.name[prefix...])
            bytes.append(attribute.value)
            bytes.append(zeros: -bytes.bytes.count & 3)
        }
        return bytes.bytes
    }

    private func superblock(metadataStart: UInt32, blocks: UInt32) -> [UInt8] {
        var bytes = LittleEndianBytes()
        bytes.append(ErofsFormat.magic)
        // No checksum, and no feature that a kernel would have to know.
        bytes.append(UInt32(0))
        bytes.append(UInt32(0))
        bytes.append(UInt8(ErofsFormat.blockBits))
        bytes.append(UInt8(0))
        bytes.append(UInt16(number(of: 0)))
        bytes.append(UInt64(inodes.count))
        // When it was made is nobody's business: the same layer gives the same bytes.
        bytes.append(UInt64(0))
        bytes.append(UInt32(0))
        bytes.append(blocks)
        bytes.append(metadataStart)
        bytes.append(zeros: 128 - bytes.bytes.count)
        return bytes.bytes
    }
}
