internal import LinuxSystem

/// The machine's cgroup hierarchies, as one command sees them: looked for when they are first asked for, and once.
final class KnownCgroups {
    private var layout: CgroupLayout?

    /// The cgroup of a path below the root of every hierarchy.
    ///
    /// - Throws: `LaunchError` when the machine's cgroups cannot be read.
    func cgroup(_ path: String) throws(LaunchError) -> Cgroup {
        do throws(CgroupError) {
            if let layout { return try Cgroup(path: path, layout: layout) }
            let found = try CgroupLayout.detect()
            layout = found
            return try Cgroup(path: path, layout: found)
        } catch {
            throw LaunchError("\(error)")
        }
    }
}
