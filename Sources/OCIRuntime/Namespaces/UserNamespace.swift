internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// A user namespace that nobody lives in, for the mapping of a mount.
enum UserNamespace {
    /// Makes one with these maps.
    ///
    /// - Throws: `SystemError`.
    static func make(
        _ users: [RuntimeSpecification.IDMapping], _ groups: [RuntimeSpecification.IDMapping]
    ) throws(SystemError) -> FileDescriptor {
        let launch: Launch
        do throws(LaunchError) {
            let plan = try NamespacePlan([.init(type: .user)])
            launch = try Launch(plan.entrySteps([]), namespaces: plan.cloneFlags, cgroup: -1, forks: false)
        } catch {
            throw SystemError("make", "a user namespace", .invalidArgument, hint: error.description)
        }
        // Its process ends with `launch`; the namespace lives as long as the descriptor, or the mount.
        defer { withExtendedLifetime(launch) {} }
        for (file, maps) in [("uid_map", users), ("gid_map", groups)] {
            let text = maps.map { "\($0.containerID) \($0.hostID) \($0.size)" }.joined(separator: "\n")
            try FileDescriptor.open("/proc/\(launch.pid)/\(file)", O_WRONLY).writeAll(Array(text.utf8))
        }
        return try FileDescriptor.open("/proc/\(launch.pid)/ns/user")
    }
}
