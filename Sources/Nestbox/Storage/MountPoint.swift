internal import Glibc
internal import LinuxSystem

/// A place of the engine's own that something is mounted on.
enum MountPoint {
    /// UMOUNT_NOFOLLOW, which the importer does not see.
    private static let noFollow: Int32 = 8

    /// Takes away what is mounted there, however often; whoever uses it keeps it.
    ///
    /// - Throws: `SystemError`.
    static func clear(_ path: String, while isMounted: (String) -> Bool) throws(SystemError) {
        while isMounted(path) {
            try retrying("unmount", path) { umount2(path, Int32(MNT_DETACH) | noFollow) }
        }
    }
}
