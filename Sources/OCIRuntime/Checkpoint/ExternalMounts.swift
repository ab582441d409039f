internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The mounts whose content is the host's: criu neither dumps nor makes it, but binds what is there then.
///
/// A dump names each by its mount point, and files that are masked all as one, as runc does: so that one restores what the other
/// has dumped.
struct ExternalMounts {
    /// The name of all masks.
    private static let mask = "/dev/null"

    private let specification: RuntimeSpecification
    private var linux: RuntimeSpecification.Linux { specification.linux ?? .init() }

    init(_ specification: RuntimeSpecification) {
        self.specification = specification
    }

    // MARK: - Dumping

    /// Those of a running container: mount points and names.
    ///
    /// - Parameter process: its first process.
    /// - Throws: `LaunchError`.
    func running(_ process: Int32) throws(LaunchError) -> [CRIUOptions.Pair] {
        let table: MountTable
        let root: RootDirectory
        do throws(SystemError) {
            table = try MountTable.read(of: "\(process)")
            root = try RootDirectory(path: "/proc/\(process)/root")
        } catch {
            throw LaunchError("cannot read the container's mounts: \(error)")
        }
        var pairs: [CRIUOptions.Pair] = []
        var targets: [(point: String, isBind: Bool)] = []
        for mount in specification.mounts {
            targets.append((Self.resolved(mount.destination, in: root), Self.isBind(mount)))
        }
        for target in targets where target.isBind {
            guard table.top(at: target.point) != nil else { continue }
            pairs.append(.init(key: target.point, value: target.point))
            // What the bind brought along, unless the container has a mount of its own there.
            for point in table.points(below: target.point) {
                let owner = targets.last { $0.point == point || point.begins(with: "\($0.point)/") }
                if owner?.point == target.point { pairs.append(.init(key: point, value: point)) }
            }
        }
        for path in linux.maskedPaths {
            let point = Self.resolved(path, in: root)
            // Folders are masked by a file system of their own.
            guard let entry = table.top(at: point), entry.type != "tmpfs" || entry.root != "/" else { continue }
            pairs.append(.init(key: point, value: Self.mask))
        }
        for path in boundDevices {
            let point = Self.resolved(path, in: root)
            if table.top(at: point) != nil { pairs.append(.init(key: point, value: point)) }
        }
        return Self.unique(pairs)
    }

    /// The devices that are not made in the container but bound there.
    private var boundDevices: [String] {
        guard linux.namespaces.contains(where: { $0.type == .user }) else { return [] }
        return linux.devices.filter { $0.type != .fifo }.map(\.path) + ContainerLauncher.defaultDevicePaths
    }

    // MARK: - Restoring

    /// Names, and what is on the host.
    ///
    /// - Parameter root: the container's root file system.
    /// - Throws: `LaunchError`.
    func restored(in root: borrowing RootDirectory, path rootfs: String) throws(LaunchError) -> [CRIUOptions.Pair] {
        var pairs: [CRIUOptions.Pair] = []
        let host: MountTable
        do throws(SystemError) {
            host = try MountTable.read(of: "self")
        } catch {
            throw LaunchError(error)
        }
        for mount in specification.mounts where Self.isBind(mount) {
            let target = Self.resolvedMissing(mount.destination, in: root, path: rootfs)
            let source = Bundle.absolute(mount.source ?? "")
            guard StoredFile.exists(source) else {
                throw LaunchError("cannot mount \(source) on \(mount.destination): it is not there; make it first")
            }
            pairs.append(.init(key: target, value: source))
            guard MountOptions(mount.options).isRecursive else { continue }
            for point in host.points(below: source) {
                pairs.append(.init(key: target + point.dropFirst(source == "/" ? 0 : source.count), value: point))
            }
        }
        if !linux.maskedPaths.isEmpty { pairs.append(.init(key: Self.mask, value: "/dev/null")) }
        for path in boundDevices {
            try checkDevice(path)
            pairs.append(.init(key: Self.resolvedMissing(path, in: root, path: rootfs), value: path))
        }
        return Self.unique(pairs)
    }

