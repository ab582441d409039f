internal import LinuxSystem
internal import OCISpec

/// A container without a mount namespace of its own sees the host's mounts, and its root is a folder of the host's, by chroot(2).
///
/// What would be mounted for it would be mounted on the host, for all its processes, and stay there: that is refused.
enum SharedMountCheck {
    /// - Throws: `LaunchError` naming the member.
    static func check(_ specification: RuntimeSpecification) throws(LaunchError) {
        let linux = specification.linux ?? .init()
        guard isShared(linux) else {
            // The root of all that are in it becomes the container's: pivot_root(2).
            guard let first = linux.namespaces.first(where: { $0.type == .mount && $0.isFirst }) else { return }
            throw LaunchError(
                "cannot use the configuration: linux.namespaces: \(first.path ?? "") is the mount namespace of the machine's "
                    + "first process, whose root would be replaced; leave the namespace out")
        }
        let members: [(name: String, isUsed: Bool)] = [
            ("mounts", !specification.mounts.isEmpty),
            ("root.readonly", specification.root?.readonly ?? false),
            // Its device is one of a devpts, which would have to be mounted.
            ("process.terminal", specification.process?.terminal ?? false),
            ("linux.maskedPaths", !linux.maskedPaths.isEmpty),
            ("linux.readonlyPaths", !linux.readonlyPaths.isEmpty),
            ("linux.rootfsPropagation", linux.rootfsPropagation != nil),
            // Its device nodes would have to be mounted.
            ("linux.namespaces (user)", linux.namespaces.contains { $0.type == .user }),
        ]
        guard let member = members.first(where: \.isUsed) else { return }
        throw LaunchError(
            "cannot use the configuration: \(member.name): without a mount namespace of the container's own it would change "
                + "the host's mounts; add the namespace, or leave the member out")
    }

    static func isShared(_ linux: RuntimeSpecification.Linux) -> Bool {
        !linux.namespaces.contains { $0.type == .mount && !$0.isOwn }
    }

    /// What leads out of a root that was made by chroot(2); nil when nothing does.
    static func warning(_ specification: RuntimeSpecification) -> String? {
        guard isShared(specification.linux ?? .init()) else { return nil }
        let names = specification.process?.capabilities?.bounding ?? []
        let found = ["CAP_SYS_CHROOT", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_MKNOD"].filter(names.contains)
        guard !found.isEmpty else { return nil }
        return
            "the container has no mount namespace of its own, and \(found.joined(separator: ", ")) leads out of its root"
    }
}
