internal import CLinux
internal import Glibc
public import LinuxSystem
internal import OCISpec

/// A layer that is one EROFS image, where the kernel mounts files (Linux 6.12 with CONFIG_EROFS_FS_BACKED_BY_FILE).
public enum ErofsImage {
    /// Its name where a layer that is a folder has `diff`.
    public static let file = "layer.erofs"

    /// Which way files are put into an image: a part of what tells one from another.
    private static let layoutVersion: UInt8 = 1
    /// Where the superblock has the image's UUID.
    private static let uuidOffset = ErofsFormat.superblockOffset + 0x30

    /// CAP_CHOWN, permitted, and no other: revision 2 of `struct vfs_cap_data` (linux/capability.h).
    static let trialCapability: [UInt8] = [0, 0, 0, 2, 1] + [UInt8](repeating: 0, count: 15)

    /// Mounts an image; the mount is attached nowhere, and nothing can be written through it.
    ///
    /// - Throws: `SystemError`; `ENODEV` where the kernel has no EROFS, `ENOTBLK` where it mounts no files.
    public static func mount(_ image: borrowing FileDescriptor, name: String) throws(SystemError) -> FileDescriptor {
        let context = FileDescriptor(owning: try succeeded(nb_fsopen("erofs"), name))
        _ = try succeeded(nb_fsconfig(context.rawValue, "source", "/proc/self/fd/\(image.rawValue)"), name)
        return FileDescriptor(owning: try succeeded(nb_fsmount(context.rawValue, NB_MOUNT_READ_ONLY), name))
    }

    private static func succeeded(_ result: Int32, _ name: String) throws(SystemError) -> Int32 {
        if result >= 0 { return result }
        let hint: String? =
            switch -result {
            case ENODEV, ENOTBLK:
                "the kernel must mount EROFS images from files, as Linux 6.12 and later do; `nestbox verify --repair` makes a "
                    + "folder of it here"
            case EINVAL, EUCLEAN: "it is damaged; `nestbox verify --repair` makes it anew"
            default: nil
            }
        throw SystemError("mount", name, Errno(-result), hint: hint)
    }

    /// Gives an image the UUID of its layer: overlayfs finds a file that was copied up again, after the next start, by the
    /// file system that it came from, and needs to tell that from those of other layers.
    static func identify(_ image: borrowing FileDescriptor, as diffID: Digest, name: String) throws(SystemError) {
        let uuid = Array(diffID.hex.utf8.prefix(15)) + [layoutVersion]
        let number = image.rawValue
        try retrying("write", name) { pwrite(number, uuid, uuid.count, off_t(uuidOffset)) }
    }
}

extension StagingFolder {
    /// Whether this process can mount an image here and finds in it what layers have, tried with one that holds no file.
    func tryMountingImage() -> Bool {
        let name = newName("trial")
        do {
            let file = try descriptor.open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
            defer { unlinkat(descriptor.rawValue, name, 0) }
            var layer = try ErofsLayer(file.duplicate(), name: name)
            layer.markForTrial()
            try layer.finish()
            let root = try ErofsImage.mount(file, name: name).open(".", O_RDONLY | O_DIRECTORY)
            let capability = try ExtendedAttributes.value("security.capability", of: root.rawValue)
            let mark = try ExtendedAttributes.value("trusted.overlay.opaque", of: root.rawValue)
            return capability == ErofsImage.trialCapability && mark == [UInt8(ascii: "y")]
        } catch {
            return false
        }
    }
}
