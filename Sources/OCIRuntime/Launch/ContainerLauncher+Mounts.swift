internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

extension ContainerLauncher {
    /// The root file system as a detached mount, its layers ID-mapped for the container's user namespace.
    mutating func mountRoot(userNamespace: borrowing FileDescriptor?) throws(LaunchError) -> FileDescriptor {
        do throws(SystemError) {
            switch request.rootFilesystem {
            case .directory(let path):
                let folder = try FileDescriptor.open(path, NB_O_PATH | O_DIRECTORY)
                let clone = FileDescriptor(owning: try checked(nb_clone_tree(folder.rawValue, "", 1), "clone", path))
                // What is mounted in the container must not be mounted in the folder, too.
                try checked(
                    nb_set_attributes(clone.rawValue, 0, 0, separation, -1, 1), "separate from the host's mounts", path)
                return clone
            case .overlay(let lower, let upper, let work):
                return try mountOverlay(lower, upper, work, userNamespace: userNamespace)
            }
        } catch {
            throw LaunchError("cannot mount the root file system: \(error)")
        }
    }

    /// The root file system as the folder that it is: in a mount namespace of others nothing is mounted.
    func rootFolder() throws(LaunchError) -> FileDescriptor {
        guard case .directory(let path) = request.rootFilesystem else {
            throw LaunchError("cannot start container \(request.id): it needs a mount namespace of its own")
        }
        do throws(SystemError) {
            return try FileDescriptor.open(path, NB_O_PATH | O_DIRECTORY)
        } catch {
            throw LaunchError("cannot open the root file system: \(error)")
        }
    }

    private mutating func mountOverlay(
        _ lower: [String], _ upper: String, _ work: String, userNamespace: borrowing FileDescriptor?
    ) throws(SystemError) -> FileDescriptor {
        var layers: [Int32] = []
        // The kernel takes longer to close a mount than to make it: they go when the container runs.
        defer { layerMounts = layers }
        for path in lower {
            let folder = try FileDescriptor.open(path, NB_O_PATH | O_DIRECTORY)
            // A restart has the places of the first start. Without its mount such a place is an empty folder.
            if path.ends(with: ".erofs"), nb_is_on_erofs(folder.rawValue) != 1 {
                throw SystemError("find the layer mounted on", path, .noSuchFile, hint: "start the container again")
            }
            guard let namespace = userNamespace.rawValue else {
                layers.append(folder.release())
                continue
            }
            let clone = FileDescriptor(owning: try checked(nb_clone_tree(folder.rawValue, "", 0), "clone", path))
            try checked(
                nb_set_attributes(clone.rawValue, 0, 0, 0, namespace, 0), "map the ids of", path,
                hint: "the store's file system must support ID-mapped mounts; else use --userns=host")
            layers.append(clone.release())
        }
        let upperFolder = try FileDescriptor.open(upper, NB_O_PATH | O_DIRECTORY)
        let workFolder = try FileDescriptor.open(work, NB_O_PATH | O_DIRECTORY)
        // A run before this one has left its mark.
        if request.removesItself { VolatileOverlay.forget(work: work) }
        let result = nb_mount_overlay(
            layers, layers.count, upperFolder.rawValue, workFolder.rawValue, request.removesItself ? 1 : 0, 0,
            request.stateDirectory)
        return FileDescriptor(
            owning: try checked(
                result, "mount the overlay of", "\(layers.count) layers",
                hint: layers.count > 500 ? "overlayfs takes at most 500 layers" : nil))
    }

