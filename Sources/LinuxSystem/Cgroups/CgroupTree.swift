internal import CLinux
internal import Glibc

/// Walks a cgroup and everything below it, deepest first, in one hierarchy.
///
/// What lies below was made from inside a container: any number of folders at any depth. So the walk is a loop that
/// holds two descriptors at a time and goes up by `..`, which is safe since the kernel moves no cgroup to another parent.
enum CgroupTree {
    /// More sub-cgroups than any workload has; a walk through a tree that grows meanwhile ends here.
    private static let folderLimit = 1 << 20

    /// Calls `body` with every cgroup from the leaves up to the one at `path`.
    ///
    /// Without such a cgroup nothing happens.
    static func visit(
        path: String, cgroup: String, _ body: (borrowing CgroupFolder) throws(CgroupError) -> Void
    ) throws(CgroupError) {
        _ = try walk(path: path, cgroup: cgroup, removing: false, body)
    }

    /// Removes everything below the cgroup at `path`, not itself.
    ///
    /// False when the kernel said that one of them is busy.
    static func removeChildren(path: String, cgroup: String) throws(CgroupError) -> Bool {
        try walk(path: path, cgroup: cgroup, removing: true) { _ throws(CgroupError) in }
    }

    private static func walk(
        path: String, cgroup: String, removing: Bool, _ body: (borrowing CgroupFolder) throws(CgroupError) -> Void
    ) throws(CgroupError) -> Bool {
        var current: CgroupFolder
        do {
            current = try CgroupFolder(path: path, cgroup: cgroup)
        } catch .folder(_, _, .noSuchFile, _) {
            return true
        }
        var names: [String] = []
        var pending = [try current.children()]
        var visited = 0
        var removedAll = true
        while let last = pending.indices.last {
            if let name = pending[last].popLast() {
                visited += 1
                guard visited <= folderLimit else {
                    throw .timedOut(operation: "walk through", cgroup: path, processes: [])
                }
                let number = openat(
                    current.descriptor.rawValue, name, NB_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                // Removed meanwhile.
                guard number >= 0 else { continue }
                current = CgroupFolder(FileDescriptor(owning: number), path: path, cgroup: cgroup)
                names.append(name)
                pending.append(try current.children())
                continue
            }
            try body(current)
            pending.removeLast()
            guard let name = names.popLast() else { break }
            let number = openat(current.descriptor.rawValue, "..", NB_O_PATH | O_DIRECTORY | O_CLOEXEC)
            guard number >= 0 else {
                throw .folder(operation: "leave a sub-cgroup of", folder: path, errno: .current, hint: nil)
            }
            current = CgroupFolder(FileDescriptor(owning: number), path: path, cgroup: cgroup)
            if removing, unlinkat(number, name, AT_REMOVEDIR) != 0, errno != ENOENT { removedAll = false }
        }
        return removedAll
    }
}
