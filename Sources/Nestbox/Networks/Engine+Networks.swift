public import ContainerNetwork
internal import LinuxNetwork
internal import LinuxSystem
public import OCISpec

extension Engine {
    /// Makes a network.
    ///
    /// - Throws: `EngineError`: the name is in use, a subnet overlaps another network or a route of this host, …
    public func createNetwork(_ request: NetworkRequest) throws(EngineError) -> NetworkDefinition {
        try EngineError.wrapping {
            let network = try hostNetwork.store.create(request, created: Timestamp.nowText())
            tell("create", network)
            return network
        }
    }

    /// All networks, by name.
    ///
    /// - Parameter damaged: hears of each network whose record cannot be read. It is not in the list, and keeps no other from it.
    /// - Throws: `EngineError`.
    public func networks(damaged: (EngineError) -> Void = { _ in }) throws(EngineError) -> [NetworkDefinition] {
        keepFirewall()
        return try EngineError.wrapping { try hostNetwork.store.all { damaged(EngineError($0)) } }
    }

    /// The network of this name or id, or the only one whose id begins like this.
    ///
    /// - Throws: `EngineError`.
    public func network(_ name: String) throws(EngineError) -> NetworkDefinition {
        try EngineError.wrapping {
            guard let network = try hostNetwork.store.find(name) else { throw NetworkError.noSuchNetwork(name) }
            return network
        }
    }

    /// Removes a network that no container is on, with its bridge; with the last one the firewall goes, too.
    ///
    /// - Throws: `EngineError`.
    public func removeNetwork(_ network: NetworkDefinition) throws(EngineError) {
        try EngineError.wrapping {
            let host = hostNetwork
            // What a crash left of containers must not keep the network.
            _ = try list(all: true)
            try host.store.remove(network) { network in
                try host.takeDown(network)
                var isLast = true
                // One that cannot be read may have containers.
                let others = try host.store.all { _ in isLast = false }
                if isLast, others.count == 1 { try host.firewall.uninstall() }
            }
            tell("destroy", network)
        }
    }

    /// Removes all networks but the default one that no container is on.
    ///
    /// - Parameter filters: conditions on what goes; all must hold.
    /// - Returns: their names.
    /// - Throws: `EngineError`.
    public func pruneNetworks(filters: [PruneFilter] = []) throws(EngineError) -> [String] {
        try EngineError.wrapping {
            var removed: [String] = []
            for network in try hostNetwork.store.all(damaged: { _ in })
            where network.name != NetworkDefinition.defaultName {
                let created = try? Timestamp(network.created)
                guard filters.allSatisfy({ $0.holds(for: network.labels, created: created) }) else { continue }
                do {
                    try removeNetwork(network)
                    removed.append(network.name)
                } catch let error as EngineError {
                    // Somebody is on it.
                    guard try leases(of: network).holders().isEmpty else { continue }
                    throw error
                }
            }
            return removed
        }
    }

    /// All about a network, in the shape in which `docker network inspect` shows it.
    ///
    /// - Throws: `EngineError`.
    public func inspect(_ network: NetworkDefinition) throws(EngineError) -> JSONValue {
        try EngineError.wrapping {
            var containers: [(String, JSONValue)] = []
            for container in try list() {
                let endpoints = try endpoints(of: container.record)
                guard let endpoint = endpoints.first(where: { $0.network == network.name }) else { continue }
                containers.append(
                    (
                        container.id,
                        [
                            "Name": .string(container.name), "EndpointID": "",
                            "MacAddress": endpoint.linkAddress.json,
                            "IPv4Address": .string(Self.address(of: endpoint, on: network, .v4)),
                            "IPv6Address": .string(Self.address(of: endpoint, on: network, .v6)),
                        ]
                    ))
            }
            let subnets = network.subnets.map { subnet -> JSONValue in
                var object: JSONObject = ["Subnet": subnet.network.json, "Gateway": subnet.gateway.json]
                object.set("IPRange", to: subnet.range)
                return .object(object)
            }
            var options = network.options
            if let mtu = network.mtu { options["com.docker.network.driver.mtu"] = String(mtu) }
            return [
                "Name": .string(network.name), "Id": .string(network.id), "Created": .string(network.created),
                "Scope": "local", "Driver": network.driver.json, "EnableIPv4": .bool(network.subnet(.v4) != nil),
                "EnableIPv6": .bool(network.subnet(.v6) != nil),
                "IPAM": ["Driver": "default", "Options": nil, "Config": .array(subnets)],
                "Internal": .bool(network.isInternal), "Isolated": .bool(network.isIsolated), "Attachable": false,
                "Ingress": false, "Parent": network.parent?.json ?? nil, "Bridge": .string(network.bridge),
                "Containers": .object(JSONObject(containers)),
                "Options": options.json, "Labels": network.labels.json,
            ]
        }
    }

    static func address(of endpoint: Endpoint, on network: NetworkDefinition, _ family: IPFamily) -> String {
        guard let address = endpoint.address(family), let subnet = network.subnet(family) else { return "" }
        return "\(address)/\(subnet.network.prefixLength)"
    }

    /// What a running container has of the host's network; nil when it has no interfaces of its own.
    ///
    /// - Throws: `EngineError`.
    public func networkState(of container: Container) throws(EngineError) -> NetworkState? {
        try EngineError.wrapping { container.isRunning ? try networkState(of: container.id) : nil }
    }

    /// Something has happened to a network.
    func tell(_ action: String, _ network: NetworkDefinition, container: String? = nil) {
        var attributes: JSONObject = ["name": .string(network.name), "type": .string(network.driver.rawValue)]
        if let container { attributes["container"] = .string(container) }
        tell("network", action, network.id, attributes)
    }
}
