internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Moves network devices of this process's network namespace into a container's (runtime-spec, config-linux.md "Network
/// Devices").
struct NetworkDevices {
    private let devices: [(name: String, newName: String)]

    init(_ devices: [String: RuntimeSpecification.Linux.NetworkDevice]) {
        // By name: which of two gets the first name of a template is the same each time.
        self.devices = devices.sorted { $0.key < $1.key }.map { ($0.key, $0.value.name ?? $0.key) }
    }

    /// Moves them all, or none: those that have moved are taken back when a later one cannot.
    ///
    /// - Parameter pid: a process in the container's network namespace.
    /// - Throws: `LaunchError`.
    func move(into pid: Int32) throws(LaunchError) {
        guard !devices.isEmpty else { return }
        let own = try Self.namespace("/proc/self/ns/net")
        let containers = try Self.namespace("/proc/\(pid)/ns/net")
        var moved: [nb_device_move] = []
        for (name, newName) in devices {
            var move = nb_device_move()
            move.from = own.rawValue
            move.to = containers.rawValue
            move.brings_up = 1
            Self.copy(name, to: &move.name)
            Self.copy(newName, to: &move.new_name)
            let result = nb_device_move(&move)
            guard result < 0 else {
                moved.append(move)
                continue
            }
            for done in moved.reversed() { Self.takeBack(done) }
            throw Self.failure(move, name, newName, Errno(-result))
        }
    }

    private static func namespace(_ path: String) throws(LaunchError) -> FileDescriptor {
        do throws(SystemError) {
            return try FileDescriptor.open(path)
        } catch {
            throw LaunchError("cannot move network devices into the container: \(error)")
        }
    }

    private static func takeBack(_ done: nb_device_move) {
        var move = done
        move.from = done.to
        move.to = done.from
        move.name = done.new_name
        move.new_name = done.name
        // One that was down is up by now.
        move.brings_up = done.was_up
        _ = nb_device_move(&move)
    }

    /// A name that the check of the configuration has found short enough.
    private static func copy<Bytes>(_ name: String, to bytes: inout Bytes) {
        withUnsafeMutableBytes(of: &bytes) { $0.copyBytes(from: name.utf8.prefix($0.count - 1)) }
    }

    private static func failure(
        _ move: nb_device_move, _ name: String, _ newName: String, _ errno: Errno
    ) -> LaunchError {
        let words = withUnsafeBytes(of: move.message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let reason = "\(errno.meaning) (\(errno.symbol))" + (words.isEmpty ? "" : " [\(words)]")
        let cause =
            switch nb_device_step(UInt32(bitPattern: move.step)) {
            case NB_DEVICE_PREPARE: "opening netlink sockets: \(reason)"
            case NB_DEVICE_FIND where errno == Errno(ENODEV):
                "this network namespace has no device of that name; make it before the container"
            case NB_DEVICE_FIND: "looking for it: \(reason)"
            case NB_DEVICE_READ_ADDRESSES: "reading its addresses: \(reason)"
            case NB_DEVICE_NAME where errno == .exists:
                "the container's network namespace has a device \(newName) already; choose another name, or a "
                    + "template such as eth%d"
            case NB_DEVICE_NAME: "looking for a device \(newName) in the container: \(reason)"
            case NB_DEVICE_RENAME: "naming it \(newName): \(reason)"
            case NB_DEVICE_ADD_ADDRESS: "giving it its addresses: \(reason)"
            case NB_DEVICE_BRING_UP: "bringing it up there: \(reason)"
            default: "\(reason); loopback devices and bridges, for example, cannot leave their network namespace"
            }
        return LaunchError("cannot move the network device \(name) into the container as \(newName): \(cause)")
    }
}
