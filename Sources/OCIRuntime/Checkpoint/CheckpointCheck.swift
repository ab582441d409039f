internal import CLinux
internal import LinuxSystem
internal import OCISpec

/// Refuses what criu cannot dump, or would restore as something else.
enum CheckpointCheck {
    /// - Throws: `LaunchError`; it says what of the configuration it is.
    static func check(_ specification: RuntimeSpecification, cgroup: Cgroup?) throws(LaunchError) {
        let linux = specification.linux ?? .init()
        guard linux.namespaces.contains(where: { $0.type == .mount && $0.isNew }) else {
            throw refusal("without a mount namespace of its own it has no files that could be told from the host's")
        }
        for namespace in linux.namespaces where !namespace.isNew {
            switch namespace.type {
            case .user, .cgroup, .mount:
                throw refusal("it has joined a \(namespace.type.rawValue) namespace, which criu cannot join again")
            default: continue
            }
        }
        for mount in specification.mounts {
            let options = MountOptions(mount.options)
            if options.isIDMapped || !mount.uidMappings.isEmpty {
                throw refusal("its mount \(mount.destination) is ID-mapped, which criu does not restore")
            }
            if options.propagation == NB_PROPAGATION_SHARED {
                throw refusal("its mount \(mount.destination) is shared with the host, which criu does not restore")
            }
        }
        if let propagation = linux.rootfsPropagation, propagation.ends(with: "shared") {
            throw refusal("its root file system is shared with the host (rootfsPropagation)")
        }
        let actions = [linux.seccomp?.defaultAction].compactMap { $0 } + (linux.seccomp?.syscalls.map(\.action) ?? [])
        if actions.contains(.notify) {
            throw refusal("its seccomp profile asks a listener, which a restored filter would not have")
        }
        try checkCgroups(specification, linux, cgroup)
    }

    private static func checkCgroups(
        _ specification: RuntimeSpecification, _ linux: RuntimeSpecification.Linux, _ cgroup: Cgroup?
    ) throws(LaunchError) {
        guard let cgroup, cgroup.layout.isHybrid else { return }
        let isOwn = linux.namespaces.contains { $0.type == .cgroup && $0.isNew }
        guard !isOwn, let mount = specification.mounts.first(where: { $0.type?.begins(with: "cgroup") ?? false }) else {
            return
        }
        throw refusal(
            "without a cgroup namespace its \(mount.destination) consists of folders of this host's v1 hierarchies")
    }

    private static func refusal(_ reason: String) -> LaunchError {
        LaunchError("cannot checkpoint or restore such a container: \(reason)")
    }
}
