/// Why something about a cgroup could not be done: the file, the value, the cgroup, the kernel's reason, a way out.
public enum CgroupError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path is not one that a cgroup may have.
    case invalidPath(String, reason: String)
    /// No cgroup v2 tree is mounted: neither as the design (pure v2) nor beside v1 hierarchies.
    case noUnifiedTree
    /// The mounts could not be read.
    case layout(SystemError)
    /// A resource value makes no sense, whatever the kernel.
    case invalidResource(String, value: String, reason: String)
    /// A setting that was asked for has no file on this machine.
    case unavailable(setting: String, cgroup: String, hint: String)
    /// A value was refused.
    case write(value: String, file: String, cgroup: String, errno: Errno, hint: String?)
    /// A file could not be read.
    case read(file: String, cgroup: String, errno: Errno)
    /// A folder could not be made, opened or removed. `folder` is its absolute path.
    case folder(operation: String, folder: String, errno: Errno, hint: String?)
    /// The cgroup exists and has processes or sub-cgroups that hold processes.
    case inUse(folder: String)
    /// A process could not be moved into the cgroup.
    case join(process: Int32, folder: String, errno: Errno, hint: String?)
    /// Something did not happen within its bound.
    case timedOut(operation: String, cgroup: String, processes: [Int32])
    /// The device program was refused.
    case deviceProgram(operation: String, cgroup: String, errno: Errno, hint: String?)

    /// One line.
    public var description: String {
        switch self {
        case .invalidPath(let path, let reason): "cannot use cgroup path \(quoted(path)): \(reason)"
        case .noUnifiedTree:
            "cannot manage cgroups: no cgroup v2 tree is mounted; "
                + "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 none /sys/fs/cgroup/unified"
        case .layout(let error): "cannot find the cgroup hierarchies: \(error)"
        case .invalidResource(let setting, let value, let reason): "cannot set \(setting) to \(value): \(reason)"
        case .unavailable(let setting, let cgroup, let hint): "cannot set \(setting) of \(cgroup): \(hint)"
        case .write(let value, let file, let cgroup, let errno, let hint):
            "cannot write \(value) to \(file) of \(cgroup): \(reason(errno, hint))"
        case .read(let file, let cgroup, let errno): "cannot read \(file) of \(cgroup): \(reason(errno, nil))"
        case .folder(let operation, let folder, let errno, let hint):
            "cannot \(operation) cgroup \(folder): \(reason(errno, hint))"
        case .inUse(let folder):
            "cannot make cgroup \(folder): it exists and has processes; choose another path or end them first"
        case .join(let process, let folder, let errno, let hint):
            "cannot move process \(process) into cgroup \(folder): \(reason(errno, hint))"
        case .timedOut(let operation, let cgroup, let processes):
            "cannot \(operation) cgroup \(cgroup) in time"
                + (processes.isEmpty
                    ? "" : "; still there: processes \(processes.prefix(8).map(String.init).joined(separator: ", "))")
        case .deviceProgram(let operation, let cgroup, let errno, let hint):
            "cannot \(operation) the device program of \(cgroup): \(reason(errno, hint))"
        }
    }

    private func reason(_ errno: Errno, _ hint: String?) -> String {
        "\(errno.meaning) (\(errno.symbol))" + (hint.map { "; \($0)" } ?? "")
    }

    /// The text in quotes, control characters made visible, cut where it is absurdly long.
    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars.prefix(128) {
            result += scalar.value < 0x20 || scalar.value == 0x7f ? "\\u{\(scalar.value)}" : String(scalar)
        }
        return result + (text.unicodeScalars.count > 128 ? "…\"" : "\"")
    }
}
