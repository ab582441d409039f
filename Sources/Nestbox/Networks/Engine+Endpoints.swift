internal import ContainerNetwork
internal import LinuxNetwork
internal import LinuxSystem
internal import OCISpec

/// Containers' places on networks: leased when a container is made, given back when it is removed.
extension Engine {
    /// The host's side of the engine's networks.
    var hostNetwork: HostNetwork { HostNetwork(paths: networkPaths) }

    var networkPaths: NetworkPaths {
        NetworkPaths(
            networks: paths.networks, owners: [paths.containers, paths.tasks], runRoot: paths.runRoot,
            identifier: paths.identifier)
    }

    func leases(of network: NetworkDefinition) -> AddressLeases {
        AddressLeases(paths: networkPaths, network: network)
    }

    /// Leases addresses for a container whose folder exists.
    ///
    /// - Throws: `NetworkError`, …; nothing is leased then.
    func leaseEndpoints(_ requests: [EndpointRequest], for id: String) throws -> [Endpoint] {
        var result: [Endpoint] = []
        do {
            for request in requests {
                let network = try hostNetwork.store.network(named: request.network, created: Timestamp.nowText())
                guard network.driver == .bridge else {
                    throw EngineError.invalidConfiguration(
                        "network \(network.name) is one for tasks; make a task on it with 'nestbox task-net create', and use "
                            + "--network task:NAME")
                }
                for name in request.aliases { _ = try NameText.hostname(name, option: "--network-alias") }
                guard !result.contains(where: { $0.network == network.name }) else {
                    throw EngineError.invalidConfiguration("network \(network.name) is named twice; name it once")
                }
                result.append(
                    try leaseEndpoint(request, on: network, for: id, number: ContainerName.number(of: id)))
            }
            return try withWayOutFirst(result)
        } catch {
            releaseEndpoints(result, of: id)
            throw error
        }
    }

    /// Leases a place on a network for a container or task whose folder exists.
    ///
    /// - Parameter number: where the search for addresses begins.
    func leaseEndpoint(
        _ request: EndpointRequest, on network: NetworkDefinition, for owner: String, number: UInt64
    ) throws -> Endpoint {
        let addresses = try leases(of: network).lease(to: owner, number: number, wanted: request.addresses)
        guard let link = request.linkAddress ?? addresses.first.map({ MACAddress(for: $0) }) else {
            throw NetworkError.address("network \(network.name) has no addresses")
        }
        return Endpoint(network: network.name, addresses: addresses, linkAddress: link, aliases: request.aliases)
    }

    /// The places with those first that lead outside: the first is the way out, and what ports are published of.
    func withWayOutFirst(_ endpoints: [Endpoint]) throws -> [Endpoint] {
        let internals = try endpoints.filter { try hostNetwork.store.find($0.network)?.isInternal ?? false }
        return endpoints.filter { !internals.contains($0) } + internals
    }

    /// Gives addresses back.
    ///
    /// Best effort: a lease whose container is gone can be claimed by the next one.
    func releaseEndpoints(_ endpoints: [Endpoint], of id: String) {
        for endpoint in endpoints {
            guard let network = try? hostNetwork.store.find(endpoint.network) else { continue }
            leases(of: network).release(endpoint.addresses, of: id)
        }
    }

    /// Gives back every address of a container that nothing else is known of.
    func releaseAllEndpoints(of id: String, but kept: [Endpoint] = []) throws {
        let paths = networkPaths
        // By the folders: they are there, and the leases in them, whatever has become of the networks' own records.
        for network in try StoredFile.names(in: paths.networks) {
            let addresses = kept.first { $0.network == network }?.addresses ?? []
            try AddressLeases.releaseAll(of: id, but: addresses, on: network, paths)
        }
    }

    /// The container's places on networks as they are now.
    func endpoints(of record: ContainerRecord) throws -> [Endpoint] {
        try endpointList(of: record.id)?.endpoints ?? record.endpoints
    }

    /// The places on networks that a container has instead of its first ones; nil when they have never changed.
    func endpointList(of id: String) throws -> EndpointList? {
        try StoredRecord.read(paths.container(id).endpoints)
    }

    /// What a container has of the host's network right now; nil when it has nothing.
    func networkState(of id: String) throws -> NetworkState? {
        try StoredRecord.read(paths.container(id).networkState)
    }