    /// The mounts of the configuration, in its order.
    ///
    /// - Parameter root: the container's files before any of them.
    mutating func addMounts(
        to list: inout StepList, _ plan: NamespacePlan, userNamespace: borrowing FileDescriptor?,
        root: borrowing RootDirectory
    ) throws(LaunchError) {
        for mount in request.specification.mounts {
            let options = MountOptions(mount.options)
            if Self.isProc(mount.destination), mount.type != "proc", try !Self.isProcSource(mount, options) {
                throw LaunchError(
                    "cannot mount on \(mount.destination): only procfs may be mounted there; choose another target")
            }
            if options.isRemount {
                try addRemount(mount, options, to: &list)
            } else if mount.isBind {
                try addBind(mount, options, userNamespace: userNamespace, to: &list)
            } else if mount.type == "cgroup" || mount.type == "cgroup2" {
                try addCgroups(mount, options, plan, to: &list)
            } else {
                if options.copiesUp {
                    try addCopied(mount, options, root, to: &list)
                } else {
                    addNew(mount, options, to: &list)
                }
                if options.propagation != 0 { addPropagation(options, mount.destination, to: &list) }
            }
        }
    }

    /// Where procfs, sysfs and /dev go, every component must be a real folder: these the image may not redirect.
    private static func targetMode(_ mount: RuntimeSpecification.Mount) -> UInt32 {
        let isSpecial = mount.type == "proc" || mount.type == "sysfs" || mount.destination == "/dev"
        return isSpecial ? UInt32(NB_TARGET_PLAIN_DIRECTORY) : 0
    }

    /// Whether a target is /proc itself, where nothing but procfs goes.
    ///
    /// The container's programs trust what they read and write there (CVE-2019-16884, CVE-2023-27561). Inside it the child
    /// looks at what it has opened.
    private static func isProc(_ target: String) -> Bool { target.cleanedComponents == ["proc"] }

    /// A bind mount of a procfs's root (inode 1, `PROC_ROOT_INO`).
    private static func isProcSource(
        _ mount: RuntimeSpecification.Mount, _ options: MountOptions
    ) throws(LaunchError) -> Bool {
        guard mount.isBind, let source = mount.source else { return false }
        do throws(SystemError) {
            let folder = try FileDescriptor.open(source, NB_O_PATH)
            guard try folder.isOnProcfs() else { return false }
            return try folder.status().st_ino == 1
        } catch {
            throw LaunchError("cannot mount \(source) on \(mount.destination): \(error)")
        }
    }

    /// Other options for what is mounted there.
    private func addRemount(
        _ mount: RuntimeSpecification.Mount, _ options: MountOptions, to list: inout StepList
    ) throws(LaunchError) {
        let target = mount.destination
        if let option = options.fileSystem.first {
            throw LaunchError(
                "cannot remount \(target): \(option.name) is the file system's own option; name it where that is mounted"
            )
        }
        list.add(
            NB_STEP_ATTRIBUTES, flags: options.set, value: options.clear, target: target,
            "change the options of \(target)")
        if options.recursiveSet | options.recursiveClear != 0 {
            list.add(
                NB_STEP_ATTRIBUTES, mode: UInt32(NB_RECURSIVE), flags: options.recursiveSet,
                value: options.recursiveClear, target: target, "change the options of all at \(target)")
        }
        if options.propagation != 0 { addPropagation(options, target, to: &list) }
    }

    private func addNew(
        _ mount: RuntimeSpecification.Mount, _ options: MountOptions, to list: inout StepList
    ) {
        var fileSystem = options.fileSystem
        if let source = mount.source, !source.isEmpty {
            fileSystem.insert(MountOption(name: "source", value: source), at: 0)
        }
        list.add(
            NB_STEP_MOUNT, mode: Self.targetMode(mount), flags: options.set | options.recursiveSet,
            source: mount.type ?? "none", target: mount.destination, options: fileSystem,
            "mount \(mount.type ?? "none") on \(mount.destination)")
    }

