internal import ArgumentParser
internal import ContainerNetwork
internal import LinuxNetwork
internal import Nestbox

/// What networks the container is on, how it is reached, and what it is told about names.
struct NetworkOptions: ParsableArguments {
    @Option(
        name: [.long, .customLong("net")],
        help: .init(
            "bridge, host, none, container:NAME or a network (default bridge). May be repeated.", valueName: "network"),
        completion: .networkName)
    var network: [String] = []

    @Option(
        name: .shortAndLong,
        help: .init(
            "Publish a port; without a port of the host, a free one. May be repeated.",
            valueName: "[address:][host-port:]port[/protocol]"))
    var publish: [String] = []

    @Flag(name: [.customShort("P"), .long], help: "Publish all exposed ports on free ports of the host.")
    var publishAll = false

    @Option(
        name: .long, help: .init("Say that the container serves a port. May be repeated.", valueName: "port[/protocol]")
    )
    var expose: [String] = []

    @Option(name: .long, help: .init("The IPv4 address on the (first) network.", valueName: "address"))
    var ip: String?

    @Option(name: .long, help: .init("The IPv6 address on the (first) network.", valueName: "address"))
    var ip6: String?

    @Option(name: .long, help: .init("The MAC address on the (first) network.", valueName: "address"))
    var macAddress: String?

    @Option(
        name: [.long, .customLong("net-alias")],
        help: .init("One more name on the (first) network. May be repeated.", valueName: "name"))
    var networkAlias: [String] = []

    @Option(
        name: .long, help: .init("A name server in the place of the host's. May be repeated.", valueName: "address"))
    var dns: [String] = []

    @Option(
        name: .long,
        help: .init("A domain to look short names up in; \".\" for none. May be repeated.", valueName: "domain"))
    var dnsSearch: [String] = []

    @Option(
        name: [.long, .customLong("dns-opt")],
        help: .init("An option of resolv.conf. May be repeated.", valueName: "option"))
    var dnsOption: [String] = []

    @Option(
        name: .long,
        help: .init(
            "A line of /etc/hosts; the address may be host-gateway. May be repeated.", valueName: "name:address"))
    var addHost: [String] = []

    @Option(
        name: .long,
        help: .init("Put another container's address into /etc/hosts. May be repeated.", valueName: "container[:alias]")
    )
    var link: [String] = []

    func apply(to configuration: inout ContainerConfiguration) throws {
        configuration.network = try mode()
        if case .networks(var requests) = configuration.network {
            try refine(&requests[0])
            configuration.network = .networks(requests)
        } else if ip != nil || ip6 != nil || macAddress != nil || !networkAlias.isEmpty {
            throw ConfigurationError(
                "--network", configuration.network.text, "it has no addresses and names of its own",
                accepted: "leave out --ip, --ip6, --mac-address and --network-alias")
        }
        for text in publish { configuration.ports += try PortMapping.parse(text, option: "--publish") }
        configuration.publishAll = publishAll
        for text in expose {
            let mappings = try PortMapping.parse(text, option: "--expose")
            guard mappings.allSatisfy({ $0.hostAddress == nil && $0.hostPorts == nil }) else {
                throw ConfigurationError("--expose", text, "it names a port of the host", accepted: "use --publish")
            }
            configuration.exposed.append(text)
        }
        for text in dns { configuration.names.servers.append(try NetworkText.address(text, option: "--dns")) }
        if !dnsSearch.isEmpty {
            configuration.names.searchDomains = try dnsSearch.map { try NetworkText.domain($0, option: "--dns-search") }
        }
        if !dnsOption.isEmpty {
            configuration.names.options = try dnsOption.map {
                try NetworkText.resolverOption($0, option: "--dns-option")
            }
        }
        for text in link { configuration.names.links.append(try NetworkText.link(text, option: "--link")) }
        for text in addHost {
            configuration.names.extraHosts.append(try NetworkText.extraHost(text, option: "--add-host"))
        }
    }

    private func mode() throws -> NetworkMode {
        guard let first = network.first else { return .bridge }
        let mode = try NetworkMode(parsing: first, option: "--network")
        guard network.count > 1 else { return mode }
        var requests = mode.requests
        for text in network.dropFirst() {
            let more = try NetworkMode(parsing: text, option: "--network").requests
            guard !requests.isEmpty, !more.isEmpty else {
                throw ConfigurationError(
                    "--network", text, "only networks can be combined, not host, none or another container's")
            }
            requests += more
        }
        return .networks(requests)
    }

    private func refine(_ request: inout EndpointRequest) throws {
        for (text, option, family) in [(ip, "--ip", IPFamily.v4), (ip6, "--ip6", .v6)] {
            guard let text, !text.isEmpty else { continue }
            let address = try NetworkText.address(text, option: option)
            guard address.family == family else {
                throw ConfigurationError(option, text, "it is no \(family.rawValue) address")
            }
            request.addresses.removeAll { $0.family == family }
            request.addresses.append(address)
        }
        if let macAddress, !macAddress.isEmpty {
            request.linkAddress = try NetworkText.linkAddress(macAddress, option: "--mac-address")
        }
        for name in networkAlias { request.aliases.append(try NameText.hostname(name, option: "--network-alias")) }
    }
}
