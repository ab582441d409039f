internal import OCISpec

/// The container's mounts, in the order in which they are made.
extension SpecificationInput {
    private typealias Mount = RuntimeSpecification.Mount

    /// Docker's default for /dev/shm, in bytes.
    static let defaultSharedMemory: Int64 = 64 << 20

    /// Default mounts, the three files in /etc, then what the caller and the image ask for, parents before what lies in them;
    /// only what is mounted on /etc itself comes before its files.
    func mounts() throws(EngineError) -> [RuntimeSpecification.Mount] {
        let targets = Set(configuration.mounts.map(\.target) + volumes.keys)
        // A mount of the caller's takes the place of a default one; one on /dev, of all that lies below it, too.
        var result = kernelMounts().filter { mount in
            !targets.contains(mount.destination)
                && !(mount.destination.hasPrefix("/dev/") && targets.contains("/dev"))
        }
        var asked: [Mount] = []
        for mount in configuration.mounts { asked.append(try userMount(mount)) }
        let given = Set(configuration.mounts.map(\.target))
        for target in volumes.keys.sorted() where !given.contains(target) {
            asked.append(
                Mount(destination: target, type: "bind", source: volumes[target], options: ["rbind", "rprivate"]))
        }
        let depths = asked.map { $0.destination.utf8.count { $0 == UInt8(ascii: "/") } }
        // A stable order: within one depth, as they were given.
        asked = asked.indices.sorted { (depths[$0], $0) < (depths[$1], $1) }.map { asked[$0] }
        result += asked.filter { $0.destination == "/etc" }
        result += fileMounts().filter { !targets.contains($0.destination) }
        result += asked.filter { $0.destination != "/etc" }
        return result
    }

    private func kernelMounts() -> [RuntimeSpecification.Mount] {
        let access = configuration.privileged ? "rw" : "ro"
        // A filesystem of a namespace can only be mounted by who has power over that namespace. In a private user namespace
        // those of the host's namespaces are bound instead.
        let isForeign = idRange != nil
        var result: [Mount] = []
        if configuration.pid == .host && isForeign {
            result.append(Mount(destination: "/proc", type: "bind", source: "/proc", options: ["rbind", "rprivate"]))
        } else {
            result.append(
                Mount(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]))
        }
        result.append(
            Mount(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]))
        result.append(
            Mount(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                // The machine's containers share 3,072 terminals (kernel.pty.max less its reserve); one gets a third of them.
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", "max=1024"]))
        if configuration.network == .host && isForeign {
            result.append(hostTree("/sys", access))
        } else {
            result.append(
                Mount(
                    destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", access])
            )
        }
        if configuration.cgroupns == .host && isForeign {
            result.append(hostTree("/sys/fs/cgroup", access))
        } else {
            result.append(
                Mount(
                    destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
                    options: ["nosuid", "noexec", "nodev", access]))
        }
        return result + ipcMounts(isForeign: isForeign)
    }

    /// A tree of the host's kernel, with all that is mounted below it.
    private func hostTree(_ path: String, _ access: String) -> RuntimeSpecification.Mount {
        Mount(
            destination: path, type: "bind", source: path,
            options: ["rbind", "rprivate", "nosuid", "noexec", "nodev", "r" + access])
    }

    private func ipcMounts(isForeign: Bool) -> [RuntimeSpecification.Mount] {
        let size = configuration.shmSize ?? Self.defaultSharedMemory
        let memory = Mount(
            destination: "/dev/shm", type: "tmpfs", source: "shm",
            options: ["nosuid", "noexec", "nodev", "mode=1777", "size=\(size)"])
        let queues = Mount(
            destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"])
        if let namespace = joined[.ipc], namespace.hasSuffix("/ns/ipc") {
            // POSIX shared memory and semaphores are files there: whoever shares the namespace shares them.
            let source = namespace.dropLast("/ns/ipc".count) + "/root/dev/shm"
            let shared = Mount(
                destination: "/dev/shm", type: "bind", source: String(source), options: ["bind", "rprivate"])
            return [shared, queues]
        }
        guard configuration.ipc == .host else { return [memory, queues] }
        func shared(_ path: String) -> Mount? {
            guard facts.sharedMemoryFolders.contains(path) else { return nil }
            return Mount(destination: path, type: "bind", source: path, options: ["bind", "rprivate"])
        }
        // The host's message queues are there whether it has them mounted or not.
        return [shared("/dev/shm") ?? memory, shared("/dev/mqueue") ?? (isForeign ? nil : queues)].compactMap(\.self)
    }

    private func fileMounts() -> [RuntimeSpecification.Mount] {
        [("/etc/resolv.conf", files.resolv), ("/etc/hostname", files.hostname), ("/etc/hosts", files.hosts)].map {
            Mount(
                destination: $0.0, type: "bind", source: $0.1,
                options: ["bind", "rprivate"] + (configuration.readOnly ? ["ro"] : []))
        }
    }

    private func userMount(_ mount: MountConfiguration) throws(EngineError) -> RuntimeSpecification.Mount {
        switch mount.kind {
        case .tmpfs:
            var options = mount.tmpfsOptions
            if let size = mount.tmpfsSize { options.append("size=\(size)") }
            options.append("mode=" + String(mount.tmpfsMode ?? 0o1777, radix: 8))
            if mount.readOnly { options.append("ro") }
            return Mount(destination: mount.target, type: "tmpfs", source: "tmpfs", options: options)
        case .bind, .volume:
            let source = mount.kind == .bind ? mount.source : volumes[mount.target]
            guard let source else {
                throw .invalidConfiguration("the mount at \(mount.target.escapedForMessage) has no source")
            }
            return Mount(destination: mount.target, type: "bind", source: source, options: Self.bindOptions(mount))
        }
    }

    private static func bindOptions(_ mount: MountConfiguration) -> [String] {
        var options = [mount.recursion == .disabled ? "bind" : "rbind", mount.propagation?.rawValue ?? "rprivate"]
        if mount.readOnly {
            // rro covers what is mounted below the source as well (mount_setattr(2) with AT_RECURSIVE).
            let isRecursive = mount.recursion == .enabled || mount.recursion == .readonly
            options.append(isRecursive && mount.kind == .bind ? "rro" : "ro")
        }
        return options
    }

    /// The propagation of the root: mount events can only travel to or from a mount in it if the root lets them.
    var rootPropagation: String? {
        let kinds = configuration.mounts.compactMap(\.propagation)
        if kinds.contains(where: { $0 == .shared || $0 == .rshared }) { return "rshared" }
        return kinds.contains { $0 == .slave || $0 == .rslave } ? "rslave" : nil
    }
}
