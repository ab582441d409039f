import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Address pools and the leases of containers.
    @Suite struct NetworkAddresses {
        @Test func subnetsThatAreTakenAreRefused() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("lane", "--subnet", "10.77.0.0/16")
                try network.host("ip", "route", "add", "10.88.0.0/16", "via", "198.51.100.2")
                defer { _ = try? network.host("ip", "route", "del", "10.88.0.0/16") }
                let taken = [
                    "10.77.0.0/16", "10.77.3.0/24", "10.76.0.0/15",  // another network's
                    "10.88.5.0/24", "10.80.0.0/12",  // a route of the host's
                    "198.51.100.0/24", "198.51.100.128/25",  // the LAN
                ]
                for subnet in taken {
                    try engine.expectRefusal(
                        "network", "create", "--subnet", subnet, "other", status: 1, saying: [subnet])
                }
                try engine.expectRefusal(
                    "network", "create", "--ipv6", "--subnet", "2001:db8:51::/64", "other", status: 1,
                    saying: ["2001:db8:51::/64"])
                // Beside them is room.
                try engine.makeNetwork("other", "--subnet", "10.78.0.0/16")
            }
        }

        /// The pools of networks that name no subnet keep clear of routes that the host has got since.
        @Test func poolsKeepClearOfRoutes() throws {
            try TestEngine.withNetwork { engine, network in
                var seen: Set<String> = []
                for round in 0..<4 {
                    try engine.makeNetwork("lane")
                    let subnet = try #require(try engine.addressing(of: "lane").first?.subnet)
                    #expect(seen.insert(subnet).inserted, "\(subnet)")
                    try #expect(engine("network", "rm", "lane").status == 0)
                    // In the last round by a route to one address of it only.
                    let route = round == 3 ? "\(subnet.prefix { $0 != "/" })/32" : subnet
                    try network.host("ip", "route", "add", route, "via", "198.51.100.2")
                }
                defer {
                    for subnet in seen {
                        for length in [subnet, "\(subnet.prefix { $0 != "/" })/32"] {
                            _ = try? network.host.run(["ip", "route", "del", length])
                        }
                    }
                }
                try engine.makeNetwork("lane")
                let last = try #require(try engine.addressing(of: "lane").first?.subnet)
                #expect(!seen.contains(last))
                // Two networks at the same time never meet.
                let second = try engine.makeNetwork("second")
                #expect(!second.isEmpty)
                try #expect(engine.addressing(of: "second").first?.subnet != last)
            }
        }

        @Test func anAddressIsAskedFor() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork(
                    "lane", "--ipv6", "--subnet", "10.77.0.0/24", "--subnet", "fd00:77::/64", "--ip-range",
                    "10.77.0.128/28")
                let box = try engine.container(
                    "box", "--network", "lane", "--ip", "10.77.0.9", "--ip6", "fd00:77::99", "--mac-address",
                    "02:42:0a:4d:00:09")
                try #expect(box.address(in: "lane") == "10.77.0.9")
                try #expect(box.address(.ipv6, in: "lane") == "fd00:77::99")
                try #expect(box.value("MacAddress", in: "lane") == "02:42:0a:4d:00:09")
                try #expect(box.shell("cat /sys/class/net/eth0/address").line == "02:42:0a:4d:00:09")
                try #expect(box.server(.tcp, 80).isReached(from: network.host, at: "10.77.0.9"))
                // What names none gets one of the range.
                let ranged = try engine.container("ranged", "--network", "lane").address(in: "lane")
                let last = try #require(ranged.split(separator: ".").last.flatMap { Int($0) })
                #expect(ranged.hasPrefix("10.77.0.") && (128...143).contains(last), "\(ranged)")

                func refused(_ option: String, _ address: String) throws {
                    try engine.expectRefusal(
                        "run", "--rm", "--network", "lane", option, address, "busybox", "true", status: 125,
                        saying: [address])
                }
                for address in ["10.77.0.9", "10.77.0.1", "10.77.0.0", "10.77.0.255", "10.78.0.1", "127.0.0.1", "x"] {
                    try refused("--ip", address)
                }
                for address in ["fd00:77::99", "fd00:78::1", "::1"] { try refused("--ip6", address) }
                for address in ["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "02:42"] {
                    try refused("--mac-address", address)
                }
                // Docker's rule, too: addresses are the user's where the subnet is.
                try engine.expectRefusal(
                    "run", "--rm", "--network", "host", "--ip", "10.77.0.10", "busybox", "true", status: 125,
                    saying: ["--ip"])
            }
        }

        @Test func aLeaseLastsFromCreateToRemove() throws {
            try TestEngine.withNetwork { engine, _ in
                try engine.makeNetwork("lane", "--subnet", "10.77.0.0/29")
                let before = engine.leases
                let box = try engine.container("box", "--network", "lane")
                let address = try box.address(in: "lane")
                let hardware = try box.value("MacAddress", in: "lane")
                try #expect(engine("stop", "-t", "0", "box").status == 0)
                // One that is made but does not run has its address, too.
                try #expect(engine("create", "--name", "made", "--network", "lane", "busybox", "true").status == 0)
                let other = try engine.container("other", "--network", "lane")
                try #expect(other.address(in: "lane") != address)
                try #expect(engine("start", "box").status == 0)
                try #expect(box.address(in: "lane") == address)
                try #expect(box.value("MacAddress", in: "lane") == hardware)
                #expect(engine.leases.count >= before.count + 3, "\(engine.leases)")
                // A /29 has five addresses beside the gateway's.
                for name in ["four", "five"] { try engine.container(name, "--network", "lane") }
                try engine.expectRefusal(
                    "run", "--name", "six", "--network", "lane", "busybox", "true", status: 125, saying: ["lane"])
                try engine("rm", "six")
                try #expect(engine("rm", "-f", "box", "made", "other", "four", "five").status == 0)
                #expect(engine.leases == before)
                let again = try engine.container("again", "--network", "lane", "--ip", address)
                try #expect(again.address(in: "lane") == address)
            }
        }

        @Test func aLeaseReturnsAfterACrash() throws {
            try TestEngine.withNetwork { engine, network in
                let before = engine.leases
                let box = try engine.container("box", "-p", "8080:80")
                let address = try box.address()
                let supervisor = try #require(try pid_t(engine.processes(of: "box").supervisor))
                kill(supervisor, SIGKILL)
                // The command that finds it dead takes its place on the network away, not its lease.
                #expect(try TestEngine.eventually { try engine("ps", "-q").output.isEmpty })
                func made() throws -> Set<String> { try network.host.interfaces().subtracting(["lo", "lan0"]) }
                let gateway = try #require(try engine.addressing(of: "bridge").first?.gateway)
                let bridge = try? network.host.interface(with: gateway)
                // The kernel takes its time over a namespace that nobody uses any more.
                let isGone = try TestEngine.eventually { try made().allSatisfy { $0 == bridge } }
                #expect(isGone)
                #expect(TestServer.refusal(.tcp, "0.0.0.0", 8080, in: network.host) == nil)
                #expect(engine.leases.count > before.count)
                try #expect(engine("start", "box").status == 0)
                try #expect(box.address() == address)
                try #expect(box.server(.tcp, 80).isReached(from: network.peer, at: "198.51.100.1", 8080))
                kill(try #require(try pid_t(engine.processes(of: "box").supervisor)), SIGKILL)
                try #expect(engine("rm", "-f", "box").status == 0)
                try #expect(engine("network", "rm", "bridge").status == 0)
                #expect(engine.leases == before)
            }
        }
    }
}
