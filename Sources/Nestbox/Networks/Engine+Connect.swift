public import ContainerNetwork
internal import LinuxNetwork
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

extension Engine {
    /// Puts a container on one more network; a running one gets the interface at once.
    ///
    /// - Throws: `EngineError`.
    public func connect(_ container: Container, to request: EndpointRequest) throws(EngineError) {
        try EngineError.wrapping {
            try change(container) { endpoints, name in
                guard let network = try hostNetwork.store.find(request.network) else {
                    throw NetworkError.noSuchNetwork(request.network)
                }
                guard !endpoints.contains(where: { $0.network == network.name }) else {
                    throw EngineError.invalidConfiguration(
                        "container \(name) is on network \(network.name) already; disconnect it first")
                }
                return endpoints + (try leaseEndpoints([request], for: container.id))
            }
        }
    }

    /// Takes a container off a network; a running one loses the interface at once.
    ///
    /// - Throws: `EngineError`.
    public func disconnect(_ container: Container, from network: NetworkDefinition) throws(EngineError) {
        try EngineError.wrapping {
            try change(container) { endpoints, name in
                guard endpoints.contains(where: { $0.network == network.name }) else {
                    throw EngineError.invalidConfiguration("container \(name) is not on network \(network.name)")
                }
                return endpoints.filter { $0.network != network.name }
            }
        }
    }

    /// Gives a container other places on networks, and a running one the interfaces that belong to them.
    private func change(
        _ container: Container, _ body: (_ endpoints: [Endpoint], _ name: String) throws -> [Endpoint]
    ) throws {
        guard case .networks = container.configuration.network else {
            throw EngineError.invalidConfiguration(
                "container \(container.name) has no networks of its own (--network "
                    + "\(container.configuration.network.text)); make it anew with --network")
        }
        guard let lock = try lock(container.id) else { throw EngineError.noSuchContainer(container.name) }
        defer { lock.hold() }
        let paths = paths.container(container.id)
        guard let current = try repair(container.record, paths) else {
            throw EngineError.noSuchContainer(container.name)
        }
        let old = try endpoints(of: current.record)
        let new = try body(old, container.name)
        let added = new.filter { !old.contains($0) }
        do {
            if let process = current.state.process, current.isRunning, let state = try networkState(of: container.id) {
                try rewire(state, to: new, of: current, process)
            }
            try AtomicFile.write(new.json.serialized(), to: paths.endpoints, isFlushed: true)
        } catch {
            releaseEndpoints(added, of: container.id)
            throw error
        }
        releaseEndpoints(old.filter { !new.contains($0) }, of: container.id)
    }

    private func rewire(
        _ old: NetworkState, to endpoints: [Endpoint], of container: Container, _ process: ProcessIdentity
    ) throws {
        let namespace = try NetworkNamespace(of: process.pid)
        // Looked at after the namespace was opened: the pid was the container's then.
        guard process.isAlive else {
            throw EngineError.notRunning(container: container.id, status: "exited")
        }
        let host = hostNetwork
        var state = old
        state.attachments.removeAll { !endpoints.contains($0.endpoint) }
        var added: [(attachment: Attachment, network: NetworkDefinition)] = []
        for endpoint in endpoints where !old.attachments.contains(where: { $0.endpoint == endpoint }) {
            guard let network = try host.store.find(endpoint.network) else {
                throw NetworkError.noSuchNetwork(endpoint.network)
            }
            let number = (0...).first { number in !state.attachments.contains { $0.interface == "eth\(number)" } } ?? 0
            let attachment = try Attachment(of: endpoint, on: network, interface: "eth\(number)")
            state.attachments.append(attachment)
            added.append((attachment, network))
        }
        // What is there, and what will be: a crash in between must leave nothing that is not written down.
        let both = NetworkState(
            attachments: state.attachments + old.attachments.filter { !state.attachments.contains($0) },
            ports: old.ports)
        try AtomicFile.write(both.jsonBytes(), to: paths.container(container.id).networkState)
        for (attachment, network) in added {
            let isWayOut = state.attachments.first == attachment
            try host.connect(attachment, to: network, in: namespace, isWayOut: isWayOut)
            _ = try host.publish(container.record.networkNames, of: container.id, attachment.endpoint, on: network)
        }
        try host.firewall.replace(old, with: state)
        try write(state, of: container.id)
        for attachment in old.attachments where !state.attachments.contains(attachment) {
            try names(on: attachment)?.withdraw(container.id)
            try host.disconnect(attachment)
        }
        if let first = state.attachments.first, first != old.attachments.first,
            !added.contains(where: { $0.attachment == first }),
            let network = try host.store.find(first.endpoint.network)
        {
            try host.makeWayOut(first, on: network, in: namespace)
        }
    }
}
