import LinuxSystem
import Testing

extension IntegrationTests {
    /// The tests' own means: what a test of isolation asserts must be seen where nothing isolates.
    @Suite struct NetworkMeans {
        @Test(arguments: TestNetwork.Family.allCases, Transport.allCases)
        func serversAreReachedAndSeeTheirClients(_ family: TestNetwork.Family, _ transport: Transport) throws {
            let network = try TestNetwork()
            defer { network.close() }
            let server = try TestServer(transport, family.any, 7000, in: network.host)
            let destination = Endpoint(family.host, 7000)
            try #expect(server.source(ofClientIn: network.peer, to: destination) == family.peer)
            try #expect(server.source(ofClientIn: network.host, to: destination) == family.host)
            try #expect(server.isReached(from: network.host, at: family.loopback))
            // Nobody listens there.
            try #expect(!server.isReached(from: network.peer, at: family.host, 7001, within: .briefly))
            try #expect(!server.isReached(from: network.peer, at: family.peer, within: .briefly))
            #expect(TestServer.refusal(transport, family.host, 7000, in: network.host) == Errno(98))
            #expect(TestServer.refusal(transport, family.host, 7001, in: network.host) == nil)
            #expect(network.leftovers().isEmpty)
        }

        @Test func leftoversAreFound() throws {
            let network = try TestNetwork()
            defer { network.close() }
            try network.host("ip", "link", "add", "nb0", "type", "bridge")
            try network.host("nft", "add", "table", "inet", "nestbox-00000000")
            #expect(
                network.leftovers() == ["interface nb0", "nftables table table inet nestbox-00000000"],
                "\(network.leftovers())")
        }

        /// The frames of the attacks, where no rule stands between sender and receiver.
        @Test(arguments: FrameAttack.Kind.allCases)
        func framesOfAttacksArriveWhereNothingStopsThem(_ kind: FrameAttack.Kind) throws {
            let network = try TestNetwork()
            defer { network.close() }
            let sender = try PacketSocket(on: TestNetwork.interface, in: network.host)
            let receiver = try PacketSocket(on: TestNetwork.interface, in: network.peer)
            let attacker = FrameAttack.Node(
                mac: try network.host.hardwareAddress(of: TestNetwork.interface), ipv4: TestNetwork.Family.ipv4.host,
                ipv6: TestNetwork.Family.ipv6.host)
            let victim = FrameAttack.Node(
                mac: try network.peer.hardwareAddress(of: TestNetwork.interface), ipv4: TestNetwork.Family.ipv4.peer,
                ipv6: TestNetwork.Family.ipv6.peer)
            let other = FrameAttack.Node(
                mac: MAC(bytes: [2, 0, 0, 0, 0, 9]), ipv4: "198.51.100.9", ipv6: "2001:db8:51::9")
            for attack in FrameAttack.all(kind, from: attacker, against: victim, as: other) {
                try sender.send(attack.frame)
                try sender.send(FrameAttack.honest(from: attacker, to: victim))
                #expect(attack.isSeen(in: receiver.frames(until: FrameAttack.mark)), "\(attack.name)")
            }
        }
    }
}
