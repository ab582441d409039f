import Testing

extension IntegrationTests {
    /// threats.md, "While it runs", row 6: ARP and address spoofing, router advertisements (CVE-2020-13401), DHCP offers by
    /// a container with NET_RAW.
    @Suite struct RunningSpoofing {
        /// Frames go out of the container's own interface, as its programs with NET_RAW send them.
        @Test(arguments: FrameAttack.Kind.allCases, [["--ipv6"], []])
        func noFrameThatLiesReachesANeighbour(_ kind: FrameAttack.Kind, _ options: [String]) throws {
            try TestEngine.withNetwork { engine, _ in
                let made = try engine.run(["network", "create"] + options + ["lane"])
                #expect(made.status == 0, "\(made)")
                let place = try SpoofPlace(engine)
                for attack in FrameAttack.all(kind, from: place.attacker, against: place.victim, as: place.bystander) {
                    try #expect(!place.isSeenByVictim(attack), "\(kind.rawValue): \(attack.name)")
                }
                for attack in FrameAttack.all(kind, from: place.attacker, against: place.victim, as: place.gateway) {
                    try #expect(!place.isSeenByVictim(attack), "\(kind.rawValue) as the gateway: \(attack.name)")
                }
            }
        }

        /// What the host itself believes of its containers, and through it every published port.
        @Test func theHostsNeighboursAreNotChanged() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("lane", "--ipv6")
                let place = try SpoofPlace(engine)
                for kind in [FrameAttack.Kind.arp, .neighbour] {
                    for attack in FrameAttack.all(
                        kind, from: place.attacker, against: place.gateway, as: place.bystander)
                    {
                        try place.sender.send(attack.frame)
                    }
                }
                // An honest frame behind them has arrived.
                let server = try TestServer(.udp, place.gateway.ipv4, 9, in: network.host)
                try place.sender.send(FrameAttack.honest(from: place.attacker, to: place.gateway))
                #expect(server.datagrams(until: FrameAttack.mark).last == FrameAttack.mark)
                let neighbours = try network.host("ip", "neigh", "show")
                for line in neighbours.lines where line.contains(place.attacker.mac.description) {
                    #expect(
                        !line.hasPrefix("\(place.bystander.ipv4) ") && !line.hasPrefix("\(place.bystander.ipv6) "),
                        "\(line)")
                }
                let web = try TestServer(
                    .tcp, "0.0.0.0", 80, in: TestContainer(engine: engine, name: "bystander").namespace)
                try #expect(web.isReached(from: network.host, at: place.bystander.ipv4))
            }
        }

        /// Packets with a false source that go out of the host's network.
        @Test(arguments: TestNetwork.Family.allCases)
        func noPacketWithAFalseSourceLeavesTheHost(_ family: TestNetwork.Family) throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("lane", "--ipv6")
                let place = try SpoofPlace(engine)
                let wire = try PacketSocket(on: TestNetwork.interface, in: network.peer)
                // Host and other host know each other, so that nothing waits for an answer to ARP.
                let known = try TestServer(.udp, family.any, 7000, in: network.peer)
                try #expect(known.isReached(from: network.host, at: family.peer))
                let (own, others) =
                    family == .ipv4
                    ? (
                        place.attacker.ipv4,
                        [place.bystander.ipv4, place.gateway.ipv4, "203.0.113.9", family.host, family.peer]
                    )
                    : (
                        place.attacker.ipv6,
                        [place.bystander.ipv6, place.gateway.ipv6, "2001:db8:ffff::9", family.host, family.peer]
                    )
                func packet(from source: String, _ text: String) -> Frame {
                    Frame.datagram(
                        from: place.attacker.mac, Endpoint(source, 9), to: place.gateway.mac, Endpoint(family.peer, 9),
                        Array(text.utf8))
                }
                for source in others {
                    let text = "a packet from \(source), which is false"
                    for frame in [packet(from: source, text), packet(from: source, text).tagged] {
                        try place.sender.send(frame)
                        try place.sender.send(packet(from: own, FrameAttack.mark))
                        let seen = wire.frames(until: FrameAttack.mark)
                        #expect(seen.last?.contains(FrameAttack.mark) == true)
                        #expect(!seen.contains { $0.contains(text) }, "\(source)")
                    }
                }
            }
        }

        @Test(arguments: [["--ipv6"], []]) func routerAdvertisementsAreIgnoredInside(_ options: [String]) throws {
            try TestEngine.withNetwork { engine, network in
                let made = try engine.run(["network", "create"] + options + ["lane"])
                #expect(made.status == 0, "\(made)")
                let box = try engine.container("box", "--network", "lane")
                let namespace = try box.namespace
                try #expect(namespace.setting("net/ipv6/conf/eth0/accept_ra") == "0")
                func routes() throws -> [Substring] {
                    try namespace("ip", "-6", "route").lines + namespace("ip", "-o", "-6", "address").lines
                }
                let before = try routes()
                // From the host's own side, where no filter of containers stands.
                let bridge = try network.host.interface(with: box.gateway(in: "lane"))
                let source = try network.host.hardwareAddress(of: bridge)
                let (sender, receiver) = (try PacketSocket(on: bridge, in: network.host), try box.packets())
                let frame = Frame.routerAdvertisement(from: source, prefix: "2001:db8:bad::")
                try sender.send(frame)
                let mark = Frame.datagram(
                    from: source, Endpoint(try box.gateway(in: "lane"), 9), to: try box.hardwareAddress(in: "lane"),
                    Endpoint(try box.address(in: "lane"), 9), Array(FrameAttack.mark.utf8))
                try sender.send(mark)
                let seen = receiver.frames(until: FrameAttack.mark)
                #expect(FrameAttack(name: "from the host", frame: frame).isSeen(in: seen))
                try #expect(routes() == before)
            }
        }
    }
}

