internal import Glibc

extension Cgroup {
    /// The files that belong to whom a cgroup is handed, where the kernel does not list them (runtime-spec, config-linux.md
    /// "Cgroup ownership").
    private static let delegatedFiles = ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"]

    /// Hands the cgroup to a user, who can make sub-cgroups then but not change the limits.
    ///
    /// Only on a machine with cgroup v2 alone: v1 hierarchies cannot be handed on safely, and there nothing is done.
    /// - Throws: `CgroupError`.
    public func delegate(to user: UInt32) throws(CgroupError) {
        guard !layout.isHybrid else { return }
        let listed = (try? StoredFile.readText("/sys/kernel/cgroup/delegate")) ?? nil
        let files = listed?.split(separator: "\n").map(String.init) ?? Self.delegatedFiles
        // The folder last: until then its new owner cannot put anything into the place of a file.
        for name in files.filter({ !$0.contains("/") }) + ["."] {
            let path = "\(unifiedFolder)/\(name)"
            guard fchownat(AT_FDCWD, path, user, gid_t.max, AT_SYMLINK_NOFOLLOW) != 0 else { continue }
            let errno = Errno.current
            // Not every cgroup has every file.
            guard errno != .noSuchFile else { continue }
            throw .folder(operation: "hand over \(name) of", folder: unifiedFolder, errno: errno, hint: nil)
        }
    }
}
