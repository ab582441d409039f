internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Copies what an image has at a volume's place into the new volume (CVE-2022-23648: the image is not trusted).
///
/// The image is seen as its container would see it, through a read-only overlay of its layers that is mounted nowhere, and the
/// place is opened by ``RootDirectory``: a symlink in the image cannot lead out of it.
struct VolumeCopyUp: Sendable {
    /// Folders, topmost first.
    let layers: [String]
    /// An empty folder that old kernels need for putting the overlay together.
    let staging: String

    /// Copies the content, owner, mode, times and attributes of the folder `target`; nothing when the image has no folder there.
    func copy(_ target: String, to volume: borrowing FileDescriptor) throws(SystemError) {
        guard !layers.isEmpty else { return }
        let root = RootDirectory(try openImage())
        let path = try RootedPath(target)
        let source: FileDescriptor
        do throws(SystemError) {
            source = try root.open(path, O_RDONLY | O_DIRECTORY)
        } catch  where error.errno == .noSuchFile || error.errno == .notDirectory || error.errno == .tooManyLinks {
            return
        }
        var copier = TreeCopier(destinationRoot: volume.rawValue)
        try copier.copyFolder(from: source, to: volume, path: [], depth: 0)
    }

    private func openImage() throws(SystemError) -> FileDescriptor {
        // overlayfs wants two layers, or a writable one.
        if layers.count == 1 { return try FileDescriptor.open(layers[0], NB_O_PATH | O_DIRECTORY) }
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        for layer in layers { descriptors.append(try FileDescriptor.open(layer, NB_O_PATH | O_DIRECTORY).release()) }
        let attributes = NB_MOUNT_READ_ONLY | NB_MOUNT_NO_DEVICES | NB_MOUNT_NO_SUID | NB_MOUNT_NO_EXECUTE
        let mount = nb_mount_overlay(descriptors, descriptors.count, -1, -1, 0, attributes, staging)
        return FileDescriptor(owning: try checked(mount, "mount an overlay of", "the image's layers"))
    }
}
