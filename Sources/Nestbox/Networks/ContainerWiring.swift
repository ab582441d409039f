internal import ContainerNetwork
internal import LinuxNetwork
internal import LinuxSystem
internal import OCISpec

/// The network of a container that is being started: ports that are held, and interfaces to make once its namespace is there.
final class ContainerWiring {
    private let engine: Engine
    private let id: String
    /// What is made for it.
    let state: NetworkState
    private let networks: [NetworkDefinition]
    private let names: [String]
    /// Whether the container asks its networks' servers, and not those that were asked for.
    private let usesNetworkServers: Bool
    /// What was asked for and could not be had, a line each.
    private(set) var warnings: [String] = []
    private let ports: HeldPorts

    /// What the supervisor inherits.
    var descriptors: [Int32] { ports.descriptors }

    /// Holds the ports, and writes down what is going to be made: whoever finds it can take it back.
    ///
    /// - Throws: `NetworkError`, …
    init?(_ record: ContainerRecord, _ engine: Engine) throws {
        let endpoints = try engine.endpoints(of: record)
        guard !endpoints.isEmpty else { return nil }
        self.engine = engine
        id = record.id
        names = record.networkNames
        usesNetworkServers = record.asksNetworkServers(endpoints)
        let store = engine.hostNetwork.store
        networks = try endpoints.map { endpoint in
            guard let network = try store.find(endpoint.network) else {
                throw NetworkError.noSuchNetwork(endpoint.network)
            }
            return network
        }
        ports = try HeldPorts(record.mappings, families: endpoints.first?.addresses.map(\.family) ?? [])
        var attachments: [Attachment] = []
        for (index, endpoint) in endpoints.enumerated() {
            attachments.append(try Attachment(of: endpoint, on: networks[index], interface: "eth\(index)"))
        }
        var state = NetworkState(attachments: attachments, ports: ports.ports)
        do {
            state.resolver = try engine.reserveResolver(for: record, endpoints)
        } catch {
            warnings.append("only names of network \(networks[0].name) are resolved: \(error)")
        }
        self.state = state
        try engine.write(state, of: record)
    }

    /// What the container is told about names.
    var surroundings: NameSurroundings {
        NameSurroundings(state, networks, usesNetworkServers: usesNetworkServers)
    }

    /// Does what needs no namespace of the container's: bridges, names, the firewall's elements.
    ///
    /// - Throws: `SystemError`, `NetworkError`, …
    func prepare() throws {
        for network in networks { try engine.hostNetwork.prepare(network) }
        warnings += engine.publishNames(names, of: id, state, networks)
        try engine.admit(state)
    }

    /// Makes the interfaces in the network namespace of a process.
    ///
    /// - Throws: `SystemError`.
    func makeInterfaces(_ pid: Int32) throws {
        let namespace = try NetworkNamespace(of: pid)
        let host = engine.hostNetwork
        for (index, attachment) in state.attachments.enumerated() {
            try host.connect(attachment, to: networks[index], in: namespace, isWayOut: index == 0)
        }
        // A kernel without a list of connections has none that could be wrong for long.
        try? host.firewall.forgetFlows(to: state)
    }

    /// Gives this process's part of the ports up: the supervisor has its own.
    func release() { ports.release() }
}

extension Engine {
    /// Lets others find a container by names, and sees to the name servers that it asks.
    ///
    /// - Parameter networks: those of its interfaces, in the same order.
    /// - Returns: what is wrong, a line each: without names a container is still of use.
    func publishNames(
        _ names: [String], of id: String, _ state: NetworkState, _ networks: [NetworkDefinition]
    ) -> [String] {
        var warnings: [String] = []
        for (endpoint, network) in zip(state.attachments.map(\.endpoint), networks) {
            do {
                let isServed = try hostNetwork.publish(names, of: id, endpoint, on: network)
                if !isServed, network.name != NetworkDefinition.defaultName || !endpoint.aliases.isEmpty {
                    warnings.append(
                        "names of containers are not resolved on network \(network.name): dnsmasq is not installed")
                }
            } catch {
                warnings.append("names of containers are not resolved on network \(network.name): \(error)")
            }
        }
        guard let resolver = state.resolver else { return warnings }
        do {
            try hostNetwork.start(resolver)
        } catch {
            warnings.append("names are not resolved: \(error)")
        }
        return warnings
    }

