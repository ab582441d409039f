internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

extension ContainerLauncher {
    /// A device node of the host.
    private struct HostDevice {
        var path: String
        var major: UInt32
        var minor: UInt32
    }

    /// The devices that every container has (runtime-spec, config-linux.md "Default Devices").
    private static let defaultDevices = [
        HostDevice(path: "/dev/null", major: 1, minor: 3), HostDevice(path: "/dev/zero", major: 1, minor: 5),
        HostDevice(path: "/dev/full", major: 1, minor: 7), HostDevice(path: "/dev/random", major: 1, minor: 8),
        HostDevice(path: "/dev/urandom", major: 1, minor: 9), HostDevice(path: "/dev/tty", major: 5, minor: 0),
    ]

    private static let links = [
        ("/proc/self/fd", "/dev/fd"), ("/proc/self/fd/0", "/dev/stdin"), ("/proc/self/fd/1", "/dev/stdout"),
        ("/proc/self/fd/2", "/dev/stderr"), ("pts/ptmx", "/dev/ptmx"),
    ]

    /// Device nodes and links below a /dev of the container's own; a /dev that is bound from the host stays as it is.
    mutating func addDevices(
        to list: inout StepList, _ plan: NamespacePlan, userNamespace: borrowing FileDescriptor?
    ) throws(LaunchError) {
        let hasOwnFolder = request.specification.mounts.contains { mount in
            mount.destination == "/dev" && mount.type == "tmpfs"
        }
        // In a user namespace mknod is never allowed, so the host's nodes are bound there.
        let binds = plan.newUser || plan.joinsUser
        if hasOwnFolder {
            let named = Set(linux.devices.map(\.path))
            for device in Self.defaultDevices where !named.contains(device.path) {
                if binds {
                    try addBound(device.path, device.major, device.minor, S_IFCHR, nil, to: &list)
                } else {
                    add(device.path, device.major, device.minor, S_IFCHR | 0o666, 0, 0, to: &list)
                }
            }
        }
        for device in linux.devices {
            let kind: UInt32 =
                switch device.type {
                case .block: S_IFBLK
                case .fifo: S_IFIFO
                case .character, .unbufferedCharacter: S_IFCHR
                }
            let major = UInt32(truncatingIfNeeded: device.major)
            let minor = UInt32(truncatingIfNeeded: device.minor)
            if binds && device.type != .fifo {
                try addBound(device.path, major, minor, kind, userNamespace.rawValue, to: &list)
            } else {
                add(
                    device.path, major, minor, kind | (device.fileMode ?? 0o666) & 0o7777, device.uid ?? 0,
                    device.gid ?? 0, to: &list)
            }
        }
        if hasOwnFolder {
            for (source, target) in Self.links {
                list.add(NB_STEP_SYMLINK, source: source, target: target, "make the link \(target)")
            }
        }
    }

    private func add(
        _ path: String, _ major: UInt32, _ minor: UInt32, _ mode: UInt32, _ uid: UInt32, _ gid: UInt32,
        to list: inout StepList
    ) {
        list.add(
            NB_STEP_DEVICE, mode: mode, flags: UInt64(uid) << 32 | UInt64(gid),
            value: UInt64(nb_device_number(major, minor)), target: path, "make the device \(path)")
    }

    /// Binds the host's node of that number: the one at the same path, or the one that sysfs names.
    private mutating func addBound(
        _ path: String, _ major: UInt32, _ minor: UInt32, _ kind: UInt32, _ userNamespace: Int32?,
        to list: inout StepList
    ) throws(LaunchError) {
        let number = nb_device_number(major, minor)
        let source: FileDescriptor
        do throws(SystemError) {
            source = try Self.hostNode(path, number, major, minor, kind)
        } catch {
            throw LaunchError(
                "cannot offer the device \(path) (\(major):\(minor)): the host has no such node: \(error)")
        }
        let clone = nb_clone_tree(source.rawValue, "", 0)
        guard clone >= 0 else {
            throw LaunchError(SystemError("clone the device", path, Errno(-clone)))
        }
        // The owner of a node that not everybody may open is root inside, where the file system can do that.
        // Read-only with it: the device can be used, but the host's node gets no other mode or owner.
        if let userNamespace { _ = nb_set_attributes(clone, NB_MOUNT_READ_ONLY, 0, 0, userNamespace, 0) }
        let step = list.add(
            NB_STEP_ATTACH, mode: UInt32(NB_TARGET_FILE), target: path, "offer the device \(path)")
        list.setDescriptor(FileDescriptor(owning: clone), of: step)
    }

    private static func hostNode(
        _ path: String, _ number: UInt64, _ major: UInt32, _ minor: UInt32, _ kind: UInt32
    ) throws(SystemError) -> FileDescriptor {
        if let file = try node(path, number, kind) { return file }
        return try nodeNamedBySysfs(major, minor, kind)
    }

    private static func node(
        _ path: String, _ number: UInt64, _ kind: UInt32
    ) throws(SystemError) -> FileDescriptor? {
        let file: FileDescriptor
        do throws(SystemError) {
            file = try FileDescriptor.open(path, NB_O_PATH)
        } catch {
            return nil
        }
        let status = try file.status()
        guard status.st_mode & S_IFMT == kind, status.st_rdev == number else { return nil }
        return file
    }

    private static func nodeNamedBySysfs(
        _ major: UInt32, _ minor: UInt32, _ kind: UInt32
    ) throws(SystemError) -> FileDescriptor {
        let folder = "/sys/dev/\(kind == S_IFBLK ? "block" : "char")/\(major):\(minor)"
        let text = String(decoding: try FileDescriptor.open("\(folder)/uevent").readAll(limit: 1 << 16), as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("DEVNAME=") {
            let path = "/dev/\(line.dropFirst(8))"
            if let file = try node(path, nb_device_number(major, minor), kind) { return file }
        }
        throw SystemError("find the node of", folder, .noSuchFile)
    }
}
