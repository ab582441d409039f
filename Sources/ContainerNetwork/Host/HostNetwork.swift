internal import Glibc
public import LinuxNetwork
internal import LinuxSystem

/// The host's side of the networks: bridges, interfaces of containers, firewall.
public struct HostNetwork: Sendable {
    /// The networks.
    public let store: NetworkStore
    /// The firewall.
    public let firewall: HostFirewall

    /// The host's side of an engine's networks.
    public init(paths: NetworkPaths) {
        store = NetworkStore(paths: paths)
        firewall = HostFirewall(paths: paths)
    }

    // MARK: - Bridges

    /// Makes sure that all of a network is there that its containers have in common.
    ///
    /// - Throws: `NetworkError`, `SystemError`.
    public func prepare(_ network: NetworkDefinition) throws {
        if network.driver != .macvlan { _ = try bringUp(network) }
    }

    /// Makes sure that a network's bridge is there and up.
    ///
    /// - Returns: the bridge's number.
    /// - Throws: `SystemError`.
    func bringUp(_ network: NetworkDefinition) throws -> Int32 {
        let socket = try NetlinkSocket(.route)
        if let bridge = try socket.interface(named: network.bridge), bridge.isUp { return bridge.index }
        let lock = try store.lock()
        defer { lock.hold() }
        if let bridge = try socket.interface(named: network.bridge) {
            if bridge.isUp { return bridge.index }
        } else {
            try checkRoutes(of: network)
        }
        try prepareHost(for: network)
        var requests: [NetlinkRequest] = []
        let address = network.subnets.first.map { MACAddress(for: $0.gateway) }
        requests.append(.makeBridge(network.bridge, address: address, mtu: network.mtu))
        // One that is not up is what a crash left of another attempt.
        requests[0].tolerated = [.exists]
        try socket.perform(requests)
        let index = try socket.index(of: network.bridge)
        let conf = "net/ipv6/conf/" + network.bridge
        if network.subnet(.v6) == nil {
            try KernelSetting.write(conf + "/disable_ipv6", "1")
        } else {
            try KernelSetting.write(conf + "/accept_ra", "0")
            try KernelSetting.write(conf + "/accept_dad", "0")
        }
        requests = network.subnets.map { .addAddress($0.gatewayInNetwork, to: network.bridge, index: index) }
        requests.append(.routeLoopback(over: network.bridge, index: index))
        try socket.perform(requests)
        let server = try nameServers.makeAddress(of: network)
        if try firewall.isInstalled() { try firewall.admit(network, nameServer: server) }
        // Last: what is up is complete.
        try socket.perform([.bringUp(network.bridge, index: index)])
        return index
    }

    /// Since the network was made, somebody else may have taken its addresses.
    private func checkRoutes(of network: NetworkDefinition) throws {
        for subnet in network.subnets {
            for route in try Route.all(subnet.network.address.family)
            where route.destination.overlaps(subnet.network) {
                throw NetworkError.address(
                    "cannot bring up network \(network.name): this host has a route to \(route.destination), which overlaps its "
                        + "subnet \(subnet.network); remove the route, or the network")
            }
        }
    }

    /// The host must forward packets between interfaces.
    private func prepareHost(for network: NetworkDefinition) throws {
        if try KernelSetting.read("net/ipv4/ip_forward") != "1" {
            try close(.v4)
            try KernelSetting.write("net/ipv4/ip_forward", "1")
        }
        guard network.subnet(.v6) != nil, try KernelSetting.read("net/ipv6/conf/all/forwarding") != "1" else { return }
        try close(.v6)
        // A router does not listen to other routers (ip-sysctl.rst, accept_ra) unless it is told to: the host's own way out may
        // depend on them.
        for name in try StoredFile.names(in: "/proc/sys/net/ipv6/conf") {
            let setting = "net/ipv6/conf/\(name)/accept_ra"
            if try KernelSetting.read(setting) == "1" { try KernelSetting.write(setting, "2") }
        }
        try KernelSetting.write("net/ipv6/conf/all/forwarding", "1")
    }

    /// Removes a network's bridge and all that the firewall knows of it.
    ///
    /// - Throws: `SystemError`.
    public func takeDown(_ network: NetworkDefinition) throws {
        let server = try nameServers.address(of: network)
        if network.driver != .macvlan {
            try NetlinkSocket(.route).perform([.removeLink(network.bridge)])
            try firewall.dismiss(network, nameServer: server)
        }
        // After the element that leads to its address: somebody else may have that then.
        try stopNames(on: network)
    }

    /// Other machines must not find a way between this host's networks because containers need forwarding (as Docker sees to, too).
    private func close(_ family: IPFamily) throws {
        try StoredFile.write(store.paths.forwarding(family), "", mode: 0o600)
        try firewall.close(forwarding: family)
    }

    /// The families that this host forwards because of us.
    private var forwarding: [IPFamily] {
        IPFamily.allCases.filter { StoredFile.exists(store.paths.forwarding($0)) }
    }

    /// Puts the firewall back if it, or a rule of it, is not there.
    ///
    /// - Parameter containers: what the running containers have; asked for only when it is needed.
    /// - Throws: `SystemError`, `JSONError`.
    public func restoreFirewall(containers: () throws -> [NetworkState]) throws {
        if try firewall.isInstalled(thoroughly: true) { return }
        let lock = try store.lock()
        defer { lock.hold() }
        if try firewall.isInstalled(thoroughly: true) { return }
        try install(containers: containers)
    }

