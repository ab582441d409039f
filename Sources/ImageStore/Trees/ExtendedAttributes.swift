internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Reading the extended attributes of open files.
enum ExtendedAttributes {
    /// The kernel's limit for the names together, and for one value (xattr(7)).
    private static let limit = 1 << 16

    /// The names, sorted; none where the file system has no such thing.
    ///
    /// - Throws: `SystemError`.
    static func names(of file: Int32) throws(SystemError) -> [[UInt8]] {
        // Most files have none.
        let size = nb_syscall6(Int(SYS_flistxattr), Int(file), 0, 0, 0, 0, 0)
        if size == 0 || size == -Int(EOPNOTSUPP) { return [] }
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = buffer.withUnsafeMutableBytes {
            nb_syscall6(Int(SYS_flistxattr), Int(file), Int(bitPattern: $0.baseAddress), limit, 0, 0, 0)
        }
        try checked(count, "list the attributes of", "a file")
        return buffer[..<count].split(separator: 0).map(Array.init).sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// The value of an attribute; nil when there is none.
    ///
    /// - Throws: `SystemError`.
    static func value(_ name: String, of file: Int32) throws(SystemError) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = name.withCString { name in
            buffer.withUnsafeMutableBytes {
                nb_syscall6(
                    Int(SYS_fgetxattr), Int(file), Int(bitPattern: name), Int(bitPattern: $0.baseAddress), limit, 0, 0)
            }
        }
        if count == -Int(ENODATA) || count == -Int(EOPNOTSUPP) { return nil }
        try checked(count, "read the attribute \(name.quoted) of", "a file")
        return Array(buffer[..<count])
    }
}

/// The value of `security.capability` (linux/capability.h).
enum FileCapability {
    private static let (secondRevision, thirdRevision): (UInt8, UInt8) = (2, 3)
    /// Bytes of revision 2; revision 3 has the id of the user namespace's root after them.
    private static let plainSize = 20

    /// The value as an image has it: without saying whose user namespace it is for; nil when it is for another one.
    ///
    /// - Parameter root: the host's id of the container's root.
    static func withoutOwner(_ value: [UInt8], root: UInt32) -> [UInt8]? {
        guard value.count >= plainSize else { return nil }
        // The revision is the highest byte of a little-endian number.
        if value[3] == secondRevision { return value }
        guard value[3] == thirdRevision, value.count == plainSize + 4 else { return nil }
        let owner = value[plainSize...].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard owner == root else { return nil }
        return value[..<3] + [secondRevision] + value[4..<plainSize]
    }
}