    /// A file system with a copy of what it hides.
    private func addCopied(
        _ mount: RuntimeSpecification.Mount, _ options: MountOptions, _ root: borrowing RootDirectory,
        to list: inout StepList
    ) throws(LaunchError) {
        let target = mount.destination
        guard mount.type == "tmpfs" else {
            throw LaunchError("cannot mount on \(target): tmpcopyup is an option of tmpfs only")
        }
        do throws(SystemError) {
            let context = FileDescriptor(owning: try checked(nb_fsopen("tmpfs"), "open", "tmpfs"))
            let owner = [
                MountOption(name: "uid", value: "\(ids.user(0))"), MountOption(name: "gid", value: "\(ids.group(0))"),
            ]
            for option in owner + options.fileSystem {
                try checked(nb_fsconfig(context.rawValue, option.name, option.value), "set the option", option.name)
            }
            let attributes = options.set | options.recursiveSet
            let writable = attributes & ~NB_MOUNT_READ_ONLY
            let clone = FileDescriptor(owning: try checked(nb_fsmount(context.rawValue, writable), "mount", "tmpfs"))
            if let folder = try Self.folder(target, in: root) {
                try TreeCopy.copy(folder, to: try clone.open(".", O_RDONLY | O_DIRECTORY))
            }
            if attributes != writable {
                try checked(nb_set_attributes(clone.rawValue, attributes, 0, 0, -1, 0), "protect", target)
            }
            let step = list.add(NB_STEP_ATTACH, target: target, "mount tmpfs on \(target)")
            list.setDescriptor(clone, of: step)
        } catch {
            throw LaunchError("cannot mount tmpfs on \(target): \(error)")
        }
    }

    /// A folder of the image's; nil when there is none of that name.
    private static func folder(
        _ path: String, in root: borrowing RootDirectory
    ) throws(SystemError) -> FileDescriptor? {
        do throws(SystemError) {
            return try root.open(RootedPath(path), O_RDONLY | O_DIRECTORY)
        } catch {
            guard error.errno == .noSuchFile || error.errno == .notDirectory else { throw error }
            return nil
        }
    }

    private func addPropagation(_ options: MountOptions, _ target: String, to list: inout StepList) {
        list.add(
            NB_STEP_TARGET_PROPAGATION, mode: options.isPropagationRecursive ? UInt32(NB_RECURSIVE) : 0,
            flags: options.propagation, target: target, "set the propagation of \(target)")
    }

    // MARK: - Binds

    /// Files of procfs that may be mounted over: they only inform (lxcfs does this), and nothing is written there.
    private static let procTargets: Set<String> = [
        "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime",
        "/proc/loadavg", "/proc/slabinfo", "/proc/net/dev",
    ]

    private mutating func addBind(
        _ mount: RuntimeSpecification.Mount, _ options: MountOptions, userNamespace: borrowing FileDescriptor?,
        to list: inout StepList
    ) throws(LaunchError) {
        guard let source = mount.source, !source.isEmpty else {
            throw LaunchError("cannot mount on \(mount.destination): the bind mount has no source")
        }
        if let joined = request.joinedProcess, source == "/proc/\(joined.pid)/root/dev/shm" {
            return try addSharedMemory(of: joined, mount, options, to: &list)
        }
        do throws(SystemError) {
            let file = try FileDescriptor.open(source, NB_O_PATH)
            let isFolder = try file.status().st_mode & S_IFMT == S_IFDIR
            let clone = FileDescriptor(
                owning: try checked(nb_clone_tree(file.rawValue, "", options.isRecursive ? 1 : 0), "clone", source))
            try change(clone, options, source)
            if options.isIDMapped || !mount.uidMappings.isEmpty {
                try mapIDs(of: clone, mount, options, userNamespace)
            } else if request.isFromEngine, let namespace = userNamespace.rawValue {
                mapIDs(of: clone, source, isRecursive: options.isRecursive, namespace)
            }
            var mode: UInt32 = isFolder ? 0 : UInt32(NB_TARGET_FILE)
            if Self.procTargets.contains(mount.destination) { mode |= UInt32(NB_TARGET_IN_PROC) }
            let step = list.add(
                NB_STEP_ATTACH, mode: mode, target: mount.destination, "mount \(source) on \(mount.destination)")
            list.setDescriptor(clone, of: step)
        } catch {
            let hint = error.errno == .noSuchFile ? "; make it first" : ""
            throw LaunchError("cannot mount \(source) on \(mount.destination): \(error)\(hint)")
        }
    }

