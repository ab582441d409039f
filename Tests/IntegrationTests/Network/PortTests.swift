import LinuxSystem
import Testing

extension IntegrationTests {
    /// Published ports: fixed, free ones, ranges, and those of one address.
    @Suite struct NetworkPorts {
        @Test func portAndInspectTellWhatIsPublished() throws {
            try TestEngine.withNetwork { engine, _ in
                let box = try engine.container(
                    "box", "-p", "8080:80", "-p", "127.0.0.1:8053:53/udp", "-p", "127.0.0.1:8443:443")
                let listed = try engine("port", "box")
                #expect(
                    Set(listed.lines.map(String.init)) == [
                        "80/tcp -> 0.0.0.0:8080", "53/udp -> 127.0.0.1:8053", "443/tcp -> 127.0.0.1:8443",
                    ], "\(listed)")
                try #expect(engine("port", "box", "80").output == "0.0.0.0:8080\n")
                try #expect(engine("port", "box", "80/tcp").output == "0.0.0.0:8080\n")
                try #expect(engine("port", "box", "53/udp").output == "127.0.0.1:8053\n")
                let missing = try engine("port", "box", "53")
                #expect(missing.status == 1 && missing.error.contains("53"), "\(missing)")
                try #expect(box.published("80/tcp") == ["0.0.0.0": 8080])
                try #expect(box.published("53/udp") == ["127.0.0.1": 8053])
                let ports = try engine.inspect("box", "{{json .NetworkSettings.Ports}}")
                #expect(ports.contains(#""80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}]"#), "\(ports)")
                // Docker's columns show them too.
                let row = try engine("ps", "--format", "{{.Ports}}")
                #expect(row.output.contains("0.0.0.0:8080->80/tcp"), "\(row)")
                try engine("stop", "-t", "0", "box")
                try #expect(engine("port", "box").output.isEmpty)
            }
        }

