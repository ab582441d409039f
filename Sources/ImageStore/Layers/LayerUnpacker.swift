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

/// Writes the entries of a layer's archive as a lower layer of overlayfs.
///
/// Nothing an archive says leads outside the layer (threats.md, first table). Whiteouts become the character device 0:0,
/// opaque folders get `trusted.overlay.opaque`. Device nodes are made as the archive says: the store lies below a folder of
/// mode 0700, and in a container its device policy decides.
struct LayerUnpacker<Target: LayerTarget & ~Copyable>: ~Copyable {
    private let limits: UnpackLimits
    private var path: EntryPath
    private var sourcePath: EntryPath
    private var target: Target
    private var layer = UnpackedLayer()

    init(into target: consuming Target, limits: UnpackLimits) {
        self.limits = limits
        self.target = target
        path = EntryPath(limits: limits)
        sourcePath = EntryPath(limits: limits)
    }

    /// Unpacks every entry.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    mutating func unpack(_ reader: ArchiveReader) throws -> UnpackedLayer {
        while let header = try reader.nextEntry() {
            layer.entries += 1
            guard let name = header.path else {
                throw ImageStoreError.entry("number \(layer.entries)", reason: "it has no name")
            }
            let entry = LayerEntry(header: header, name: name, limits: limits)
            if layer.entries > limits.entries {
                throw ImageStoreError.limit(.entries, Int64(limits.entries), object: entry.text)
            }
            try path.assign(name)
            if try unpackWhiteout(entry) { continue }
            if path.isRoot {
                // Only a folder can stand for the root.
                if header.kind == S_IFDIR { try target.attributeRoot(path, entry) }
                continue
            }
            let parent = try target.folder(of: path, for: entry)
            if let source = header.hardLinkTarget {
                try sourcePath.assign(source)
                guard !sourcePath.isRoot else {
                    throw ImageStoreError.entry(entry.text, reason: "a hard link to the root")
                }
                try target.makeHardLink(path, entry, in: parent, to: sourcePath)
            } else {
                try make(entry, in: parent, reader)
            }
        }
        try target.finish()
        layer.bytes = target.bytes
        return layer
    }

    private mutating func make(_ entry: LayerEntry, in parent: Target.Folder, _ reader: ArchiveReader) throws {
        switch entry.header.kind {
        case S_IFREG: try target.makeFile(path, entry, in: parent, reader)
        case S_IFDIR: try target.makeFolder(path, entry, in: parent)
        case S_IFLNK:
            guard let link = entry.header.symbolicLinkTarget, link.pointee != 0 else {
                throw ImageStoreError.entry(entry.text, reason: "a symbolic link without a target")
            }
            try target.makeSymbolicLink(path, entry, in: parent, to: link)
        case S_IFIFO: try target.makeNode(path, entry, in: parent, device: 0)
        case S_IFCHR, S_IFBLK: try target.makeNode(path, entry, in: parent, device: entry.header.device)
        case S_IFSOCK:
            // A socket means nothing without the process that listens on it.
            break
        default:
            throw ImageStoreError.entry(entry.text, reason: "it is of no known kind")
        }
    }

    /// Deals with a whiteout of the OCI image specification or a name that only aufs understands; false for any other entry.
    private mutating func unpackWhiteout(_ entry: LayerEntry) throws -> Bool {
        if path.folderHasComponent(prefix: ".wh.") {
            // Folders of aufs itself, such as `.wh..wh.plnk`.
            if path.folderHasComponent(prefix: ".wh..wh.") { return true }
            throw ImageStoreError.entry(entry.text, reason: "it lies below a whiteout")
        }
        guard hasPrefix(path.leaf, ".wh.") else { return false }
        if strcmp(path.leaf, ".wh..wh..opq") == 0 {
            // overlayfs does not look at the attribute on the root of a layer; the store leaves the lower layers out.
            if path.folderCount == 0 { layer.hidesLowerLayers = true }
            try target.makeOpaque(try target.folder(of: path, for: entry), entry)
            return true
        }
        if hasPrefix(path.leaf, ".wh..wh.") { return true }
        let hidden = path.leaf + 4
        guard hidden.pointee != 0, strcmp(hidden, ".") != 0, strcmp(hidden, "..") != 0 else {
            throw ImageStoreError.entry(entry.text, reason: "a whiteout of no file")
        }
        try target.hide(hidden, entry, in: try target.folder(of: path, for: entry))
        return true
    }
}
