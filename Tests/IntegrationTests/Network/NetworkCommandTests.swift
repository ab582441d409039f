import OCISpec
import Testing

extension IntegrationTests {
    /// `nestbox network`: what is made, listed, described and removed.
    @Suite struct NetworkCommands {
        @Test func aNetworkIsMadeListedDescribedAndRemoved() throws {
            try TestEngine.withNetwork { engine, network in
                let id = try engine.makeNetwork(
                    "lane", "--subnet", "10.77.0.0/24", "--gateway", "10.77.0.254", "--label", "tier=front")
                #expect(id.utf8.count == 64 && id.allSatisfy(\.isHexDigit), "\(id)")

                let listed = try engine("network", "ls")
                let row = try #require(listed.lines.first { $0.contains("lane") }, "\(listed)")
                #expect(listed.lines[0].hasPrefix("NETWORK ID"), "\(listed)")
                #expect(row.hasPrefix(id.prefix(12)) && row.contains("bridge"), "\(listed)")
                try #expect(engine("network", "ls", "-q", "--filter", "name=lane").output == "\(id.prefix(12))\n")
                try #expect(engine("network", "ls", "-q", "--no-trunc", "--filter", "name=lane").output == "\(id)\n")
                try #expect(engine("network", "ls", "-q", "--filter", "name=nosuch").output.isEmpty)
                let formatted = try engine(
                    "network", "ls", "--filter", "name=lane", "--format", "{{.Name}} {{.Driver}} {{.ID}}")
                #expect(formatted.output == "lane bridge \(id.prefix(12))\n", "\(formatted)")

                let box = try engine.container("box", "--network", "lane")
                let told = try engine.network("lane")
                #expect(told["Name"]?.stringValue == "lane" && told["Id"]?.stringValue == id, "\(told)")
                #expect(told["Driver"]?.stringValue == "bridge", "\(told)")
                #expect(told["Internal"]?.boolValue == false && told["EnableIPv6"]?.boolValue == false, "\(told)")
                #expect(told["Labels"]?["tier"]?.stringValue == "front", "\(told)")
                let addressing = try engine.addressing(of: "lane")
                #expect(addressing.count == 1 && addressing[0] == ("10.77.0.0/24", "10.77.0.254"), "\(addressing)")
                let member = told["Containers"]?[try engine.inspect("box", "{{.Id}}")]
                #expect(member?["Name"]?.stringValue == "box", "\(told)")
                try #expect(member?["IPv4Address"]?.stringValue == "\(box.address(in: "lane"))/24", "\(told)")
                try #expect(member?["MacAddress"]?.stringValue == box.value("MacAddress", in: "lane"), "\(told)")
                try #expect(box.gateway(in: "lane") == "10.77.0.254")
                // By the beginning of its id, too.
                try #expect(
                    engine("network", "inspect", "--format", "{{.Name}}", String(id.prefix(8))).line == "lane")

                try engine.expectRefusal("network", "rm", "lane", status: 1, saying: ["lane", "box"])
                try #expect(engine("stop", "-t", "0", "box").status == 0)
                try #expect(engine("rm", "box").status == 0)
                try #expect(engine("network", "rm", "lane").output == "lane\n")
                #expect(network.leftovers().isEmpty, "\(network.leftovers())")
                try engine.expectRefusal("network", "inspect", "lane", status: 1, saying: ["lane"])
                try engine.expectRefusal("network", "rm", "lane", status: 1, saying: ["lane"])
            }
        }

