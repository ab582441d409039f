internal import Glibc

/// What a new process needs to get into a cgroup at birth.
///
/// The unified cgroup is entered by `clone3(CLONE_INTO_CGROUP)` with ``unified``. For every v1 group, the *child itself*
/// writes the single byte `0` to each of ``joinDescriptors`` while it is still single-threaded, before it makes its
/// cgroup namespace (whose root is the cgroups of the process that makes it: `unshare(CLONE_NEWCGROUP)` afterwards, not
/// as a flag of clone3).
///
/// Why not the parent: moving another process takes a lock that waits for an RCU grace period (9.5 ms per start on
/// kernel 6.18), a thread that moves itself through `tasks` does not (0.02 ms). The kernel checks the credentials of
/// whoever opened the file, so it works from a new user namespace too.
public struct CgroupEntrance: ~Copyable, Sendable {
    /// The folder in the unified tree.
    public let unified: FileDescriptor
    /// The `tasks` files of the v1 groups, open for writing, close-on-exec; none on a pure v2 machine.
    ///
    /// They stay owned
    /// by this value.
    public let joinDescriptors: [Int32]

    init(unified: consuming FileDescriptor, joinDescriptors: [Int32]) {
        self.unified = unified
        self.joinDescriptors = joinDescriptors
    }

    deinit {
        for descriptor in joinDescriptors { _ = Glibc.close(descriptor) }
    }

    /// Moves the calling thread into the v1 groups.
    ///
    /// For a process with one thread; the unified cgroup is not entered.
    ///
    /// - Throws: `CgroupError.join`.
    public borrowing func joinCurrentThread() throws(CgroupError) {
        for descriptor in joinDescriptors {
            guard write(descriptor, "0", 1) != 1 else { continue }
            throw .join(
                process: getpid(), folder: "of descriptor \(descriptor)", errno: .current,
                hint: Cgroup.joinHint(.current))
        }
    }
}