/// An attacker, its victim and a third container on one network.
private struct SpoofPlace {
    let attacker: FrameAttack.Node
    let victim: FrameAttack.Node
    let bystander: FrameAttack.Node
    let gateway: FrameAttack.Node
    let sender: PacketSocket
    private let receiver: PacketSocket

    /// On the network `lane`.
    init(_ engine: TestEngine) throws {
        func node(_ name: String) throws -> (TestContainer, FrameAttack.Node) {
            let container = try engine.container(name, "--network", "lane")
            let address = try container.address(.ipv6, in: "lane")
            let mac = try container.hardwareAddress(in: "lane")
            // Where the network has no IPv6 addresses there are those of the link all the same.
            return (
                container,
                .init(
                    mac: mac, ipv4: try container.address(in: "lane"),
                    ipv6: address.isEmpty ? mac.linkLocalAddress : address)
            )
        }
        let (first, second) = (try node("attacker"), try node("victim"))
        (attacker, victim, bystander) = (first.1, second.1, try node("bystander").1)
        (sender, receiver) = (try first.0.packets(), try second.0.packets())
        let host = try #require(engine.network?.host)
        let address = try first.0.gateway(in: "lane")
        let mac = try host.hardwareAddress(of: host.interface(with: address))
        let six = try first.0.gateway(.ipv6, in: "lane")
        gateway = .init(mac: mac, ipv4: address, ipv6: six.isEmpty ? mac.linkLocalAddress : six)
    }

    /// Whether the victim sees a frame of the attacker's, in front of an honest one which it has to see.
    func isSeenByVictim(_ attack: FrameAttack) throws -> Bool {
        try sender.send(attack.frame)
        try sender.send(FrameAttack.honest(from: attacker, to: victim))
        let seen = receiver.frames(until: FrameAttack.mark)
        #expect(seen.last?.contains(FrameAttack.mark) == true, "the honest frame after \(attack.name)")
        return attack.isSeen(in: seen)
    }
}
