internal import Glibc
internal import LinuxSystem

/// Whiteouts of the OCI image specification, written as overlayfs wants them.
extension LayerUnpacker {
    /// Deals with a whiteout or a name that only aufs understands; false for any other entry.
    mutating func unpackWhiteout(_ name: UnsafePointer<CChar>) throws -> Bool {
        if path.folderHasComponent(prefix: ".wh.") {
            // Folders of aufs itself, such as `.wh..wh.plnk`.
            if path.folderHasComponent(prefix: ".wh..wh.") { return true }
            throw ImageStoreError.entry(EntryPath.text(name), reason: "it lies below a whiteout")
        }
        guard hasPrefix(path.leaf, ".wh.") else { return false }
        if strcmp(path.leaf, ".wh..wh..opq") == 0 {
            try makeFolderOpaque(name)
            return true
        }
        if hasPrefix(path.leaf, ".wh..wh.") { return true }
        let hidden = path.leaf + 4
        guard hidden.pointee != 0, strcmp(hidden, ".") != 0, strcmp(hidden, "..") != 0 else {
            throw ImageStoreError.entry(EntryPath.text(name), reason: "a whiteout of no file")
        }
        let parent = try folders.folder(of: path, entry: name)
        try hide(hidden, in: parent, name)
        return true
    }

    /// Hides `hidden` of the lower layers.
    ///
    /// What this layer itself brings under that name stays, as the specification asks: a file hides the lower one
    /// anyway, a folder becomes opaque.
    private func hide(_ hidden: UnsafePointer<CChar>, in parent: Int32, _ name: UnsafePointer<CChar>) throws {
        if mknodat(parent, hidden, S_IFCHR, 0) == 0 { return }
        let errno = Errno.current
        guard errno == .exists else {
            throw SystemError("create the whiteout", EntryPath.text(name), errno)
        }
        let number = openat(parent, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard number >= 0 else { return }
        let folder = FileDescriptor(owning: number)
        try makeOpaque(folder.rawValue, name)
    }

    private mutating func makeFolderOpaque(_ name: UnsafePointer<CChar>) throws {
        // overlayfs does not look at the attribute on the root of a layer; the store leaves the lower layers out.
        if path.folderCount == 0 { layer.hidesLowerLayers = true }
        let parent = try folders.folder(of: path, entry: name)
        // An O_PATH descriptor takes no attributes.
        let folder = FileDescriptor(
            owning: try retrying("open the folder of", EntryPath.text(name)) {
                openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            })
        try makeOpaque(folder.rawValue, name)
    }

    func makeOpaque(_ folder: Int32, _ name: UnsafePointer<CChar>) throws {
        try checked(
            withUnsafeBytes(of: UInt8(ascii: "y")) {
                FileCalls.setExtendedAttribute(folder, "trusted.overlay.opaque", $0)
            },
            "make opaque", EntryPath.text(name), hint: "unpacking an image needs root")
    }

    static func isWhiteout(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
    }
}
