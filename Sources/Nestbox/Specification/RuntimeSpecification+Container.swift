internal import LinuxSystem
internal import OCISpec

extension SpecificationInput {
    /// The container's OCI configuration, complete but for what only the container's own files tell (user names, HOME).
    ///
    /// A pure function: equal inputs give equal configurations.
    /// - Throws: `EngineError.invalidConfiguration` for what cannot be carried out.
    func specification() throws(EngineError) -> SpecificationOutput {
        let capabilities = try selectedCapabilities()
        let isPrivileged = configuration.privileged
        let isUnmasked = isPrivileged || configuration.securityOptions.systemPathsUnconfined
        let process = try process(capabilities: capabilities)
        let linux = RuntimeSpecification.Linux(
            uidMappings: idMappings, gidMappings: idMappings, sysctl: try sysctls(), resources: resources(),
            namespaces: try namespaces(), devices: devices(),
            seccomp: try seccomp(capabilities: capabilities), rootfsPropagation: rootPropagation,
            maskedPaths: isUnmasked
                ? []
                : KernelPaths.masked(
                    processors: facts.processors, showsThermalThrottle: facts.showsThermalThrottle),
            readonlyPaths: isUnmasked ? [] : KernelPaths.readOnly)
        let specification = RuntimeSpecification(
            process: process, root: .init(path: "rootfs", readonly: configuration.readOnly), hostname: hostname,
            domainname: configuration.uts == .private ? configuration.domainname : nil, mounts: try mounts(),
            annotations: configuration.annotations, linux: linux)
        let isDefault = configuration.securityOptions.seccomp == .default
        return SpecificationOutput(
            specification: specification, usesDefaultSeccomp: isDefault && !isPrivileged, user: user,
            stopSignal: try stopSignal())
    }

    private func selectedCapabilities() throws(EngineError) -> CapabilitySet {
        do throws(CapabilityError) {
            return try CapabilitySet.selected(
                adding: configuration.capAdd, dropping: configuration.capDrop, privileged: configuration.privileged)
        } catch {
            throw .invalidConfiguration("cannot use --cap-add or --cap-drop: \(error)")
        }
    }

    /// Who runs the process, to be looked up in the container; nil for its root.
    private var user: String? {
        let user = configuration.user ?? image.user
        return user.isEmpty ? nil : user
    }

    private func stopSignal() throws(EngineError) -> Int32 {
        guard let text = configuration.stopSignal ?? image.stopSignal, !text.isEmpty else { return 15 }
        guard let number = SignalName.number(text) else {
            throw .invalidConfiguration(
                "there is no stop signal \(text.escapedForMessage); give --stop-signal a name like SIGTERM")
        }
        return number
    }

    /// Empty unless the user namespace is made for this container: a namespace that exists has its mappings.
    private var idMappings: [RuntimeSpecification.IDMapping] {
        guard let idRange, joined[.user] == nil else { return [] }
        return [.init(containerID: 0, hostID: idRange.firstID, size: idRange.count)]
    }

    private func sysctls() throws(EngineError) -> [String: String] {
        var result = try SysctlRules.validated(configuration)
        if configuration.network.isPrivate, joined[.network] == nil {
            // In a network of its own no port is privileged, and everybody may ping (Docker's rules, too).
            let lastGroup = idRange.map { $0.count - 1 } ?? UInt32(Int32.max)
            let defaults = [
                "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 \(lastGroup)",
            ]
            result.merge(defaults) { given, _ in given }
        }
        return result
    }

    private func namespaces() throws(EngineError) -> [RuntimeSpecification.Linux.Namespace] {
        typealias Namespace = RuntimeSpecification.Linux.Namespace
        var result: [Namespace] = []
        if let path = joined[.user] {
            result.append(Namespace(type: .user, path: path))
        } else if idRange != nil {
            result.append(Namespace(type: .user))
        }
        result.append(Namespace(type: .mount))
        if configuration.network != .host {
            if case .container(let name) = configuration.network, joined[.network] == nil {
                throw .invalidConfiguration("cannot join the network namespace of \(name)")
            }
            if case .task(let name) = configuration.network, joined[.network] == nil {
                throw .invalidConfiguration("cannot join the network namespace of task \(name)")
            }
            result.append(Namespace(type: .network, path: joined[.network]))
        }
        for (kind, mode) in [
            (.pid, configuration.pid), (.ipc, configuration.ipc), (.uts, configuration.uts),
            (.cgroup, configuration.cgroupns),
        ] as [(Namespace.Kind, NamespaceMode)] {
            switch mode {
            case .private: result.append(Namespace(type: kind))
            case .host: break
            case .container(let name):
                guard let path = joined[kind] else {
                    throw .invalidConfiguration("cannot join the \(kind.rawValue) namespace of \(name)")
                }
                result.append(Namespace(type: kind, path: path))
            }
        }
        return result
    }

    private func seccomp(
        capabilities: CapabilitySet
    ) throws(EngineError) -> RuntimeSpecification.Linux.Seccomp? {
        switch configuration.securityOptions.seccomp {
        case .unconfined, .default: return nil
        case .profile(let text):
            do {
                return try SeccompProfile.load(
                    json: Array(text.utf8), capabilities: capabilities, kernel: facts.kernel)
            } catch {
                throw .invalidConfiguration("cannot use --security-opt seccomp: \(error)")
            }
        }
    }
}
