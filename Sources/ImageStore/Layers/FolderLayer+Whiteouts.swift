internal import Glibc
internal import LinuxSystem

/// Whiteouts, as overlayfs wants them.
extension FolderLayer {
    mutating func hide(_ name: UnsafePointer<CChar>, _ entry: LayerEntry, in parent: Int32) throws {
        if mknodat(parent, name, S_IFCHR, 0) == 0 { return }
        let errno = Errno.current
        guard errno == .exists else { throw SystemError("create the whiteout", entry.text, errno) }
        let number = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        // A file of this layer hides the lower one anyway.
        guard number >= 0 else { return }
        let folder = FileDescriptor(owning: number)
        try mark(opaque: folder.rawValue, entry)
    }

    mutating func makeOpaque(_ folder: Int32, _ entry: LayerEntry) throws {
        // An O_PATH descriptor takes no attributes.
        let opened = FileDescriptor(
            owning: try retrying("open the folder of", entry.text) {
                openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            })
        try mark(opaque: opened.rawValue, entry)
    }

    func mark(opaque folder: Int32, _ entry: LayerEntry) throws {
        try checked(
            withUnsafeBytes(of: UInt8(ascii: "y")) {
                FileCalls.setExtendedAttribute(folder, "trusted.overlay.opaque", $0)
            },
            "make opaque", entry.text, hint: "unpacking an image needs root")
    }
}