    /// Lets the packets of a container or task pass; the firewall is made first where it is not there, or not any more.
    func admit(_ state: NetworkState) throws {
        do throws(SystemError) {
            try hostNetwork.firewall.admit(state)
        } catch {
            switch error.errno {
            case .noSuchFile: try restoreFirewall()
            // The sockets hold the ports, so what is there is of a container that is gone.
            case .exists, .busy: try hostNetwork.reinstallFirewall { try runningNetworkStates() }
            default: throw error
            }
            try hostNetwork.firewall.admit(state)
        }
    }

    /// Writes down what a container has of the host's network, and what its supervisor says to the kernel at its end.
    func write(_ state: NetworkState, of record: ContainerRecord) throws {
        let id = record.id
        let paths = paths.container(id)
        try AtomicFile.write(state.jsonBytes(), to: paths.networkState)
        var removals = state.resolver.map { [hostNetwork.path(of: id, on: $0)] } ?? []
        for endpoint in state.attachments.map(\.endpoint) {
            guard let network = try hostNetwork.store.find(endpoint.network) else { continue }
            removals.append(NetworkNames(of: network, paths: networkPaths).path(of: id))
            guard record.configuration.autoRemove else { continue }
            // Before the container's folder goes: a lease without one may be somebody else's the next moment.
            removals += endpoint.addresses.map(leases(of: network).path)
        }
        // Last: while it is there, the rest can be found.
        removals.append(paths.networkState)
        let text = removals.map { $0 + "\n" }.joined()
        var bytes = Array(text.utf8) + [0]
        let messages =
            [(NetlinkSocket.Family.netfilter, try hostNetwork.firewall.farewell(of: state))]
            + state.attachments.map { (.route, NetlinkRequest.removalMessage($0.hostInterface)) }
        for (family, message) in messages {
            bytes.append(family.number)
            bytes += withUnsafeBytes(of: UInt32(message.count).littleEndian, Array.init)
            bytes += message
        }
        try AtomicFile.write(bytes, to: paths.farewell)
    }
}

extension NameSurroundings {
    /// What a container with these interfaces is told.
    init(_ state: NetworkState, _ networks: [NetworkDefinition], usesNetworkServers: Bool) {
        let network = networks.first
        self.init(
            addresses: state.attachments.flatMap(\.endpoint.addresses), gateway: network?.subnets.first?.gateway,
            servers: usesNetworkServers ? network?.nameServers ?? [] : nil)
    }
}

extension PortMapping {
    /// Whether the host's port is the container's, as it must be where nothing is mapped.
    var isOwnPort: Bool { hostPorts.map { $0.contains(containerPort) } ?? true }
}

extension ContainerRecord {
    /// Whether it asks its networks' servers, and not those that were asked for.
    ///
    /// On the default network `--dns` is taken literally, as in Docker; on others the network's server asks those. It could not
    /// ask one on the container's own loopback.
    func asksNetworkServers(_ endpoints: [Endpoint]) -> Bool {
        let servers = configuration.names.servers
        guard NetworkNames.areServed else { return false }
        if servers.isEmpty { return true }
        return endpoints.contains { $0.network != NetworkDefinition.defaultName }
            && !servers.contains(where: \.isLoopback)
    }

    /// The names by which others on its networks find it.
    var networkNames: [String] { [name, String(id.prefix(12))] }

    /// The ports to publish: those that were asked for, and with `--publish-all` those that are exposed.
    var mappings: [PortMapping] {
        guard configuration.publishAll else { return configuration.ports }
        let exposed = (settings.exposedPorts + configuration.exposed).flatMap(PortMapping.exposed)
        var result = configuration.ports
        for mapping in exposed
        where !result.contains(where: {
            $0.containerPort == mapping.containerPort && $0.transport == mapping.transport
        }) {
            result.append(mapping)
        }
        return result
    }
}
