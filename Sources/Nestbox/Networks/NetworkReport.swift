internal import ContainerNetwork
internal import LinuxNetwork
internal import OCISpec

/// What `inspect` and `ps` say about a container's networks and ports, in Docker's shapes.
struct NetworkReport {
    let container: Container
    let endpoints: [Endpoint]
    /// What the container has right now; nil when it does not run, or has no interfaces of its own.
    let state: NetworkState?
    let networks: [NetworkDefinition]

    private var configuration: ContainerConfiguration { container.configuration }

    /// `HostConfig.NetworkMode`.
    var mode: String { configuration.network.requests.first?.network ?? configuration.network.text }

    /// The ports that the container says it serves, as `80/tcp`.
    var exposed: [String] {
        let given = (container.record.settings.exposedPorts + configuration.exposed).flatMap(PortMapping.exposed)
        let published = container.record.mappings
        return Array(Set((given + published).map(\.portText))).sorted()
    }

    /// `HostConfig.PortBindings`: what was asked for.
    var bindings: JSONValue {
        var result = JSONObject()
        for mapping in configuration.ports {
            let binding: JSONValue = [
                "HostIp": .string(mapping.hostAddress.map { "\($0)" } ?? ""),
                "HostPort": .string(
                    mapping.hostPorts.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
                        ?? ""),
            ]
            let key = mapping.portText
            result[key] = .array((result[key]?.arrayValue ?? []) + [binding])
        }
        return .object(result)
    }

    /// `NetworkSettings`.
    var settings: JSONValue {
        let first = state == nil ? nil : endpoints.first
        let network = networks.first
        var object: JSONObject = [
            "Ports": ports, "SandboxKey": "",
            "IPAddress": .string(first?.address(.v4)?.description ?? ""),
            "IPPrefixLen": .integer(Int64(first.flatMap { _ in network?.subnet(.v4)?.network.prefixLength } ?? 0)),
            "Gateway": .string(first.flatMap { _ in network?.subnet(.v4)?.gateway.description } ?? ""),
            "GlobalIPv6Address": .string(first?.address(.v6)?.description ?? ""),
            "IPv6Gateway": .string(first.flatMap { _ in network?.subnet(.v6)?.gateway.description } ?? ""),
            "MacAddress": .string(first?.linkAddress.description ?? ""),
        ]
        var members: [(String, JSONValue)] = endpoints.map { endpoint in
            (endpoint.network, settings(of: endpoint, networks.first { $0.name == endpoint.network }))
        }
        if members.isEmpty { members = [(mode, settings(of: nil, nil))] }
        object["Networks"] = .object(JSONObject(members))
        return .object(object)
    }

    private func settings(of endpoint: Endpoint?, _ network: NetworkDefinition?) -> JSONValue {
        let shown = state == nil ? nil : endpoint
        return [
            "IPAMConfig": nil, "Links": nil, "Aliases": (endpoint?.aliases ?? []).json,
            "MacAddress": .string(shown?.linkAddress.description ?? ""), "NetworkID": .string(network?.id ?? ""),
            "EndpointID": "",
            "Gateway": .string(shown.flatMap { _ in network?.subnet(.v4)?.gateway.description } ?? ""),
            "IPAddress": .string(shown?.address(.v4)?.description ?? ""),
            "IPPrefixLen": .integer(Int64(shown.flatMap { _ in network?.subnet(.v4)?.network.prefixLength } ?? 0)),
            "IPv6Gateway": .string(shown.flatMap { _ in network?.subnet(.v6)?.gateway.description } ?? ""),
            "GlobalIPv6Address": .string(shown?.address(.v6)?.description ?? ""),
            "GlobalIPv6PrefixLen": .integer(
                Int64(shown.flatMap { _ in network?.subnet(.v6)?.network.prefixLength } ?? 0)),
        ]
    }

    private var ports: JSONValue {
        guard let state else { return .object(JSONObject()) }
        var result = JSONObject()
        for key in exposed { result[key] = .null }
        for port in state.ports {
            let key = port.portText
            let bindings = port.hostAddresses(families: state.families).map { address -> JSONValue in
                ["HostIp": .string("\(address)"), "HostPort": .string(String(port.hostPort))]
            }
            result[key] = .array((result[key]?.arrayValue ?? []) + bindings)
        }
        return .object(result)
    }
}

extension NetworkState {
    /// The families of the addresses that ports lead to.
    var families: [IPFamily] { attachments.first?.endpoint.addresses.map(\.family) ?? [] }

    /// What `ps` shows: `0.0.0.0:8080->80/tcp, [::]:8080->80/tcp`.
    var portText: String {
        ports.flatMap { port in
            port.hostAddresses(families: families).map { address in
                "\(address.textBeforePort):\(port.hostPort)->\(port.portText)"
            }
        }.joined(separator: ", ")
    }
}

extension PortMapping {
    /// `80/tcp`, of the container.
    var portText: String { "\(containerPort)/\(transport.rawValue)" }
}

extension PublishedPort {
    /// `80/tcp`, of the container.
    var portText: String { "\(containerPort)/\(transport.rawValue)" }

    /// The addresses of the host that it is published on; the unspecified one stands for all.
    func hostAddresses(families: [IPFamily]) -> [IPAddress] {
        hostAddress.map { [$0] } ?? families.map { $0 == .v4 ? .v4(0) : .v6(0) }
    }
}

extension IPAddress {
    /// As it stands before a colon and a port.
    var textBeforePort: String { family == .v4 ? description : "[\(description)]" }
}