    /// Makes the firewall anew.
    ///
    /// - Parameter containers: what the running containers have.
    /// - Throws: `SystemError`, `JSONError`.
    public func reinstallFirewall(containers: () throws -> [NetworkState]) throws {
        let lock = try store.lock()
        defer { lock.hold() }
        try install(containers: containers)
    }

    private func install(containers: () throws -> [NetworkState]) throws {
        var known = Set(try containers())
        let networks = try store.all { _ in }.map { ($0, nameServer: try nameServers.address(of: $0)) }
        try firewall.install(networks: networks, containers: Array(known), forwarding: forwarding)
        // Who was admitted meanwhile was so in the old tables, and who ended has taken back what was not there yet.
        while case let now = Set(try containers()), now != known {
            for container in known.subtracting(now) { try firewall.dismiss(container) }
            for container in now.subtracting(known) { try firewall.admit(container) }
            known = now
        }
    }

    // MARK: - Interfaces

    /// Connects a network namespace with a network.
    ///
    /// - Parameters:
    ///   - attachment: the interface.
    ///   - network: the network.
    ///   - namespace: the container's.
    ///   - isWayOut: whether its gateway leads to all other networks.
    /// - Throws: `SystemError`.
    public func connect(
        _ attachment: Attachment, to network: NetworkDefinition, in namespace: borrowing NetworkNamespace,
        isWayOut: Bool
    ) throws {
        // Interfaces begin with these: what is written after they are made is late.
        let settings = Self.settings(of: network)
        let inside = try namespace.open(.route) { () throws(SystemError) in
            for (name, value) in settings { try KernelSetting.write("net/ipv6/conf/default/" + name, value) }
        }
        let peer = VirtualEthernetPeer(
            name: attachment.interface, address: attachment.endpoint.linkAddress, namespace: namespace)
        let name = attachment.hostInterface
        let here = try NetlinkSocket(.route)
        if let parent = network.parent {
            try here.perform([.makeMACVLAN(parent: here.index(of: parent), mtu: network.mtu, peer: peer)])
        } else {
            try here.perform([
                .makeVirtualEthernet(name, master: bringUp(network), mtu: network.mtu, peer: peer),
                .setPort(name, isIsolated: network.isIsolated || network.driver == .routed), .bringUp(name),
            ])
        }
        let index = try inside.index(of: attachment.interface)
        var requests: [NetlinkRequest] = []
        for address in attachment.endpoint.addresses {
            guard let subnet = network.subnet(address.family) else { continue }
            // Everybody else is beyond the gateway where packets between neighbours are routed.
            let length = network.driver == .routed ? address.family.bits : subnet.network.prefixLength
            let own = IPNetwork(address, prefixLength: length)
            requests.append(.addAddress(own, to: attachment.interface, index: index))
        }
        requests.append(.bringUp(attachment.interface, index: index))
        if isWayOut { requests += Self.routes(attachment, on: network, index) }
        try inside.perform(requests)
    }

    /// Gives a task's network namespace what a container's first process would: a loopback interface, no privileged ports, and
    /// the right to ping for everybody.
    ///
    /// - Parameters:
    ///   - namespace: the task's.
    ///   - firstGroup: the host's id of the task's first group.
    ///   - count: how many groups there are.
    /// - Throws: `SystemError`.
    public func prepareTask(in namespace: borrowing NetworkNamespace, firstGroup: UInt32, count: UInt32) throws {
        let socket = try namespace.open(.route) { () throws(SystemError) in
            try KernelSetting.write("net/ipv4/ip_unprivileged_port_start", "0")
            try KernelSetting.write("net/ipv4/ping_group_range", "\(firstGroup) \(firstGroup + count - 1)")
        }
        try socket.perform([.bringUp("lo", index: 1)])
    }

    /// The way to everywhere else over a network's gateway.
    private static func routes(
        _ attachment: Attachment, on network: NetworkDefinition, _ index: Int32
    ) -> [NetlinkRequest] {
        // A neighbour that only the gateway leads to needs the way to it on internal networks, too: the firewall stops the rest.
        guard !network.isInternal || network.driver == .routed else { return [] }
        return network.subnets.map {
            .addDefaultRoute(
                by: $0.gateway, over: attachment.interface, index: index, isOnLink: network.driver == .routed)
        }
    }

    /// Makes an interface that is there the way to everywhere else, unless it, or another, is so already.
    ///
    /// - Throws: `SystemError`.
    public func makeWayOut(
        _ attachment: Attachment, on network: NetworkDefinition, in namespace: borrowing NetworkNamespace
    ) throws {
        let inside = try namespace.open(.route)
        var requests = Self.routes(attachment, on: network, try inside.index(of: attachment.interface))
        for index in requests.indices { requests[index].tolerated = [.exists] }
        try inside.perform(requests)
    }

    /// What a new interface in a container begins with: no IPv6 where the network has none, and no listening to routers.
    private static func settings(of network: NetworkDefinition) -> [(name: String, value: String)] {
        // Addresses are leased, so nobody asks whether they are somebody else's, which takes a second.
        [
            ("accept_ra", "0"), ("accept_redirects", "0"), ("accept_dad", "0"),
            ("disable_ipv6", network.subnet(.v6) == nil ? "1" : "0"),
        ]
    }

    /// Takes a container's interface away.
    ///
    /// - Throws: `SystemError`.
    public func disconnect(_ attachment: Attachment) throws {
        try NetlinkSocket(.route).perform([.removeLink(attachment.hostInterface)])
    }
}
