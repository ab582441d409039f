internal import Glibc
internal import OCISpec

extension RuntimeSpecification.Linux.Namespace.Kind {
    /// The name of its file in `/proc/PID/ns`.
    var fileName: String {
        switch self {
        case .network: "net"
        case .mount: "mnt"
        default: rawValue
        }
    }
}

extension RuntimeSpecification.Linux.Namespace {
    /// Whether it is one to be joined that this process is in already: the container would share it with the host.
    var isOwn: Bool { isThat(of: "self") }

    /// It is made for the container, not joined.
    var isNew: Bool { path?.isEmpty ?? true }

    /// Whether it is one to be joined that the machine's first process is in.
    var isFirst: Bool { isThat(of: "1") }

    private func isThat(of process: String) -> Bool {
        guard let path, !path.isEmpty else { return false }
        var (other, joined) = (stat(), stat())
        guard stat("/proc/\(process)/ns/\(type.fileName)", &other) == 0, stat(path, &joined) == 0 else { return false }
        return other.st_dev == joined.st_dev && other.st_ino == joined.st_ino
    }
}
