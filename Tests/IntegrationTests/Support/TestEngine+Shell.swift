import Glibc
import LinuxSystem

extension TestEngine {
    /// Runs a shell script in a new busybox container that is removed afterwards.
    @discardableResult
    func shell(
        _ script: String, with flags: [String] = [], image: String = "busybox", environment: [String: String] = [:]
    ) throws -> CommandResult {
        try run(["run", "--rm"] + flags + [image, "sh", "-c", script], environment: environment)
    }

    /// Writes a file into the test's own folder, and answers its path.
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = "\(folder)/\(name)"
        // One folder deep is enough for tests.
        if let slash = name.firstIndex(of: "/") { mkdir("\(folder)/\(name[..<slash])", 0o755) }
        try AtomicFile.write(bytes, to: path, mode: 0o644)
        return path
    }

    func file(_ name: String, text: String) throws -> String { try file(name, Array(text.utf8)) }

    /// The value of a limit of a running container in the host's cgroup files, by the names that it has in v1 (with
    /// its controller) and v2.
    func limit(_ container: String, v1 controller: String, _ old: String, v2 new: String) throws -> String {
        let group = try inspect(container, "{{.CgroupPath}}")
        let path = Self.hasUnifiedCgroups ? "\(group)/\(new)" : "\(controller)/\(group)/\(old)"
        return try Self.trimmed("/sys/fs/cgroup/\(path)")
    }

    /// The content of a small file without the newline at its end.
    static func trimmed(_ path: String) throws -> String {
        let text = try read(path)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// Whether this machine has cgroup v2 alone.
    static var hasUnifiedCgroups: Bool { (try? read("/sys/fs/cgroup/cgroup.controllers")) != nil }
}