    /// The shared memory of the container whose IPC namespace is joined: no mount of this mount namespace, which a bind's source
    /// has to be.
    private func addSharedMemory(
        of joined: ProcessIdentity, _ mount: RuntimeSpecification.Mount, _ options: MountOptions,
        to list: inout StepList
    ) throws(LaunchError) {
        do throws(SystemError) {
            let namespace = try FileDescriptor.open("/proc/\(joined.pid)/ns/mnt")
            guard joined.isAlive else { throw SystemError("join", "process \(joined.pid)", .noSuchProcess) }
            let clone = FileDescriptor(
                owning: try checked(
                    nb_clone_shared_memory(namespace.rawValue), "clone", "the other container's /dev/shm",
                    hint: "it must be a tmpfs there"))
            try change(clone, options, mount.destination)
            let step = list.add(NB_STEP_ATTACH, target: mount.destination, "mount \(mount.destination)")
            list.setDescriptor(clone, of: step)
        } catch {
            throw LaunchError("cannot share the memory of process \(joined.pid): \(error)")
        }
    }

    /// Read-only, nosuid and so on, and the propagation: private unless something else was asked for.
    private func change(
        _ clone: borrowing FileDescriptor, _ options: MountOptions, _ source: String
    ) throws(SystemError) {
        if options.set != 0 || options.clear != 0 {
            try checked(
                nb_set_attributes(clone.rawValue, options.set, options.clear, 0, -1, 0), "set the options of", source)
        }
        let recursive = options.isRecursive ? Int32(1) : 0
        if options.recursiveSet != 0 || options.recursiveClear != 0 {
            try checked(
                nb_set_attributes(clone.rawValue, options.recursiveSet, options.recursiveClear, 0, -1, recursive),
                "set the options of", source)
        }
        let propagation = options.propagation == 0 ? NB_PROPAGATION_PRIVATE : options.propagation
        let isDeep = options.propagation == 0 || options.isPropagationRecursive
        try checked(
            nb_set_attributes(clone.rawValue, 0, 0, propagation, -1, isDeep ? recursive : 0), "set the propagation of",
            source)
    }

    /// The mapping that the configuration asks for: of its own, or the container's.
    private func mapIDs(
        of clone: borrowing FileDescriptor, _ mount: RuntimeSpecification.Mount, _ options: MountOptions,
        _ containerNamespace: borrowing FileDescriptor?
    ) throws(SystemError) {
        let recursive: Int32 = options.isIDMapRecursive ? 1 : 0
        let hint = "the file system must support ID-mapped mounts"
        guard !mount.uidMappings.isEmpty else {
            guard let namespace = containerNamespace.rawValue else {
                throw SystemError(
                    "map the ids of", mount.source ?? "", .invalidArgument,
                    hint: "name uidMappings and gidMappings, or use a user namespace")
            }
            try checked(
                nb_set_attributes(clone.rawValue, 0, 0, 0, namespace, recursive), "map the ids of", mount.source ?? "",
                hint: hint)
            return
        }
        let namespace = try UserNamespace.make(mount.uidMappings, mount.gidMappings)
        try checked(
            nb_set_attributes(clone.rawValue, 0, 0, 0, namespace.rawValue, recursive), "map the ids of",
            mount.source ?? "", hint: hint)
    }

    /// Files keep their owners inside the container.
    ///
    /// A file system that cannot do that is mounted as it is, with a warning: its files belong to nobody then, so less
    /// is allowed, not more.
    private mutating func mapIDs(
        of clone: borrowing FileDescriptor, _ source: String, isRecursive: Bool, _ namespace: Int32
    ) {
        let result = nb_set_attributes(clone.rawValue, 0, 0, 0, namespace, isRecursive ? 1 : 0)
        guard result < 0 else { return }
        let errno = Errno(-result)
        warn(
            "the ids of \(source) cannot be mapped (\(errno.meaning), \(errno.symbol)); its files belong to nobody inside; "
                + "use --userns=host to see their owners")
    }
}

extension Optional where Wrapped == FileDescriptor, Wrapped: ~Copyable {
    /// The number of the descriptor, if there is one; it stays owned by it.
    var rawValue: Int32? {
        switch self {
        case .some(let descriptor): descriptor.rawValue
        case .none: nil
        }
    }
}
