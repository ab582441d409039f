internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Refuses kernel parameters that are not the container's own: setting them would change the host.
enum ParameterCheck {
    /// - Throws: `LaunchError` naming the parameter.
    static func check(_ linux: RuntimeSpecification.Linux) throws(LaunchError) {
        for (name, value) in linux.sysctl {
            let separator: Character = name.contains("/") ? "/" : "."
            let parts = name.split(separator: separator, omittingEmptySubsequences: false)
            guard parts.count > 1, !name.utf8.contains(0), !parts.contains(where: { ["", ".", ".."].contains($0) })
            else {
                throw refusal(name, "it is no kernel parameter; write it like net.core.somaxconn")
            }
            guard !value.utf8.contains(10) else { throw refusal(name, "its value has a line break in it") }
            guard let kind = RuntimeSpecification.Linux.Namespace.Kind(ofParameter: parts.joined(separator: ".")) else {
                throw refusal(name, "it belongs to the whole kernel")
            }
            guard let namespace = linux.namespaces.first(where: { $0.type == kind }), !isOwn(namespace) else {
                throw refusal(name, "without a \(kind.rawValue) namespace it would be the host's")
            }
        }
    }

    /// Whether a namespace to be joined is this process's own.
    private static func isOwn(_ namespace: RuntimeSpecification.Linux.Namespace) -> Bool {
        guard let path = namespace.path, !path.isEmpty else { return false }
        let name = namespace.type == .network ? "net" : namespace.type.rawValue
        var (own, joined) = (stat(), stat())
        guard stat("/proc/self/ns/\(name)", &own) == 0, stat(path, &joined) == 0 else { return false }
        return own.st_dev == joined.st_dev && own.st_ino == joined.st_ino
    }

    private static func refusal(_ name: String, _ reason: String) -> LaunchError {
        LaunchError("cannot use the configuration: linux.sysctl: \(name): \(reason)")
    }
}
