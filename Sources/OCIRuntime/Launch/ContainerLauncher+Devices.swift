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

    /// Where they are.
    static var defaultDevicePaths: [String] { defaultDevices.map(\.path) }

    private static let links = [
        ("/proc/self/fd", "/dev/fd"), ("/proc/self/fd/0", "/dev/stdin"), ("/proc/self/fd/1", "/dev/stdout"),
        ("/proc/self/fd/2", "/dev/stderr"), ("pts/ptmx", "/dev/ptmx"),
    ]

    /// Device nodes and links below a /dev of the container's own; a /dev that is bound from the host stays as it is.
    func addDevices(to list: inout StepList, _ plan: NamespacePlan) throws(LaunchError) {
        let mounts = request.specification.mounts.filter { $0.destination == "/dev" }
        let hasOwnFolder = mounts.contains { $0.type == "tmpfs" }
        // In a user namespace mknod is never allowed: nodes are made outside and bound there.
        let binds = plan.newUser || plan.joinsUser
        // Every container of a bundle has them (config-linux.md "Default Devices"), in its image's folder if need be. What the
        // image has there stays: it may be a link, over whose target nothing is to be bound.
        let hasImageFolder = !hasOwnFolder && !request.isFromEngine && !binds && !mounts.contains(where: \.isBind)
        if hasOwnFolder || hasImageFolder {
            for device in Self.defaultDevices where !linux.devices.contains(where: { $0.path == device.path }) {
                if binds {
                    try addBound(device.path, device.major, device.minor, to: &list)
                } else {
                    add(
                        hasImageFolder ? NB_STEP_DEFAULT_DEVICE : NB_STEP_DEVICE, device.path, device.major,
                        device.minor,
                        S_IFCHR | 0o666, 0, 0, to: &list)
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
            let mode = kind | (device.fileMode ?? 0o666) & 0o7777
            if binds && device.type != .fifo {
                try addMade(device.path, major, minor, mode, device.uid ?? 0, device.gid ?? 0, to: &list)
            } else {
                add(NB_STEP_DEVICE, device.path, major, minor, mode, device.uid ?? 0, device.gid ?? 0, to: &list)
            }
        }
        if hasOwnFolder || hasImageFolder {
            for (source, target) in Self.links {
                list.add(NB_STEP_SYMLINK, source: source, target: target, "make the link \(target)")
            }
        }
    }

    private func add(
        _ kind: nb_step_kind, _ path: String, _ major: UInt32, _ minor: UInt32, _ mode: UInt32, _ uid: UInt32,
        _ gid: UInt32,
        to list: inout StepList
    ) {
        list.add(
            kind, mode: mode, flags: UInt64(uid) << 32 | UInt64(gid),
            value: UInt64(nb_device_number(major, minor)), target: path, "make the device \(path)")
    }

    /// Makes a node outside of the user namespace, with the owner that it has on the host, and binds it.
    private func addMade(
        _ path: String, _ major: UInt32, _ minor: UInt32, _ mode: UInt32, _ uid: UInt32, _ gid: UInt32,
        to list: inout StepList
    ) throws(LaunchError) {
        let node = nb_make_node(
            mode, nb_device_number(major, minor), ids.user(uid), ids.group(gid), request.stateDirectory)
        guard node >= 0 else { throw LaunchError(SystemError("make the device", path, Errno(-node))) }
        let step = list.add(
            NB_STEP_ATTACH, mode: UInt32(NB_TARGET_FILE), target: path, "offer the device \(path)")
        list.setDescriptor(FileDescriptor(owning: node), of: step)
    }

    /// Binds the host's node of one of the default devices.
    private func addBound(
        _ path: String, _ major: UInt32, _ minor: UInt32, to list: inout StepList
    ) throws(LaunchError) {
        do throws(SystemError) {
            let file = try FileDescriptor.open(path, NB_O_PATH)
            let status = try file.status()
            guard status.st_mode & S_IFMT == S_IFCHR, status.st_rdev == nb_device_number(major, minor) else {
                throw SystemError("use", path, Errno(ENODEV), hint: "it must be the character device \(major):\(minor)")
            }
            let clone = FileDescriptor(owning: try checked(nb_clone_tree(file.rawValue, "", 0), "clone", path))
            let step = list.add(
                NB_STEP_ATTACH, mode: UInt32(NB_TARGET_FILE), target: path, "offer the device \(path)")
            list.setDescriptor(clone, of: step)
        } catch {
            throw LaunchError("cannot offer the device \(path): \(error)")
        }
    }
}
