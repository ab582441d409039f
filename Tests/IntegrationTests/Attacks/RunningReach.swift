import Testing

extension IntegrationTests {
    /// threats.md, "While it runs", row 8: reaching another network's containers or a cloud metadata address out of an
    /// internal network.
    @Suite struct RunningReach {
        /// Where clouds answer with credentials; here the other host has it.
        private static let metadata = "169.254.169.254"

        @Test(arguments: Transport.allCases) func theMetadataAddressIsOutOfReach(_ transport: Transport) throws {
            try TestEngine.withNetwork { engine, network in
                try network.peer("ip", "address", "add", "\(Self.metadata)/32", "dev", "lo")
                try engine.makeNetwork("closed", "--internal")
                let closed = try engine.container("closed", "--network", "closed")
                let open = try engine.container("open")
                let server = try TestServer(transport, Self.metadata, 80, in: network.peer)
                try #expect(server.isReached(from: open.namespace, at: Self.metadata))
                try route(of: closed, .ipv4, engine)
                try #expect(!server.isReached(from: closed.namespace, at: Self.metadata, within: .briefly))
                try network.host("nft", "flush", "ruleset")
                try #expect(engine("ps").status == 0)
                try #expect(!server.isReached(from: closed.namespace, at: Self.metadata, within: .briefly))
            }
        }

        /// An attacker with NET_ADMIN makes the default route that its network did not give it.
        private func route(of container: TestContainer, _ family: TestNetwork.Family, _ engine: TestEngine) throws {
            let gateways = try engine.addressing(of: "closed").map(\.gateway)
            let gateway = try #require(gateways.first { $0.contains(":") == (family == .ipv6) })
            _ = try container.namespace.run(["ip", "route", "replace", "default", "via", gateway])
        }

        @Test(arguments: TestNetwork.Family.allCases, Transport.allCases)
        func anInternalNetworkReachesNoOther(_ family: TestNetwork.Family, _ transport: Transport) throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("closed", "--internal", "--ipv6")
                try engine.makeNetwork("open", "--ipv6")
                let kind = transport.rawValue
                let closed = try engine.container("closed", "--network", "closed")
                let web = try engine.container("web", "--network", "open", "-p", "8080:80/\(kind)")
                try route(of: closed, family, engine)
                let server = try web.server(transport, 80, family)
                try #expect(server.isReached(from: network.peer, at: family.host, 8080))
                let own = try closed.engine.addressing(of: "closed").map(\.gateway)
                let gateway = try #require(own.first { $0.contains(":") == (family == .ipv6) })
                let targets: [(String, UInt16)] = [
                    (try web.address(family, in: "open"), 80), (family.host, 8080),
                    (try web.gateway(family, in: "open"), 8080), (gateway, 8080),
                ]
                for (target, port) in targets {
                    try #expect(
                        !server.isReached(from: closed.namespace, at: target, port, within: .briefly),
                        "\(target) \(port)")
                }
                // And nobody reaches it: neither the other network nor the LAN.
                let inside = try closed.server(transport, 81, family)
                let address = try closed.address(family, in: "closed")
                try network.peer("ip", "route", "add", address, "via", family.host)
                for place in [try web.namespace, network.peer] {
                    try #expect(!inside.isReached(from: place, at: address, within: .briefly))
                }
            }
        }

        /// Another network's container by its hardware address: the frame is for the attacker's own gateway, the packet for
        /// the other network.
        @Test(arguments: TestNetwork.Family.allCases)
        func noFrameCrossesFromNetworkToNetwork(_ family: TestNetwork.Family) throws {
            try TestEngine.withNetwork { engine, network in
                for name in ["one", "two"] { try engine.makeNetwork(name, "--ipv6") }
                let first = try engine.container("first", "--network", "one")
                let second = try engine.container("second", "--network", "two", "-p", "8080:80/udp")
                let server = try second.server(.udp, 80, family)
                let packets = try first.packets()
                let (mac, own) = (try first.hardwareAddress(in: "one"), try first.address(family, in: "one"))
                let gateway = try first.gateway(family, in: "one")
                let router = try network.host.hardwareAddress(of: network.host.interface(with: gateway))
                let target = Endpoint(try second.address(family, in: "two"), 80)
                for destination in [router, try second.hardwareAddress(in: "two"), .broadcast] {
                    try packets.send(
                        Frame.datagram(from: mac, Endpoint(own, 9), to: destination, target, Array("evil".utf8)))
                }
                // An honest datagram to the host behind them has arrived.
                let honest = try TestServer(.udp, gateway, 7001, in: network.host)
                try #expect(honest.isReached(from: first.namespace, at: gateway))
                #expect(server.next() == nil)
                // Host and second container know each other: nothing waits for an answer to ARP.
                try #expect(server.isReached(from: network.host, at: target.host))
                #expect(server.next() == nil)
            }
        }
    }
}
