internal import CArchive
internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Kernel calls that the C library module of Swift does not show; each answers a value of zero or more, or -errno.
enum FileCalls {
    /// AT_EMPTY_PATH: the descriptor itself is meant.
    static let emptyPath: Int32 = 0x1000
    private static let cloneFS = 0x200
    private static let syncFileRangeWrite = 2
    private static let renameExchange = 2
    /// UTIME_OMIT, a macro that Swift cannot read.
    private static let omitTime = (1 << 30) - 2

    /// Sets an extended attribute on an open file.
    static func setExtendedAttribute(
        _ descriptor: Int32, _ name: UnsafePointer<CChar>, _ value: UnsafeRawBufferPointer
    ) -> Int {
        nb_syscall6(
            Int(SYS_fsetxattr), Int(descriptor), Int(bitPattern: name), Int(bitPattern: value.baseAddress), value.count,
            0, 0)
    }

    /// Removes an extended attribute from an open file.
    static func removeExtendedAttribute(_ descriptor: Int32, _ name: StaticString) -> Int {
        nb_syscall6(Int(SYS_fremovexattr), Int(descriptor), Int(bitPattern: name.utf8Start), 0, 0, 0, 0)
    }

    /// Sets an open file's time of last modification, and leaves that of its last access.
    static func setModificationTime(_ descriptor: Int32, _ time: timespec) -> Int32 {
        withUnsafeTemporaryAllocation(of: timespec.self, capacity: 2) { times in
            times[0] = timespec(tv_sec: 0, tv_nsec: omitTime)
            times[1] = time
            return futimens(descriptor, times.baseAddress)
        }
    }

    /// As above for what `name` in the open folder is itself: a symbolic link is not followed.
    static func setModificationTime(of name: UnsafePointer<CChar>, in folder: Int32, _ time: timespec) -> Int32 {
        withUnsafeTemporaryAllocation(of: timespec.self, capacity: 2) { times in
            times[0] = timespec(tv_sec: 0, tv_nsec: omitTime)
            times[1] = time
            return utimensat(folder, name, times.baseAddress, AT_SYMLINK_NOFOLLOW)
        }
    }

    /// As above for what an O_PATH descriptor stands for.
    static func setModificationTime(ofPlace descriptor: Int32, _ time: timespec) -> Int32 {
        withUnsafeTemporaryAllocation(of: timespec.self, capacity: 2) { times in
            times[0] = timespec(tv_sec: 0, tv_nsec: omitTime)
            times[1] = time
            return utimensat(descriptor, "", times.baseAddress, emptyPath)
        }
    }

    /// Exchanges two names in one step: whoever looks sees one or the other.
    static func exchange(
        _ name: UnsafePointer<CChar>, in folder: Int32, _ other: UnsafePointer<CChar>, in otherFolder: Int32
    ) -> Int {
        nb_syscall6(
            Int(SYS_renameat2), Int(folder), Int(bitPattern: name), Int(otherFolder), Int(bitPattern: other),
            renameExchange, 0)
    }

    /// Writes everything that is not on the disk yet of the file system that `descriptor` lies on.
    static func syncFileSystem(_ descriptor: Int32) -> Int {
        nb_syscall6(Int(SYS_syncfs), Int(descriptor), 0, 0, 0, 0, 0)
    }

    /// Starts writing a range of a file to the disk without waiting for it.
    static func startWriteback(_ descriptor: Int32, offset: Int64, count: Int64) {
        _ = nb_syscall6(Int(SYS_sync_file_range), Int(descriptor), Int(offset), Int(count), syncFileRangeWrite, 0, 0)
    }

    /// Gives the calling thread a umask (and working folder) of its own, and sets that umask to 0.
    ///
    /// So files get exactly the permissions they are made with, without a call more and without a change that other
    /// threads of the process see.
    static func makeUmaskPrivate() throws(SystemError) {
        try checked(nb_syscall6(Int(SYS_unshare), cloneFS, 0, 0, 0, 0, 0), "separate", "the file-mode mask of a thread")
        umask(0)
    }
}
