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
            guard let namespace = linux.namespaces.first(where: { $0.type == kind }), !namespace.isOwn else {
                throw refusal(name, "without a \(kind.rawValue) namespace it would be the host's")
            }
        }
    }

    private static func refusal(_ name: String, _ reason: String) -> LaunchError {
        LaunchError("cannot use the configuration: linux.sysctl: \(name): \(reason)")
    }
}