        @Test func wrongNamesAndOptionsAreRefused() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("lane")
                let wrong = [
                    ["lane"], ["host"], ["none"], ["container:x"], ["../lane"], ["a b"], [""], ["-x"],
                    ["--subnet", "10.0.0.0/33", "x"], ["--subnet", "10.0.0.1/8x", "x"], ["--subnet", "::1", "x"],
                    ["--subnet", "10.1.0.0/24", "--gateway", "10.2.0.1", "x"], ["--gateway", "10.1.0.1", "x"],
                    ["--subnet", "10.1.0.0/24", "--ip-range", "10.2.0.0/28", "x"], ["--mtu", "0", "x"],
                    ["--mtu", "70000", "x"], ["--subnet", "127.1.0.0/24", "x"], ["--subnet", "224.1.0.0/24", "x"],
                    ["--driver", "overlay", "x"],
                ]
                for arguments in wrong {
                    let result = try engine.run(["network", "create"] + arguments)
                    #expect(result.status != 0 && !result.error.isEmpty, "\(arguments): \(result)")
                }
                let names = Set(try engine("network", "ls", "--format", "{{.Name}}").lines.map(String.init))
                #expect(names.subtracting(["bridge", "host", "none"]) == ["lane"], "\(names)")
                try #expect(engine("network", "rm", "lane").status == 0)
                #expect(network.leftovers().isEmpty, "\(network.leftovers())")
            }
        }

        @Test func unusedNetworksArePruned() throws {
            try TestEngine.withNetwork { engine, _ in
                for name in ["one", "two", "three"] { try engine.makeNetwork(name) }
                // A container that is made counts as much as one that runs.
                try #expect(engine("create", "--name", "box", "--network", "two", "busybox", "true").status == 0)
                let pruned = try engine("network", "prune", "-f")
                #expect(
                    pruned.status == 0 && pruned.output.contains("one") && pruned.output.contains("three"), "\(pruned)")
                let names = try engine("network", "ls", "--format", "{{.Name}}").lines
                #expect(names.contains("two") && !names.contains("one") && !names.contains("three"), "\(names)")
            }
        }

        @Test func theDefaultNetworkIsRemovedAndMadeAgain() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.container("box")
                try engine.expectRefusal("network", "rm", "bridge", status: 1, saying: ["bridge", "box"])
                try #expect(engine("rm", "-f", "box").status == 0)
                try #expect(engine("network", "rm", "bridge").output == "bridge\n")
                #expect(network.leftovers().isEmpty, "\(network.leftovers())")
                let box = try engine.container("box")
                try #expect(box.server(.tcp, 80).isReached(from: network.host, at: box.address()))
            }
        }

        @Test(arguments: [["--mtu", "1280"], ["-o", "com.docker.network.driver.mtu=1280"]])
        func theMTUIsSeenInside(_ options: [String]) throws {
            try TestEngine.withNetwork { engine, network in
                let made = try engine.run(["network", "create"] + options + ["lane"])
                #expect(made.status == 0, "\(made)")
                let box = try engine.container("box", "--network", "lane")
                try #expect(box.shell("cat /sys/class/net/eth0/mtu").line == "1280")
                let bridge = try network.host.interface(with: box.gateway(in: "lane"))
                let links = try network.host("ip", "-o", "link", "show", "master", bridge)
                #expect(!links.lines.isEmpty && links.lines.allSatisfy { $0.contains(" mtu 1280 ") }, "\(links)")
                try #expect(network.host("ip", "-o", "link", "show", bridge).output.contains(" mtu 1280 "))
            }
        }

        @Test func optionsAreToldAsDockerTellsThem() throws {
            try TestEngine.withNetwork { engine, _ in
                try engine.makeNetwork("closed", "--internal")
                try engine.makeNetwork("six", "--ipv6", "--subnet", "10.77.0.0/24", "--subnet", "fd00:77::/64")
                try #expect(engine.network("closed")["Internal"]?.boolValue == true)
                let six = try engine.network("six")
                #expect(six["EnableIPv6"]?.boolValue == true, "\(six)")
                let subnets = try engine.addressing(of: "six").map(\.subnet)
                #expect(Set(subnets) == ["10.77.0.0/24", "fd00:77::/64"], "\(subnets)")
                let box = try engine.container("box", "--network", "six")
                try #expect(box.address(.ipv6, in: "six").hasPrefix("fd00:77::"))
                try #expect(box.gateway(.ipv6, in: "six") == "fd00:77::1")
                let inside = try box.shell("ip -6 route show default; ip -o -6 address show dev eth0")
                #expect(inside.output.contains("default via fd00:77::1 dev eth0"), "\(inside)")
                try #expect(inside.output.contains("inet6 \(box.address(.ipv6, in: "six"))/64 "), "\(inside)")
            }
        }
    }
}
