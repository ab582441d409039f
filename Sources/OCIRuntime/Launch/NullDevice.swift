internal import CLinux
internal import Glibc
internal import LinuxSystem

/// The host's null device, as a container gets it: usable, but not changeable.
///
/// A container in the host's user namespace owns the host's files wherever it reaches them: `chmod 0 /proc/kcore`, where the
/// null device hides it, or `chmod 0 /dev/stdin` would take /dev/null away from the whole host. Through a read-only mount a
/// device can be read and written, its mode and owner cannot be changed.
enum NullDevice {
    /// What protects it.
    static let mountAttributes = NB_MOUNT_READ_ONLY | NB_MOUNT_NO_SUID | NB_MOUNT_NO_EXECUTE

    /// A detached, read-only clone of /dev/null, verified: character device 1:3.
    ///
    /// - Throws: `SystemError`.
    static func readOnlyMount() throws(SystemError) -> FileDescriptor {
        let device = try FileDescriptor.open("/dev/null", NB_O_PATH | O_NOFOLLOW)
        let status = try device.status()
        guard status.st_mode & S_IFMT == S_IFCHR, status.st_rdev == 0x103 else {
            throw SystemError("use", "/dev/null", .invalidArgument, hint: "on this host it is not the null device")
        }
        let clone = FileDescriptor(owning: try checked(nb_clone_tree(device.rawValue, "", 0), "clone", "/dev/null"))
        try checked(nb_set_attributes(clone.rawValue, mountAttributes, 0, 0, -1, 0), "protect", "/dev/null")
        return clone
    }

    /// The null device as an empty input.
    ///
    /// - Parameter isProtected: the reader has power over the host's files.
    /// - Throws: `SystemError`.
    static func openForReading(isProtected: Bool) throws(SystemError) -> FileDescriptor {
        guard isProtected else { return try FileDescriptor.open("/dev/null") }
        let mount = try readOnlyMount()
        // The open file keeps the detached mount.
        return try FileDescriptor.open("/proc/self/fd/\(mount.rawValue)")
    }
}