    /// Makes read-only, and so on, what criu has bound without that.
    ///
    /// Of mounts that show the same file or folder of the host it protects but one (do_bind_mount_v2 of criu 3.17): the null device
    /// over every masked file after the first could be changed, and so taken away from the host.
    /// - Parameter process: the container's first process, which does not run yet.
    /// - Throws: `LaunchError`.
    func protect(_ process: Int32) throws(LaunchError) {
        do throws(SystemError) {
            let table = try MountTable.read(of: "\(process)")
            let root = try RootDirectory(path: "/proc/\(process)/root")
            let namespace = try FileDescriptor.open("/proc/\(process)/ns/mnt")
            for (path, attributes) in wantedAttributes {
                let point = Self.resolved(path, in: root)
                guard let entry = table.top(at: point) else { continue }
                let isMissing = Self.names.contains { attributes & $0.bit != 0 && !entry.options.contains($0.name) }
                guard isMissing else { continue }
                try checked(
                    nb_set_attributes_in(namespace.rawValue, point, attributes), "set the options of the mount", point)
            }
        } catch {
            throw LaunchError("cannot protect the container's mounts: \(error)")
        }
    }

    private var wantedAttributes: [(path: String, attributes: UInt64)] {
        let masks = linux.maskedPaths.map { ($0, NullDevice.mountAttributes) }
        let binds = specification.mounts.filter(Self.isBind).map { mount in
            let options = MountOptions(mount.options)
            return (mount.destination, (options.set | options.recursiveSet) & Self.names.reduce(0) { $0 | $1.bit })
        }
        let remounts = specification.mounts.filter { MountOptions($0.options).isRemount }.map { mount in
            (mount.destination, MountOptions(mount.options).set & Self.names.reduce(0) { $0 | $1.bit })
        }
        // criu binds the root without the options that its mount had (fixed behind 4.1).
        let root = specification.root?.readonly ?? false ? [("/", NB_MOUNT_READ_ONLY)] : []
        return masks + binds + remounts + linux.readonlyPaths.map { ($0, NB_MOUNT_READ_ONLY) } + root
    }

    /// What protects, as mountinfo has it.
    private static let names: [(bit: UInt64, name: String)] = [
        (NB_MOUNT_READ_ONLY, "ro"), (NB_MOUNT_NO_SUID, "nosuid"), (NB_MOUNT_NO_DEVICES, "nodev"),
        (NB_MOUNT_NO_EXECUTE, "noexec"),
    ]

    /// A device that is bound is the host's own: criu can make none.
    private func checkDevice(_ path: String) throws(LaunchError) {
        guard let device = linux.devices.first(where: { $0.path == path }) else { return }
        var status = stat()
        let number = nb_device_number(
            UInt32(truncatingIfNeeded: device.major), UInt32(truncatingIfNeeded: device.minor))
        guard stat(path, &status) == 0, status.st_rdev == number else {
            throw LaunchError(
                "cannot restore the device \(path): in a user namespace it is bound from the host, which has no device "
                    + "\(device.major):\(device.minor) there")
        }
    }

    // MARK: - Paths

    private static func isBind(_ mount: RuntimeSpecification.Mount) -> Bool {
        mount.isBind && !MountOptions(mount.options).isRemount
    }

    /// Where a path of the container's leads, as the container sees it.
    private static func resolved(_ path: String, in root: borrowing RootDirectory) -> String {
        guard let rooted = try? RootedPath(path), let place = try? root.open(rooted, NB_O_PATH),
            let link = StoredFile.link("/proc/self/fd/\(place.rawValue)"), link.begins(with: "/")
        else { return plain(path) }
        return link
    }

    /// The same below a root that nothing is mounted in: as much of it as is there.
    private static func resolvedMissing(
        _ path: String, in root: borrowing RootDirectory, path rootfs: String
    ) -> String {
        var parts = path.cleanedComponents
        var rest: [String] = []
        while let last = parts.popLast() {
            rest.insert(last, at: 0)
            let folder = "/" + parts.joined(separator: "/")
            guard let rooted = try? RootedPath("\(folder)/\(last)"), let place = try? root.open(rooted, NB_O_PATH),
                let link = StoredFile.link("/proc/self/fd/\(place.rawValue)")
            else { continue }
            let base = rootfs == "/" ? "" : rootfs
            guard let inside = link == base ? "" : link.dropping(prefix: "\(base)/").map({ "/\($0)" }) else { break }
            return ([inside] + rest.dropFirst()).joined(separator: "/")
        }
        return plain(path)
    }

    /// Without dots and doubled slashes.
    private static func plain(_ path: String) -> String { "/" + path.cleanedComponents.joined(separator: "/") }

    /// criu takes no name twice.
    private static func unique(_ pairs: [CRIUOptions.Pair]) -> [CRIUOptions.Pair] {
        var seen: Set<String> = []
        return pairs.filter { seen.insert($0.key).inserted }
    }
}
