import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// threats.md, "While it runs", rows 6 and 8: what a review found, so that it stays closed.
    @Suite struct RunningBridge {
        /// A frame to the bridge's own group of addresses is not forwarded, but the bridge would learn its sender from it, and
        /// send the sender's traffic to the attacker.
        @Test func theBridgeLearnsNothingFromControlFrames() throws {
            try TestEngine.withNetwork { engine, network in
                let attacker = try engine.container("attacker")
                let victim = try engine.container("victim")
                let server = try victim.server(.udp, 80)
                try #expect(server.isReached(from: network.host, at: victim.address()))
                let link = try victim.hardwareAddress()
                let port = try portOfBridge(with: link, network)
                for last: UInt8 in [0, 2, 3, 14] {
                    try attacker.packets().send(
                        Frame(
                            destination: MAC(bytes: [0x01, 0x80, 0xc2, 0, 0, last]), source: link, kind: .arp,
                            payload: [UInt8](repeating: 0, count: 46)))
                }
                try #expect(server.isReached(from: network.host, at: victim.address()))
                try #expect(portOfBridge(with: link, network) == port)
            }
        }

        private func portOfBridge(with link: MAC, _ network: TestNetwork) throws -> String? {
            try network.host("bridge", "fdb", "show").lines.first { $0.hasPrefix("\(link) ") && !$0.contains("self") }
                .flatMap { $0.split(separator: " ").dropFirst(2).first.map(String.init) }
        }

        /// What listens on a network's gateway, the name server above all, is for that network alone.
        @Test(arguments: TestNetwork.Family.allCases, Transport.allCases)
        func aGatewayServesItsOwnNetworkOnly(_ family: TestNetwork.Family, _ transport: Transport) throws {
            try TestEngine.withNetwork { engine, network in
                for name in ["one", "two"] { try engine.makeNetwork(name, "--ipv6") }
                try engine.makeNetwork("closed", "--internal", "--ipv6")
                let own = try engine.container("own", "--network", "one")
                let other = try engine.container("other", "--network", "two")
                let closed = try engine.container("closed", "--network", "closed")
                let gateway = try own.gateway(family, in: "one")
                let server = try TestServer(transport, gateway, 8053, in: network.host)
                try #expect(server.isReached(from: own.namespace, at: gateway))
                try #expect(server.isReached(from: network.host, at: gateway))
                try network.peer("ip", "route", "add", gateway, "via", family.host)
                for place in [try other.namespace, try closed.namespace, network.peer] {
                    try #expect(!server.isReached(from: place, at: gateway, within: .briefly))
                }
                // Nor does an internal network reach what else the host serves, at whatever address.
                let address = try closed.gatewayOfInternalNetwork(family)
                let service = try TestServer(transport, family.any, 8054, in: network.host)
                try #expect(service.isReached(from: own.namespace, at: gateway))
                try #expect(!service.isReached(from: closed.namespace, at: address, within: .briefly))
            }
        }

        /// An element that nobody takes away any more does not keep a port.
        @Test func aStaleElementIsReplaced() throws {
            try TestEngine.withNetwork { engine, network in
                let box = try engine.container("box")
                let tables = try network.host("nft", "list", "tables").lines
                let name = try #require(tables.first { $0.hasPrefix("table inet") }?.split(separator: " ").last)
                try network.host(
                    "nft", "add", "element", "inet", String(name), "ports4", "{ 6 . 9090 : 192.0.2.1 . 80 }")
                let web = try engine.container("web", "-p", "9090:80")
                let server = try web.server(.tcp, 80)
                try #expect(server.isReached(from: network.peer, at: "198.51.100.1", 9090))
                try #expect(box.shell("true").status == 0)
            }
        }

        /// That containers need forwarding makes the host no router between other machines.
        @Test func theHostForwardsForContainersOnly() throws {
            try TestEngine.withNetwork { engine, network in
                // A second LAN, whose other side is a namespace of its own.
                let far = try TestNetwork()
                defer { far.close() }
                let file = try FileDescriptor.open(far.peer.path)
                let target = "/proc/\(getpid())/fd/\(file.rawValue)"
                try network.host("ip", "link", "add", "lan1", "type", "veth", "peer", "name", "lan1", "netns", target)
                defer { _ = try? network.host.run(["ip", "link", "del", "lan1"]) }
                try network.host("ip", "address", "add", "203.0.113.1/24", "dev", "lan1")
                try network.host("ip", "link", "set", "lan1", "up")
                try far.peer("ip", "address", "add", "203.0.113.2/24", "dev", "lan1")
                try far.peer("ip", "link", "set", "lan1", "up")
                try far.peer("ip", "route", "replace", "198.51.100.2/32", "via", "203.0.113.1")
                try network.peer("ip", "route", "add", "203.0.113.0/24", "via", "198.51.100.1")
                let server = try TestServer(.tcp, "203.0.113.2", 80, in: far.peer)
                let box = try engine.container("box")
                try #expect(server.isReached(from: box.namespace, at: "203.0.113.2"))
                try #expect(network.host.setting("net/ipv4/ip_forward") == "1")
                try #expect(!server.isReached(from: network.peer, at: "203.0.113.2", within: .briefly))
            }
        }
    }
}

extension TestContainer {
    /// The address of the host on the internal network `closed`.
    func gatewayOfInternalNetwork(_ family: TestNetwork.Family) throws -> String {
        let gateways = try engine.addressing(of: "closed").map(\.gateway)
        return try #require(gateways.first { $0.contains(":") == (family == .ipv6) })
    }
}
