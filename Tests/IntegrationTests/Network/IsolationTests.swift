import Testing

extension IntegrationTests {
    /// Who does not reach whom.
    @Suite struct NetworkIsolation {
        @Test(arguments: TestNetwork.Family.allCases)
        func networksAreClosedToEachOther(_ family: TestNetwork.Family) throws {
            try TestEngine.withNetwork { engine, network in
                for name in ["one", "two"] { try engine.makeNetwork(name, "--ipv6") }
                let first = try engine.container("first", "--network", "one")
                let near = try engine.container("near", "--network", "one")
                let far = try engine.container("far", "--network", "two")
                let plain = try engine.container("plain")
                for transport in Transport.allCases {
                    let server = try first.server(transport, 80, family)
                    let address = try first.address(family, in: "one")
                    try #expect(server.isReached(from: near.namespace, at: address), "\(transport)")
                    try #expect(server.isReached(from: network.host, at: address), "\(transport)")
                    for other in [far, plain] {
                        try #expect(
                            !server.isReached(from: other.namespace, at: address, within: .briefly),
                            "\(transport) \(other.name)")
                    }
                }
            }
        }

        @Test(arguments: TestNetwork.Family.allCases, [["--isolated"], ["-o", "isolate=true"]])
        func containersOfAnIsolatedNetworkAreClosedToEachOther(
            _ family: TestNetwork.Family, _ options: [String]
        ) throws {
            try TestEngine.withNetwork { engine, network in
                let made = try engine.run(["network", "create", "--ipv6"] + options + ["lane"])
                #expect(made.status == 0, "\(made)")
                let first = try engine.container("first", "--network", "lane", "-p", "8080:80", "-p", "8080:80/udp")
                let second = try engine.container("second", "--network", "lane")
                for transport in Transport.allCases {
                    let server = try first.server(transport, 80, family)
                    let address = try first.address(family, in: "lane")
                    try #expect(
                        !server.isReached(from: second.namespace, at: address, within: .briefly), "\(transport)")
                    try #expect(server.isReached(from: network.host, at: address), "\(transport)")
                    try #expect(server.isReached(from: network.peer, at: family.host, 8080), "\(transport)")
                    let outside = try TestServer(transport, family.any, 7000, in: network.peer)
                    try #expect(outside.isReached(from: first.namespace, at: family.peer), "\(transport)")
                }
            }
        }

        @Test(arguments: TestNetwork.Family.allCases)
        func anInternalNetworkHasNoWayOut(_ family: TestNetwork.Family) throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("closed", "--internal", "--ipv6")
                let first = try engine.container("first", "--network", "closed")
                let second = try engine.container("second", "--network", "closed")
                let address = try first.address(family, in: "closed")
                for transport in Transport.allCases {
                    let server = try first.server(transport, 80, family)
                    try #expect(server.isReached(from: second.namespace, at: address), "\(transport)")
                    let outside = try TestServer(transport, family.any, 7000, in: network.peer)
                    try #expect(
                        !outside.isReached(from: first.namespace, at: family.peer, within: .briefly), "\(transport)")
                }
            }
        }
    }
}
