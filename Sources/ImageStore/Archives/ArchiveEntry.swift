internal import CArchive
internal import Glibc

/// The header of one entry of an archive.
///
/// Valid until the reader goes on.
struct ArchiveEntry {
    private let entry: OpaquePointer

    init(_ entry: OpaquePointer) {
        self.entry = entry
    }

    /// What the entry makes, as in `st_mode`: `S_IFREG`, `S_IFDIR` …; 0 where the archive says nothing known.
    var kind: mode_t { mode_t(archive_entry_filetype(entry)) }

    /// Permission bits with setuid, setgid and sticky.
    var permissions: mode_t { mode_t(archive_entry_perm(entry)) & 0o7777 }

    /// The name, as bytes in no particular charset.
    var path: UnsafePointer<CChar>? { archive_entry_pathname(entry) }

    /// The name of the entry that this one is a second name of.
    var hardLinkTarget: UnsafePointer<CChar>? { archive_entry_hardlink(entry) }

    /// What a symbolic link says.
    var symbolicLinkTarget: UnsafePointer<CChar>? { archive_entry_symlink(entry) }

    /// Apparent size in bytes, holes included.
    var size: Int64 { archive_entry_size(entry) }

    /// The owner as the archive gives it; may be out of range.
    var userID: Int64 { archive_entry_uid(entry) }

    /// The group as the archive gives it; may be out of range.
    var groupID: Int64 { archive_entry_gid(entry) }

    /// Time of last modification.
    var modificationTime: timespec {
        // The C library takes nothing but 0 ..< 10^9 nanoseconds.
        timespec(tv_sec: archive_entry_mtime(entry), tv_nsec: min(max(archive_entry_mtime_nsec(entry), 0), 999_999_999))
    }

    /// The same in numbers of known width.
    var modificationMoment: Moment {
        let time = modificationTime
        return Moment(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
    }

    /// The number of a device node.
    var device: dev_t { archive_entry_rdev(entry) }

    /// The extended attributes, in the archive's order.
    func forEachExtendedAttribute<Failure: Error>(
        _ body: (_ name: UnsafePointer<CChar>, _ value: UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        guard archive_entry_xattr_reset(entry) > 0 else { return }
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK {
            if let name { try body(name, UnsafeRawBufferPointer(start: value, count: size)) }
        }
    }
}

/// A time since 1970.
struct Moment: Sendable, Hashable {
    var seconds: Int64
    /// Below 10^9.
    var nanoseconds: UInt32
}
