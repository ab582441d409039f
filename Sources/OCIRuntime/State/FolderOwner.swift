internal import Glibc
internal import LinuxSystem

/// Whose a folder is: what root trusts must be nothing that others could have put there.
enum FolderOwner {
    /// Whether only root or this process's user decides what is in the folder.
    ///
    /// - Parameters:
    ///   - status: what the kernel says of it.
    ///   - isShared: others may put something of their own beside it, as in a folder with the sticky bit: nobody but its owner
    ///     renames or removes what is there (inode(7)).
    static func isOwn(_ status: stat, isShared: Bool = false) -> Bool {
        let isOpen = status.st_mode & 0o022 != 0 && !(isShared && status.st_mode & S_ISVTX != 0)
        let isOurs = status.st_uid == 0 || status.st_uid == geteuid()
        return status.st_mode & S_IFMT == S_IFDIR && !isOpen && isOurs
    }
}
