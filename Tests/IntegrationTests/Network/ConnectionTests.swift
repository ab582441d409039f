import OCISpec
import Testing

extension IntegrationTests {
    /// Containers of which one takes part in several networks, and changes that while it runs.
    @Suite struct NetworkConnections {
        @Test func aRunningContainerIsConnectedAndDisconnected() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("one")
                try engine.makeNetwork("two", "--subnet", "10.77.0.0/24")
                let box = try engine.container("box", "--network", "one", "-p", "8080:80")
                let other = try engine.container("other", "--network", "two")
                let leases = engine.leases.count
                try #expect(
                    engine("network", "connect", "--ip", "10.77.0.9", "--alias", "db", "two", "box").status == 0)
                try #expect(box.address(in: "two") == "10.77.0.9")
                try #expect(box.namespace.interfaces() == ["lo", "eth0", "eth1"])
                #expect(engine.leases.count > leases)
                try #expect(box.server(.tcp, 80).isReached(from: other.namespace, at: "10.77.0.9"))
                try #expect(box.server(.tcp, 80).isReached(from: network.peer, at: "198.51.100.1", 8080))
                try engine.expectRefusal("network", "connect", "two", "box", status: 1, saying: ["two"])

                // It stays so over a restart.
                try #expect(engine("stop", "-t", "0", "box").status == 0)
                try #expect(engine("start", "box").status == 0)
                try #expect(box.address(in: "two") == "10.77.0.9")
                try #expect(box.server(.tcp, 80).isReached(from: other.namespace, at: "10.77.0.9"))

                try #expect(engine("network", "disconnect", "two", "box").status == 0)
                try #expect(box.settings["Networks"]?["two"] == nil)
                try #expect(box.namespace.interfaces() == ["lo", "eth0"])
                #expect(engine.leases.count == leases)
                try engine.expectRefusal("network", "disconnect", "two", "box", status: 1, saying: ["two"])
                try #expect(box.server(.tcp, 80).isReached(from: network.peer, at: "198.51.100.1", 8080))
                // Without a network nothing is published, and with one again everything.
                try #expect(engine("network", "disconnect", "one", "box").status == 0)
                try #expect(box.namespace.interfaces() == ["lo"])
                try #expect(
                    !box.server(.tcp, 80).isReached(from: network.peer, at: "198.51.100.1", 8080, within: .briefly))
                try #expect(engine("network", "rm", "one").status == 0)
                try #expect(engine("network", "connect", "two", "box").status == 0)
                try #expect(box.server(.tcp, 80).isReached(from: network.peer, at: "198.51.100.1", 8080))
            }
        }

        @Test func oneThatDoesNotRunIsConnectedWhenItStarts() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("two")
                try #expect(engine("create", "--name", "box", "busybox", "sleep", "1000").status == 0)
                try #expect(engine("network", "connect", "two", "box").status == 0)
                try engine.expectRefusal("network", "rm", "two", status: 1, saying: ["box"])
                try #expect(engine("start", "box").status == 0)
                let box = TestContainer(engine: engine, name: "box")
                try #expect(box.namespace.interfaces() == ["lo", "eth0", "eth1"])
                for name in ["bridge", "two"] {
                    try #expect(
                        box.server(.tcp, 80).isReached(from: network.host, at: box.address(in: name)), "\(name)")
                }
                // A container that joins two networks does not join them to each other.
                let near = try engine.container("near")
                let far = try engine.container("far", "--network", "two")
                let server = try far.server(.tcp, 80)
                let address = try far.address(in: "two")
                try box.namespace.set("net/ipv4/ip_forward", to: "1")
                try near.namespace("ip", "route", "add", address, "via", box.address())
                try #expect(!server.isReached(from: near.namespace, at: address, within: .briefly))
            }
        }

        @Test func theHostsAndNoNetworkCannotBeConnected() throws {
            try TestEngine.withNetwork { engine, _ in
                try engine.makeNetwork("two")
                try engine.container("shared", "--network", "host")
                try engine.expectRefusal("network", "connect", "two", "shared", status: 1, saying: ["host"])
                try engine.container("box")
                try engine.expectRefusal("network", "connect", "host", "box", status: 1, saying: ["host"])
                try engine.expectRefusal("network", "connect", "nosuch", "box", status: 1, saying: ["nosuch"])
                try engine.expectRefusal("network", "connect", "two", "nobody", status: 1, saying: ["nobody"])
            }
        }
    }
}
