internal import CLinux
internal import Glibc
public import LinuxSystem

/// A layer that is one EROFS image, where the kernel mounts files (Linux 6.12 with CONFIG_EROFS_FS_BACKED_BY_FILE).
public enum ErofsImage {
    /// Its name beside the folder `diff`, which is empty then.
    public static let file = "layer.erofs"

    /// Mounts an image; the mount is attached nowhere, and nothing can be written through it.
    ///
    /// - Throws: `SystemError`; `ENODEV` where the kernel has no EROFS, `ENOTBLK` where it mounts no files.
    public static func mount(_ image: borrowing FileDescriptor, name: String) throws(SystemError) -> FileDescriptor {
        let hint =
            "the kernel must mount EROFS images from files, as Linux 6.12 and later do; `nestbox verify --repair` makes"
            + " folders of them where it does not"
        let context = FileDescriptor(owning: try checked(nb_fsopen("erofs"), "mount", name, hint: hint))
        try checked(
            nb_fsconfig(context.rawValue, "source", "/proc/self/fd/\(image.rawValue)"), "mount", name, hint: hint)
        return FileDescriptor(
            owning: try checked(nb_fsmount(context.rawValue, NB_MOUNT_READ_ONLY), "mount", name, hint: hint))
    }
}

extension StagingFolder {
    /// Whether this process can mount an image here, tried with one that holds nothing.
    func tryMountingImage() -> Bool {
        let name = newName("trial")
        do {
            let file = try descriptor.open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
            defer { unlinkat(descriptor.rawValue, name, 0) }
            var layer = try ErofsLayer(file.duplicate(), name: name)
            try layer.finish()
            _ = try ErofsImage.mount(file, name: name)
            return true
        } catch {
            return false
        }
    }
}
