internal import OCISpec

/// Which kernel parameters a container may have of its own.
enum SysctlRules {
    /// Checks each name and writes it with dots.
    ///
    /// - Throws: `EngineError.invalidConfiguration` for a parameter of the whole kernel, or of a namespace that the container
    ///   shares: setting it would change the host or another container.
    static func validated(_ configuration: ContainerConfiguration) throws(EngineError) -> [String: String] {
        var result: [String: String] = [:]
        for (given, value) in configuration.sysctls {
            let name = dotted(given)
            try check(name, given: given, value: value, configuration)
            guard result.updateValue(value, forKey: name) == nil else {
                throw .invalidConfiguration("--sysctl \(name) is given twice; give it once")
            }
        }
        return result
    }

    /// sysctl(8) takes dots or slashes; whichever comes first separates, and the other one is part of a name (an
    /// interface called eth0.1).
    static func dotted(_ name: String) -> String {
        guard let first = name.first(where: { $0 == "." || $0 == "/" }), first == "/" else { return name }
        return String(name.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 })
    }

    private static func check(
        _ name: String, given: String, value: String, _ configuration: ContainerConfiguration
    ) throws(EngineError) {
        let shown = given.escapedForMessage
        let components = name.split(separator: ".", omittingEmptySubsequences: false)
        let isWellFormed =
            components.count >= 2
            && components.allSatisfy { part in
                !part.isEmpty && part != "/" && !part.hasPrefix("/") && !part.contains("//")
                    && part.utf8.allSatisfy { $0 > 32 && $0 < 127 }
            }
        guard isWellFormed else {
            throw .invalidConfiguration(
                "--sysctl \(shown) is no kernel parameter; write it like net.core.somaxconn=1024")
        }
        guard !value.utf8.contains(where: { $0 == 0 || $0 == 10 }) else {
            throw .invalidConfiguration("the value of --sysctl \(shown) has a line break or NUL character in it")
        }
        switch RuntimeSpecification.Linux.Namespace.Kind(ofParameter: name) {
        case .ipc: try require(configuration.ipc, option: "--ipc", of: shown)
        case .network:
            guard configuration.network.isPrivate else {
                throw shared(shown, "--network \(configuration.network.text)")
            }
        case .uts:
            let option = name == "kernel.hostname" ? "--hostname" : "--domainname"
            throw .invalidConfiguration("--sysctl \(shown) cannot be set; use \(option)")
        default:
            throw .invalidConfiguration(
                "--sysctl \(shown) cannot be set for a container: it belongs to the whole kernel; "
                    + "only kernel.msg*, kernel.sem, kernel.shm*, fs.mqueue.* and net.* have a value of their own in each"
            )
        }
    }

    private static func require(_ mode: NamespaceMode, option: String, of name: String) throws(EngineError) {
        switch mode {
        case .private: return
        case .host: throw shared(name, option + " host")
        case .container(let other): throw shared(name, option + " container:" + other)
        }
    }

    private static func shared(_ name: String, _ option: String) -> EngineError {
        .invalidConfiguration(
            "--sysctl \(name) cannot be combined with \(option): it would change more than this container; leave one out"
        )
    }
}
