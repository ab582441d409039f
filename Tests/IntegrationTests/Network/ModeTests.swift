import OCISpec
import Testing

extension IntegrationTests {
    /// What a container sees in each mode.
    @Suite struct NetworkModes {
        @Test func hostSharesTheHostsNetwork() throws {
            try TestEngine.withNetwork { engine, network in
                let box = try engine.container("box", "--network", "host")
                let inside = try box.shell("ip -o link").output
                #expect(inside.contains("lan0") && inside.contains("lo"), "\(inside)")
                try #expect(box.shell("ip -o address").output.contains("198.51.100.1/24"))
                try #expect(engine.inspect("box", "{{.HostConfig.NetworkMode}}") == "host")
                // Nothing is made for it.
                #expect(network.leftovers().isEmpty)
            }
        }

        @Test func noneHasTheLoopbackAlone() throws {
            try TestEngine.withNetwork { engine, network in
                let box = try engine.container("box", "--network", "none")
                try #expect(box.namespace.interfaces() == ["lo"])
                let server = try box.server(.tcp, 80)
                try #expect(server.isReached(from: box.namespace, at: "127.0.0.1"))
                try #expect(engine.inspect("box", "{{.HostConfig.NetworkMode}}") == "none")
                #expect(network.leftovers().isEmpty)
            }
        }

        @Test func bridgeIsTheDefault() throws {
            try TestEngine.withNetwork { engine, network in
                let box = try engine.container("box")
                try #expect(box.namespace.interfaces() == ["lo", "eth0"])
                let (address, length) = (try box.address(), try box.settings["Networks"]?["bridge"]?["IPPrefixLen"])
                let inside = try box.shell("ip -o -4 address show dev eth0; ip route; cat /sys/class/net/eth0/address")
                let prefix = try #require(length?.integerValue)
                #expect(inside.output.contains("inet \(address)/\(prefix) "), "\(inside)")
                try #expect(inside.output.contains("default via \(box.gateway()) dev eth0"), "\(inside)")
                try #expect(inside.lines.last.map(String.init) == box.value("MacAddress"), "\(inside)")
                try #expect(box.settings["IPAddress"]?.stringValue == address)
                try #expect(network.host.interface(with: box.gateway()).hasPrefix("nb"))
                // Whatever is made for containers has a name that tells so.
                let made = try network.host.interfaces().subtracting(["lo", "lan0"])
                #expect(!made.isEmpty && made.allSatisfy { $0.hasPrefix("nb") }, "\(made)")
                #expect(engine.leases.count >= 1)
            }
        }

        @Test func aContainerJoinsTheNetworkOfAnother() throws {
            try TestEngine.withNetwork { engine, network in
                let first = try engine.container("first")
                let second = try engine.container("second", "--network", "container:first")
                let address = try first.address()
                try #expect(second.shell("ip -o -4 address show dev eth0").output.contains("inet \(address)/"))
                let server = try first.server(.tcp, 80)
                try #expect(server.isReached(from: second.namespace, at: "127.0.0.1"))
                try #expect(engine("rm", "-f", "second").status == 0)
                try #expect(server.isReached(from: network.host, at: address))
                // Ports belong to the container whose network it is.
                try engine.expectRefusal(
                    "run", "--rm", "--network", "container:first", "-p", "80", "busybox", "true", status: 125,
                    saying: ["network"])
                try engine.expectRefusal(
                    "run", "--rm", "--network", "container:nobody", "busybox", "true", status: 125, saying: ["nobody"])
            }
        }

        @Test func anUnknownNetworkIsRefused() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.expectRefusal(
                    "run", "--rm", "--network", "nosuch", "busybox", "true", status: 125, saying: ["nosuch"])
                try #expect(engine("ps", "-aq").output.isEmpty)
                #expect(network.leftovers().isEmpty)
            }
        }

        /// Real programs: a web server and its visitors.
        @Test(arguments: ["bridge", "host"]) func aWebServerIsReached(_ mode: String) throws {
            try TestEngine.withNetwork { engine, network in
                let script = "mkdir /www; echo hello from web > /www/index.html; exec httpd -f -p 8080 -h /www"
                let options = mode == "host" ? ["--network", "host"] : ["-p", "8080:8080"]
                let started = try engine.run(
                    ["run", "-d", "--name", "web"] + options + ["busybox", "sh", "-c", script])
                try #require(started.status == 0, "\(started)")
                // Not wget, which ends by SIGSEGV where it is linked statically, as in Debian's busybox-static.
                let request = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 5"
                for (place, address) in [(network.peer, "198.51.100.1"), (network.host, "127.0.0.1")] {
                    let isServed = try TestEngine.eventually {
                        try place.run(["sh", "-c", "\(request) \(address) 8080"]).output.hasSuffix("hello from web\n")
                    }
                    #expect(isServed, "\(mode) \(address)")
                }
                let visitor = try engine.script("\(request) 198.51.100.1 8080")
                #expect(visitor.output.hasSuffix("hello from web\n"), "\(visitor)")
            }
        }

        @Test func namesAndResolversAreWritten() throws {
            try TestEngine.withNetwork { engine, _ in
                let box = try engine.container(
                    "box", "--hostname", "web", "--add-host", "db:192.0.2.7", "--dns-search", "example.test")
                let hosts = try box.shell("cat /etc/hosts").output.split(separator: "\n").map {
                    $0.split { $0 == " " || $0 == "\t" }.map(String.init)
                }
                #expect(hosts.contains(["192.0.2.7", "db"]), "\(hosts)")
                #expect(hosts.contains { $0.first == "127.0.0.1" && $0.contains("localhost") }, "\(hosts)")
                let address = try box.address()
                #expect(hosts.contains { $0.first == address && $0.contains("web") }, "\(hosts)")
                try #expect(box.shell("cat /etc/hostname").line == "web")
                try #expect(box.shell("cat /etc/resolv.conf").output.contains("search example.test"))
                let shared = try engine.script("cat /etc/resolv.conf", "--network", "host", "--dns", "192.0.2.53")
                #expect(shared.output.contains("nameserver 192.0.2.53"), "\(shared)")
            }
        }
    }
}
