internal import Glibc

/// Where a layer's files go: into a folder (``FolderLayer``) or an image of a file system (``ErofsLayer``).
///
/// What is made replaces what the same layer had under that name before, but for a folder, which stays.
protocol LayerTarget: ~Copyable {
    /// A folder of the layer, until the next one is asked for twice.
    associatedtype Folder

    /// Bytes written into files.
    var bytes: Int64 { get }

    /// The folder that `path` lies in, made with mode 0755 where it is missing; symbolic links on the way are resolved inside
    /// the layer.
    mutating func folder(of path: borrowing EntryPath, for entry: LayerEntry) throws -> Folder

    mutating func attributeRoot(_ path: borrowing EntryPath, _ entry: LayerEntry) throws
    mutating func makeFolder(_ path: borrowing EntryPath, _ entry: LayerEntry, in parent: Folder) throws
    mutating func makeFile(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: Folder, _ reader: ArchiveReader) throws
    mutating func makeSymbolicLink(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: Folder, to target: UnsafePointer<CChar>) throws
    /// A device node or a FIFO.
    mutating func makeNode(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: Folder, device: dev_t) throws
    mutating func makeHardLink(
        _ path: borrowing EntryPath, _ entry: LayerEntry, in parent: Folder, to source: borrowing EntryPath) throws

    /// Hides `name` of the lower layers; what this layer itself has there stays, and a folder becomes opaque.
    mutating func hide(_ name: UnsafePointer<CChar>, _ entry: LayerEntry, in parent: Folder) throws
    /// Hides what lower layers have in a folder.
    mutating func makeOpaque(_ folder: Folder, _ entry: LayerEntry) throws

    /// Does what can be done only when nothing more is made.
    mutating func finish() throws
}

/// An entry of a layer's archive, and what is taken of it.
struct LayerEntry {
    let header: ArchiveEntry
    /// As the archive has it.
    let name: UnsafePointer<CChar>
    let limits: UnpackLimits

    /// The name for messages.
    var text: String { EntryPath.text(name) }

    /// Owner and group.
    ///
    /// - Throws: `ImageStoreError`.
    func ownership() throws(ImageStoreError) -> (uid_t, gid_t) {
        // The last number means "no change" to the kernel.
        let valid: Range<Int64> = 0..<Int64(UInt32.max)
        guard valid.contains(header.userID), valid.contains(header.groupID) else {
            throw .entry(text, reason: "owner \(header.userID):\(header.groupID) is out of range")
        }
        return (uid_t(header.userID), gid_t(header.groupID))
    }

    /// The extended attributes that a layer may have: `user.*` and file capabilities, above all none of overlayfs itself.
    ///
    /// - Throws: `ImageStoreError` when they are more than the limit or none that a file can have, and what `body` throws.
    func forEachExtendedAttribute(
        _ body: (_ name: UnsafePointer<CChar>, _ value: UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var total = 0
        header.forEachExtendedAttribute { attribute, value in total += strlen(attribute) + value.count }
        if total == 0 { return }
        if total > limits.extendedAttributeSize {
            throw ImageStoreError.limit(
                .extendedAttributeSize, Int64(limits.extendedAttributeSize), object: text)
        }
        try header.forEachExtendedAttribute { attribute, value in
            let isCapability = strcmp(attribute, "security.capability") == 0
            guard isCapability || hasPrefix(attribute, "user.") && !hasPrefix(attribute, "user.overlay.") else {
                return
            }
            // What the kernel refuses to set is not to be found in an image, either.
            guard strcmp(attribute, "user.") != 0, !isCapability || Self.isCapability(value) else {
                throw ImageStoreError.entry(
                    text, reason: "its extended attribute \(EntryPath.text(attribute).quoted) is malformed")
            }
            try body(attribute, value)
        }
    }

    /// Whether bytes are file capabilities in one of their three forms (`struct vfs_cap_data` of linux/capability.h): the revision
    /// is in the last of the first four bytes.
    private static func isCapability(_ value: UnsafeRawBufferPointer) -> Bool {
        guard value.count >= 4 else { return false }
        return [1: 12, 2: 20, 3: 24][value[3]] == value.count
    }

    /// The size of a file.
    ///
    /// - Throws: `ImageStoreError` when it is more than the limit, or negative, as a pax header can say.
    func fileSize() throws(ImageStoreError) -> Int64 {
        guard header.size >= 0 else { throw .entry(text, reason: "its size is negative") }
        guard header.size <= limits.fileSize else { throw .limit(.fileSize, limits.fileSize, object: text) }
        return header.size
    }

    /// Whether a run of data lies inside the file.
    ///
    /// - Throws: `ImageStoreError` when it does not.
    func check(run count: Int, at offset: Int64, size: Int64) throws(ImageStoreError) {
        guard offset >= 0, offset <= size, Int64(count) <= size - offset else {
            throw .entry(text, reason: "its data lies outside the file")
        }
    }

    /// A hard link whose source is not there.
    func missingSource(_ source: borrowing EntryPath) -> ImageStoreError {
        .entry(text, reason: "a hard link to \(source.text.quoted), which the layer does not hold")
    }

    /// A hard link to a folder.
    func folderAsSource(_ source: borrowing EntryPath) -> ImageStoreError {
        .entry(text, reason: "a hard link to the folder \(source.text.quoted)")
    }

    /// A folder on the way to the entry is none.
    var pathIsBlocked: ImageStoreError {
        .entry(text, reason: "a folder on its path is something else in this layer")
    }
}
