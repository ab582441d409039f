internal import CLinux
internal import Glibc
public import LinuxSystem

/// Whose the files are that a thread makes.
public struct FileMaker: Sendable, Hashable {
    /// The user, as the host's id.
    public var user: UInt32
    /// The group, as the host's id.
    public var group: UInt32

    /// A user and a group.
    public init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }

    /// Who runs this process.
    public static var caller: FileMaker { FileMaker(user: geteuid(), group: getegid()) }

    /// Lets the calling thread make files as theirs, with exactly the permissions that it asks for.
    ///
    /// An ID-mapped mount, or a file system of a user namespace, takes no file of an id that it does not know (EOVERFLOW): the
    /// host's root is no user of a container. The thread keeps all its capabilities, and no other thread notices.
    ///
    /// - Throws: `SystemError`.
    public func become() throws(SystemError) {
        try FileCalls.makeUmaskPrivate()
        _ = nb_syscall6(Int(SYS_setfsgid), Int(group), 0, 0, 0, 0, 0)
        _ = nb_syscall6(Int(SYS_setfsuid), Int(user), 0, 0, 0, 0, 0)
        // Both answer the number before, so only a second call tells whether the first did it.
        let now = (
            nb_syscall6(Int(SYS_setfsuid), -1, 0, 0, 0, 0, 0), nb_syscall6(Int(SYS_setfsgid), -1, 0, 0, 0, 0, 0)
        )
        guard now == (Int(user), Int(group)) else {
            throw SystemError("make files as", "user \(user)", .notPermitted, hint: "it needs root")
        }
        try raiseCapabilities()
    }

    /// Makes every capability effective again that the thread may have: leaving user 0 takes those about files.
    private func raiseCapabilities() throws(SystemError) {
        // _LINUX_CAPABILITY_VERSION_3 of linux/capability.h, for the calling thread; two sets of effective, permitted, inheritable.
        var header: [UInt32] = [0x2008_0522, 0]
        var data = [UInt32](repeating: 0, count: 6)
        func call(_ number: Int32) -> Int {
            header.withUnsafeMutableBytes { header in
                data.withUnsafeMutableBytes { data in
                    nb_syscall6(
                        Int(number), Int(bitPattern: header.baseAddress), Int(bitPattern: data.baseAddress), 0, 0, 0, 0)
                }
            }
        }
        try checked(call(SYS_capget), "read the capabilities of", "a thread")
        data[0] = data[1]
        data[3] = data[4]
        try checked(call(SYS_capset), "set the capabilities of", "a thread")
    }
}