    /// The same, without those whose record is damaged: what is done for all containers together is done for the others.
    private func readableNetworkState(of id: String) throws -> NetworkState? {
        do {
            return try networkState(of: id)
        } catch EngineError.damagedRecord {
            return nil
        }
    }

    /// Takes back what a container has of the host's network, after its end.
    ///
    /// - Parameter known: what it may have, as far as nothing is written down any more.
    func withdrawNetwork(of id: String, _ known: NetworkState? = nil) throws {
        let paths = paths.container(id)
        var isUnfinished = false
        do {
            guard let state = try networkState(of: id) ?? known else { return }
            try hostNetwork.firewall.dismiss(state)
            try detach(state.all, of: id)
            if let resolver = state.resolver { try StoredFile.remove(hostNetwork.path(of: id, on: resolver)) }
            isUnfinished = !state.unfinished.isEmpty
        } catch EngineError.damagedRecord {
            // Its interfaces went with its namespace. What the firewall still has of it gives way to whoever needs the place.
        }
        try StoredFile.remove(paths.farewell)
        try FileTree.remove(paths.networkState)
        // Whoever was changing its networks died before the firewall knew, so that this still has what was before the change.
        if isUnfinished { try hostNetwork.reinstallFirewall { try runningNetworkStates() } }
    }

    /// Takes interfaces away, with the names that lead to them.
    func detach(_ attachments: [Attachment], of owner: String) throws {
        for attachment in attachments {
            // A network whose record is damaged serves no names.
            try (try? names(on: attachment))?.withdraw(owner)
            try hostNetwork.disconnect(attachment)
        }
    }

    /// The name server of an interface's network.
    func names(on attachment: Attachment) throws -> NetworkNames? {
        try hostNetwork.store.find(attachment.endpoint.network).map { NetworkNames(of: $0, paths: networkPaths) }
    }

    // MARK: - Name servers

    /// Makes a container, whose lock the caller holds, a user of another name server than its network's, if it needs one.
    func reserveResolver(for record: ContainerRecord, _ endpoints: [Endpoint]) throws -> Resolver? {
        guard let first = endpoints.first, record.asksNetworkServers(endpoints),
            let network = try hostNetwork.store.find(first.network)
        else { return nil }
        // The others in one order, so that containers on the same networks share a server.
        let networks = [first.network] + endpoints.dropFirst().map(\.network).sorted()
        let view = NameView(networks: networks, servers: record.configuration.names.servers)
        return try hostNetwork.reserveResolver(for: view, on: network, user: record.id, isUser: isUser)
    }

    /// Ends name servers that no container uses any more.
    func collectResolvers() throws { try hostNetwork.collectResolvers(isUser: isUser) }

    /// Whether a container uses the name server with this address, or somebody is just at work on it.
    private func isUser(_ id: String, of server: IPAddress) throws -> Bool {
        guard ContainerID.isComplete(id) else { return false }
        if try readableNetworkState(of: id)?.resolver?.server == server { return true }
        guard StoredFile.exists(paths.container(id).folder) else { return false }
        guard let lock = try FolderLock.tryAcquire(paths.container(id).folder) else { return true }
        defer { lock.hold() }
        do {
            return try networkState(of: id)?.resolver?.server == server
        } catch EngineError.damagedRecord {
            // Nobody knows, and a server that is used is missed more than one that is not is noticed.
            return true
        }
    }

    /// Puts the firewall back if somebody else has removed it or rules of it.
    func restoreFirewall() throws {
        try hostNetwork.restoreFirewall { try runningNetworkStates() }
        try restoreSecurityGroups()
    }

    /// Puts the firewall back if its tables are gone, as after somebody's `nft flush ruleset`.
    ///
    /// Best effort: whoever only looks at a container needs no firewall, and a start says what is wrong.
    func keepFirewall() {
        guard (try? hostNetwork.firewall.isInstalled()) == false, (try? runningNetworkStates().isEmpty) == false
        else { return }
        try? restoreFirewall()
    }

    /// What the running containers have of the host's network.
    func runningNetworkStates() throws -> [NetworkState] {
        let containers = try StoredFile.names(in: paths.runContainers).compactMap { id in
            ContainerID.isComplete(id) ? try readableNetworkState(of: id) : nil
        }
        let tasks = try StoredFile.names(in: paths.runTasks).compactMap { name in
            try taskNetworkState(name)
        }
        return containers + tasks
    }
}
