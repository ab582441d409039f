internal import LinuxSystem
internal import OCISpec

/// Who makes cgroups (crun's `--cgroup-manager`).
enum CgroupManager: String {
    /// This runtime, through the cgroup file systems.
    case cgroupfs
    /// Nobody: the container stays in the cgroup of its maker.
    case disabled
}

/// Where a container's cgroup is.
enum CgroupLocation {
    /// The parent of the cgroups that get no absolute path.
    private static let parent = "nestbox-runtime"

    /// The path below the root of every hierarchy that a configuration's `cgroupsPath` stands for.
    ///
    /// A relative one is below this runtime's own folder (runtime-spec, config-linux.md "Cgroups Path").
    static func path(_ given: String?, id: String) -> String {
        guard let given, !given.isEmpty else { return "\(parent)/\(id)" }
        let parts = given.cleanedComponents
        guard !parts.isEmpty else { return "\(parent)/\(id)" }
        let path = parts.joined(separator: "/")
        return given.begins(with: "/") ? path : "\(parent)/\(path)"
    }

    /// The container's cgroup; nil when it gets none.
    ///
    /// - Throws: `LaunchError`.
    static func cgroup(
        of linux: RuntimeSpecification.Linux, id: String, manager: CgroupManager, _ cgroups: KnownCgroups
    ) throws(LaunchError) -> Cgroup? {
        guard manager == .cgroupfs else { return nil }
        return try cgroups.cgroup(path(linux.cgroupsPath, id: id))
    }
}