        @Test func anIPv6ContainerIsPublishedOnBothFamilies() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("six", "--ipv6")
                try network.host("ip", "address", "add", "fd00:5:5::1/128", "dev", "lo", "nodad")
                defer { _ = try? network.host.run(["ip", "address", "del", "fd00:5:5::1/128", "dev", "lo"]) }
                let box = try engine.container(
                    "box", "--network", "six", "-p", "8080:80", "-p", "[fd00:5:5::1]:8081:80", "-p",
                    "0.0.0.0:8082:80", "-p", "[::]:8083:80")
                #expect(
                    Set(try engine("port", "box").lines.map(String.init)) == [
                        "80/tcp -> 0.0.0.0:8080", "80/tcp -> [::]:8080", "80/tcp -> [fd00:5:5::1]:8081",
                        "80/tcp -> 0.0.0.0:8082", "80/tcp -> [::]:8083",
                    ])
                let (four, six) = (try box.server(.tcp, 80, .ipv4), try box.server(.tcp, 80, .ipv6))
                try #expect(four.isReached(from: network.peer, at: "198.51.100.1", 8080))
                try #expect(six.isReached(from: network.peer, at: "2001:db8:51::1", 8080))
                try #expect(!six.isReached(from: network.peer, at: "2001:db8:51::1", 8081, within: .briefly))
                // An unspecified address means its own family.
                for (port, isReached) in [(UInt16(8082), false), (8083, true)] {
                    try #expect(
                        six.isReached(from: network.peer, at: "2001:db8:51::1", port, within: .briefly) == isReached)
                }
                try engine.expectRefusal(
                    "run", "--rm", "--network", "six", "-p", "[::1]:8084:80", "busybox", "true", status: 125,
                    saying: ["::1"])
            }
        }

        @Test(arguments: Transport.allCases) func freePortsAreFound(_ transport: Transport) throws {
            try TestEngine.withNetwork { engine, network in
                try network.host.set("net/ipv4/ip_local_port_range", to: "40000 40009")
                let kind = transport.rawValue
                // All forms that ask for a free port.
                let box = try engine.container(
                    "box", "-p", "80/\(kind)", "-p", "0:81/\(kind)", "-p", "127.0.0.1::82/\(kind)",
                    "-p", "127.0.0.1:0:83/\(kind)")
                var found: Set<UInt16> = []
                for port in ["80", "81", "82", "83"] {
                    let number = try #require(try box.published("\(port)/\(kind)").values.first)
                    #expect((40000...40009).contains(number))
                    found.insert(number)
                    let server = try box.server(transport, UInt16(port) ?? 0)
                    try #expect(server.isReached(from: network.host, at: "127.0.0.1", number), "\(port)")
                    #expect(TestServer.refusal(transport, "127.0.0.1", number, in: network.host) == Errno(98))
                }
                #expect(found.count == 4)
                // A program of the host's has one, and there are five more.
                let rest = Set(40000...40009).subtracting(found).sorted()
                let program = try TestServer(transport, "0.0.0.0", rest[0], in: network.host)
                for index in 1...5 { try engine.container("box\(index)", "-p", "80/\(kind)") }
                try engine.expectRefusal(
                    "run", "--name", "late", "-p", "80/\(kind)", "busybox", "true", status: 125, saying: ["port"])
                withExtendedLifetime(program) {}
            }
        }

        @Test(.enabled(if: Transport.sctp.isSupported)) func sctpIsPublishedLikeTheOthers() throws {
            try TestEngine.withNetwork { engine, network in
                let box = try engine.container("box", "-p", "8080:80/sctp", "-p", "81/sctp")
                let other = try engine.container("other")
                try #expect(engine("port", "box", "80/sctp").output == "0.0.0.0:8080\n")
                let server = try box.server(.sctp, 80)
                let host = TestNetwork.Family.ipv4.host
                for (client, address) in [
                    (network.peer, host), (network.host, host), (network.host, "127.0.0.1"),
                    (try other.namespace, host), (try box.namespace, host),
                ] { try #expect(server.isReached(from: client, at: address, 8080), "\(client.path) to \(address)") }
                try #expect(
                    server.source(ofClientIn: network.peer, to: Endpoint(host, 8080)) == TestNetwork.Family.ipv4.peer)
                let free = try #require(try box.published("81/sctp").values.first)
                let second = try box.server(.sctp, 81)
                try #expect(second.isReached(from: network.peer, at: host, free))
                #expect(TestServer.refusal(.sctp, "0.0.0.0", free, in: network.host) == Errno(98))
                let outside = try TestServer(.sctp, "0.0.0.0", 7000, in: network.peer)
                try #expect(outside.isReached(from: box.namespace, at: TestNetwork.Family.ipv4.peer))
            }
        }

        @Test func rangesAreMappedOneByOne() throws {
            try TestEngine.withNetwork { engine, network in
                let box = try engine.container("box", "-p", "8080-8082:80-82", "-p", "127.0.0.1:9000-9001:90-91/udp")
                for offset: UInt16 in 0...2 {
                    try #expect(box.published("\(80 + offset)/tcp") == ["0.0.0.0": 8080 + offset])
                    let server = try box.server(.tcp, 80 + offset)
                    try #expect(server.isReached(from: network.peer, at: "198.51.100.1", 8080 + offset))
                }
                try #expect(box.published("91/udp") == ["127.0.0.1": 9001])
                for wrong in [
                    "8090-8092:80-81", "8090:80-81", "70000:80", "80:0", "x:80", "8092-8090:80-82", "80/icmp",
                ] {
                    try engine.expectRefusal(
                        "run", "--rm", "-p", wrong, "busybox", "true", status: 125, saying: [wrong])
                }
            }
        }

        @Test func aPortOfOneAddressIsReachedThereOnly() throws {
            try TestEngine.withNetwork { engine, network in
                try network.host("ip", "address", "add", "198.51.100.11/24", "dev", "lan0")
                defer { _ = try? network.host("ip", "address", "del", "198.51.100.11/24", "dev", "lan0") }
                let first = try engine.container("first", "-p", "198.51.100.1:8080:80", "-p", "127.0.0.1:8080:80")
                let second = try engine.container("second", "-p", "198.51.100.11:8080:80")
                let (one, two) = (try first.server(.tcp, 80), try second.server(.tcp, 80))
                try #expect(one.isReached(from: network.peer, at: "198.51.100.1", 8080))
                try #expect(two.isReached(from: network.peer, at: "198.51.100.11", 8080))
                try #expect(one.isReached(from: network.host, at: "127.0.0.1", 8080))
                try #expect(!one.isReached(from: network.peer, at: "198.51.100.11", 8080, within: .briefly))
                try #expect(engine("rm", "-f", "second").status == 0)
                try #expect(!one.isReached(from: network.host, at: "198.51.100.11", 8080, within: .briefly))
                // An address that the host has not.
                try engine.expectRefusal(
                    "run", "--rm", "-p", "203.0.113.1:8080:80", "busybox", "true", status: 125,
                    saying: ["203.0.113.1"])
            }
        }

        @Test func everyExposedPortIsPublished() throws {
            let network = try TestNetwork()
            defer { network.close() }
            // The image exposes 8080/tcp.
            try TestEngine.with(image: "app-docker.tar", network: network) { engine in
                let started = try engine("run", "-d", "-P", "--name", "app", "example/app:1.0", "sleep", "1000")
                try #require(started.status == 0, "\(started)")
                let app = TestContainer(engine: engine, name: "app")
                let number = try #require(try app.published("8080/tcp")["0.0.0.0"])
                try #expect(app.server(.tcp, 8080).isReached(from: network.peer, at: "198.51.100.1", number))
            }
        }
    }
}
