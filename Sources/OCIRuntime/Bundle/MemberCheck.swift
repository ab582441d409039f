internal import LinuxSystem
internal import OCISpec

/// Refuses members that would otherwise have no effect, or another one than they say, without a word.
enum MemberCheck {
    /// - Throws: `LaunchError` naming the member.
    static func check(
        _ specification: RuntimeSpecification, _ linux: RuntimeSpecification.Linux
    ) throws(LaunchError) {
        try check(linux.namespaces)
        for mount in specification.mounts { try check(mount) }
        for device in linux.devices where device.type != .fifo && device.major == 0 && device.minor == 0 {
            // Linux makes an overlay's whiteout of it.
            throw refusal("linux.devices", "\(device.path) has no major and minor number")
        }
        for (index, rule) in (linux.seccomp?.syscalls ?? []).enumerated() where rule.names.isEmpty {
            throw refusal("linux.seccomp.syscalls[\(index)].names", "it must name a system call")
        }
        for weight in linux.resources?.blockIO?.weightDevice ?? []
        where weight.weight == nil && weight.leafWeight == nil {
            throw refusal(
                "linux.resources.blockIO.weightDevice",
                "\(weight.major):\(weight.minor) has neither weight nor leafWeight")
        }
        for (name, limit) in linux.resources?.rdma ?? [:] where limit.hcaHandles == nil && limit.hcaObjects == nil {
            throw refusal("linux.resources.rdma", "\(name) has neither hcaHandles nor hcaObjects")
        }
    }

    /// Refuses limits of which only one could hold.
    static func check(_ limits: [RuntimeSpecification.Process.Rlimit]) throws(LaunchError) {
        var types: Set<String> = []
        for limit in limits where !types.insert(limit.type).inserted {
            throw refusal("process.rlimits", "\(limit.type) is there twice")
        }
    }

    private static func check(_ namespaces: [RuntimeSpecification.Linux.Namespace]) throws(LaunchError) {
        for (index, namespace) in namespaces.enumerated() {
            guard !namespaces[..<index].contains(where: { $0.type == namespace.type }) else {
                throw refusal("linux.namespaces", "\(namespace.type.rawValue) is named twice")
            }
            guard namespace.path.map({ $0.begins(with: "/") }) ?? true else {
                throw refusal("linux.namespaces", "the path \(namespace.path ?? "") must be absolute")
            }
        }
        // Who has entered a new user namespace has no rights to one that was there before.
        let makesUser = namespaces.contains { $0.type == .user && $0.path == nil }
        if makesUser, namespaces.contains(where: { $0.type == .time && $0.path != nil }) {
            throw refusal("linux.namespaces", "a time namespace cannot be joined from a new user namespace")
        }
    }

    private static func check(_ mount: RuntimeSpecification.Mount) throws(LaunchError) {
        guard mount.uidMappings.isEmpty == mount.gidMappings.isEmpty else {
            throw refusal("mounts", "\(mount.destination) needs uidMappings and gidMappings, or neither")
        }
        let isMapped = !mount.uidMappings.isEmpty || mount.options.contains { $0 == "idmap" || $0 == "ridmap" }
        guard !isMapped || mount.isBind else {
            throw refusal("mounts", "\(mount.destination): ids can be mapped for bind mounts only")
        }
    }

    private static func refusal(_ member: String, _ reason: String) -> LaunchError {
        LaunchError("cannot use the configuration: \(member): \(reason)")
    }
}
