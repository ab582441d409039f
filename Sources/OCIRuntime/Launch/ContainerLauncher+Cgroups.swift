internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

extension ContainerLauncher {
    /// Makes the rest of the cgroup that the container's first process was born in.
    ///
    /// - Returns: what that process needs to get into all of it; nil: it stays where its maker is.
    func finish(_ begun: consuming BegunCgroup?) throws(LaunchError) -> CgroupEntrance? {
        switch consume begun {
        case .none: return nil
        case .some(let begun):
            do throws(CgroupError) {
                let entrance = try begun.finish()
                try delegateCgroup()
                return entrance
            } catch {
                throw LaunchError("\(error)")
            }
        }
    }

    /// Gives the container's user the cgroup that it may write to (config-linux.md "Cgroup ownership").
    private func delegateCgroup() throws(CgroupError) {
        let isWritable = request.specification.mounts.contains { mount in
            mount.source == "cgroup" && mount.destination == "/sys/fs/cgroup" && !mount.options.contains("ro")
        }
        let isItsOwn = linux.namespaces.contains { $0.type == .cgroup && $0.path == nil }
        guard !request.isFromEngine, isWritable, isItsOwn else { return }
        try cgroup?.delegate(to: ids.user(process.user.uid))
    }

    /// The container's own cgroup at `/sys/fs/cgroup`: one tree, or on a hybrid machine the v1 hierarchies that it has a group
    /// in and the unified tree beside them.
    func addCgroups(
        _ mount: RuntimeSpecification.Mount, _ options: MountOptions, _ plan: NamespacePlan, to list: inout StepList
    ) throws(LaunchError) {
        guard let cgroup, cgroup.layout.isHybrid else {
            return try addUnified(mount.destination, options.set, plan, to: &list)
        }
        let target = mount.destination
        list.add(
            NB_STEP_MOUNT, flags: options.set & ~NB_MOUNT_READ_ONLY, source: "tmpfs", target: target,
            options: [MountOption(name: "mode", value: "755"), MountOption(name: "size", value: "64k")],
            "mount tmpfs on \(target)")
        for hierarchy in cgroup.mountedHierarchies {
            let path = "\(target)/\(hierarchy.name)"
            guard showsWhole(plan) else {
                try addFolder(hierarchy.folder, on: path, options.set, to: &list)
                continue
            }
            list.add(
                NB_STEP_MOUNT, flags: options.set, source: "cgroup", target: path,
                options: hierarchy.controllers.map { MountOption(name: $0, value: nil) }, "mount cgroup on \(path)")
        }
        try addUnified("\(target)/unified", options.set, plan, to: &list)
        if options.set & NB_MOUNT_READ_ONLY != 0 {
            list.add(NB_STEP_ATTRIBUTES, flags: NB_MOUNT_READ_ONLY, target: target, "make \(target) read-only")
        }
    }

    /// Whether a new mount is what the container is to see: the root of its cgroup namespace.
    ///
    /// The engine's containers in the host's cgroup namespace are meant to see all.
    private func showsWhole(_ plan: NamespacePlan) -> Bool {
        plan.newCgroup || request.isFromEngine || plan.joins.contains { $0.kind == .cgroup }
    }

    private func addUnified(
        _ target: String, _ attributes: UInt64, _ plan: NamespacePlan, to list: inout StepList
    ) throws(LaunchError) {
        if let cgroup, !showsWhole(plan) {
            return try addFolder(cgroup.unifiedFolder, on: target, attributes, to: &list)
        }
        // Without a cgroup namespace of its own the mount is one of the host's, which keeps its options.
        let shared = (cgroup?.layout.unifiedOptions ?? []).map { MountOption(name: $0, value: nil) }
        list.add(
            NB_STEP_MOUNT, flags: attributes, source: "cgroup2", target: target, options: shared,
            "mount cgroup2 on \(target)")
    }

    /// The container's own folder of a hierarchy that the host has mounted.
    private func addFolder(
        _ folder: String, on target: String, _ attributes: UInt64, to list: inout StepList
    ) throws(LaunchError) {
        do throws(SystemError) {
            let file = try FileDescriptor.open(folder, NB_O_PATH | O_DIRECTORY)
            let clone = FileDescriptor(owning: try checked(nb_clone_tree(file.rawValue, "", 0), "clone", folder))
            try checked(
                nb_set_attributes(clone.rawValue, attributes, 0, NB_PROPAGATION_PRIVATE, -1, 0), "set the options of",
                folder)
            let step = list.add(NB_STEP_ATTACH, target: target, "mount \(folder) on \(target)")
            list.setDescriptor(clone, of: step)
        } catch {
            throw LaunchError("cannot mount \(folder) on \(target): \(error)")
        }
    }
}

extension Optional where Wrapped == BegunCgroup, Wrapped: ~Copyable {
    /// The folder to be born in; -1 without one.
    var unified: Int32 {
        switch self {
        case .some(let begun): begun.unified
        case .none: -1
        }
    }
}

extension Optional where Wrapped == CgroupEntrance, Wrapped: ~Copyable {
    /// The folder to be born in; -1 without one.
    var unified: Int32 {
        switch self {
        case .some(let entrance): entrance.unified.rawValue
        case .none: -1
        }
    }

    /// The tasks files to write to.
    var joins: [Int32] {
        switch self {
        case .some(let entrance): entrance.joinDescriptors
        case .none: []
        }
    }
}
