import Testing

extension IntegrationTests {
    /// threats.md, "While it runs", row 7: the host's loopback through route_localnet (CVE-2020-8558), ports published on
    /// 127.0.0.1 reached from the LAN, isolation lost after a firewall reload (CVE-2025-54388, CVE-2025-54410).
    @Suite struct RunningLoopback {
        enum Sender: String, CaseIterable, Sendable { case container, peer }

        /// - Parameter everywhere: whether the administrator, or kube-proxy, has set route_localnet for every interface.
        @Test(arguments: Sender.allCases, [false, true])
        func theHostsLoopbackIsNotReached(_ sender: Sender, everywhere: Bool) throws {
            try TestEngine.withNetwork { engine, network in
                if everywhere { try network.host.set("net/ipv4/conf/all/route_localnet", to: "1") }
                let box = try engine.container("box", "-p", "127.0.0.1:8080:80/udp")
                let service = try TestServer(.udp, "127.0.0.1", 7000, in: network.host)
                let published = try box.server(.udp, 80)
                let place = try LoopbackPlace(engine, network, box, sender)
                for restored in [false, true] {
                    if restored {
                        try network.host("nft", "flush", "ruleset")
                        try #expect(engine("ps").status == 0)
                    }
                    for source in [place.own.host, "127.0.0.1"] {
                        for address in ["127.0.0.1", "127.1.2.3"] {
                            for port: UInt16 in [7000, 8080] {
                                try place.send(from: source, to: Endpoint(address, port))
                            }
                        }
                    }
                    try place.settle()
                    #expect(service.next() == nil)
                    #expect(published.next() == nil)
                    // Programs of the host's reach both, all the same.
                    try #expect(service.isReached(from: network.host, at: "127.0.0.1"))
                    try #expect(published.isReached(from: network.host, at: "127.0.0.1", 8080))
                }
            }
        }

        @Test(arguments: Transport.allCases, [false, true])
        func aPortOfTheLoopbackIsClosedToTheLAN(_ transport: Transport, everywhere: Bool) throws {
            try TestEngine.withNetwork { engine, network in
                if everywhere { try network.host.set("net/ipv4/conf/all/route_localnet", to: "1") }
                try engine.makeNetwork("six", "--ipv6")
                let kind = transport.rawValue
                let box = try engine.container(
                    "box", "--network", "six", "-p", "127.0.0.1:8080:80/\(kind)")
                for restored in [false, true] {
                    if restored {
                        try network.host("nft", "flush", "ruleset")
                        try #expect(engine("ps").status == 0)
                    }
                    for family in TestNetwork.Family.allCases {
                        let server = try box.server(transport, 80, family)
                        let (address, gateway) = (
                            try box.address(family, in: "six"), try box.gateway(family, in: "six")
                        )
                        // The other host sends to whatever address it likes by way of the host.
                        for target in [address, gateway] {
                            _ = try network.peer.run(["ip", "route", "add", target, "via", family.host])
                        }
                        for (target, port) in [(family.host, 8080), (gateway, 8080), (address, 80)]
                            as [(String, UInt16)]
                        {
                            try #expect(
                                !server.isReached(from: network.peer, at: target, port, within: .briefly),
                                "\(family) \(target) \(port)")
                        }
                    }
                    let server = try box.server(transport, 80)
                    try #expect(server.isReached(from: network.host, at: "127.0.0.1", 8080))
                }
            }
        }

        /// The other host knows which addresses containers have, and routes to them (moby's GHSA-x4rx-4gw3-53p4).
        @Test(arguments: TestNetwork.Family.allCases)
        func noContainerIsReachedByItsAddressFromTheLAN(_ family: TestNetwork.Family) throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("six", "--ipv6")
                let box = try engine.container("box", "--network", "six", "-p", "8080:80")
                let address = try box.address(family, in: "six")
                try network.peer("ip", "route", "add", address, "via", family.host)
                for transport in Transport.allCases {
                    for restored in [false, true] {
                        if restored {
                            try network.host("nft", "flush", "ruleset")
                            try #expect(engine("ps").status == 0)
                        }
                        let server = try box.server(transport, 81, family)
                        try #expect(server.isReached(from: network.host, at: address), "\(transport)")
                        try #expect(
                            !server.isReached(from: network.peer, at: address, within: .briefly), "\(transport)")
                    }
                }
                try #expect(box.server(.tcp, 80, family).isReached(from: network.peer, at: family.host, 8080))
            }
        }
    }
}

/// Somebody who sends frames to the host's loopback addresses.
private struct LoopbackPlace {
    /// The sender's own address.
    let own: Endpoint
    private let packets: PacketSocket
    private let (source, destination): (MAC, MAC)
    private let honest: TestServer
    private let target: Endpoint

    init(
        _ engine: TestEngine, _ network: TestNetwork, _ box: TestContainer,
        _ sender: IntegrationTests.RunningLoopback.Sender
    ) throws {
        switch sender {
        case .container:
            own = Endpoint(try box.address(), 9)
            (packets, source) = (try box.packets(), try box.hardwareAddress())
            target = Endpoint(try box.gateway(), 7001)
            destination = try network.host.hardwareAddress(of: network.host.interface(with: target.host))
        case .peer:
            own = Endpoint("198.51.100.2", 9)
            packets = try PacketSocket(on: TestNetwork.interface, in: network.peer)
            source = try network.peer.hardwareAddress(of: TestNetwork.interface)
            target = Endpoint("198.51.100.1", 7001)
            destination = try network.host.hardwareAddress(of: TestNetwork.interface)
        }
        honest = try TestServer(.udp, target.host, target.port, in: network.host)
    }

    func send(from address: String, to endpoint: Endpoint) throws {
        try packets.send(
            Frame.datagram(from: source, Endpoint(address, 9), to: destination, endpoint, Array("evil".utf8)))
    }

    /// Returns when all that was sent has arrived or been dropped: an honest datagram behind it has arrived.
    func settle() throws {
        try packets.send(Frame.datagram(from: source, own, to: destination, target, Array(FrameAttack.mark.utf8)))
        #expect(honest.datagrams(until: FrameAttack.mark).last == FrameAttack.mark)
    }
}
