/// Which user namespace a container gets, and why nothing else would do.
enum UserNamespaceChoice: Sendable, Hashable {
    /// Its own, on a leased range of ids.
    case own
    /// The host's.
    case host
    /// That of a task, whose network the container is in.
    case task(String)
    /// That of another container, whose other namespaces it joins.
    case container(String)

    /// Decides by what was asked for (design.md, "Kernel").
    ///
    /// A namespace other than the user namespace belongs to a user namespace, and only inside that one do capabilities over
    /// it count. So who joins another container's namespaces takes that container's user namespace too, and host network,
    /// PID and IPC namespaces come with the host's user namespace unless `--userns private` says otherwise.
    /// - Throws: `EngineError.invalidConfiguration` where the options contradict each other.
    init(_ configuration: ContainerConfiguration) throws(EngineError) {
        let modes = [
            ("--network", Self.mode(of: configuration.network)), ("--pid", configuration.pid),
            ("--ipc", configuration.ipc), ("--uts", configuration.uts),
            ("--cgroupns", configuration.cgroupns), ("--userns", configuration.userns ?? .private),
        ]
        // A list, not a variable changed in a loop: optimizing that loop crashes the compiler (Swift 6.3.1).
        let joins = modes.compactMap { option, mode -> (option: String, name: String)? in
            if case .container(let name) = mode { (option, name) } else { nil }
        }
        if let joined = joins.first?.name {
            if case .task = configuration.network {
                throw .invalidConfiguration(
                    "--network \(configuration.network.text) cannot be combined with container:\(joined): namespaces of "
                        + "different user namespaces do not go together; leave one out")
            }
            if let other = joins.first(where: { $0.name != joined }) {
                throw .invalidConfiguration(
                    "\(other.option) container:\(other.name) cannot be combined with container:\(joined): "
                        + "namespaces of different containers belong to different user namespaces; join one container")
            }
            if configuration.userns == .host || configuration.userns == .private {
                throw .invalidConfiguration(
                    "--userns cannot be combined with container:\(joined): the user namespace is that container's; "
                        + "leave --userns out")
            }
            self = .container(joined)
            return
        }
        if case .task(let name) = configuration.network {
            guard configuration.userns == nil, !configuration.privileged else {
                throw .invalidConfiguration(
                    "--userns and --privileged cannot be combined with --network task:\(name): the containers of a task share "
                        + "its user namespace; leave them out")
            }
            self = .task(name)
            return
        }
        switch configuration.userns {
        case .host: self = .host
        case .private: self = .own
        default:
            let wantsHost =
                configuration.privileged || configuration.network == .host || configuration.pid == .host
                || configuration.ipc == .host
            self = wantsHost ? .host : .own
        }
    }

    private static func mode(of network: NetworkMode) -> NamespaceMode {
        switch network {
        case .container(let name): .container(name)
        case .host: .host
        case .networks, .none, .task: .private
        }
    }
}
