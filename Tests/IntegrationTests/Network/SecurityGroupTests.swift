import Testing

extension IntegrationTests {
    /// What reaches tasks, and what they reach.
    @Suite struct NetworkSecurityGroups {
        /// Gives `body` a task in group `web`, one in group `clients` and one in none, on a network of both families.
        private func withTasks(
            _ body: (TestEngine, TestNetwork, _ web: TestTask, _ client: TestTask, _ other: TestTask) throws -> Void
        ) throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("vpc", "--driver", "routed", "--ipv6")
                for group in ["web", "clients"] {
                    try #expect(engine("security-group", "create", group).output == "\(group)\n")
                }
                let web = try engine.task("web", "--network", "vpc", "--security-group", "web")
                let client = try engine.task("client", "--network", "vpc", "--security-group", "clients")
                let other = try engine.task("other", "--network", "vpc")
                try body(engine, network, web, client, other)
                try engine.removeTasks(web, client, other)
                // Rules that speak of each other go first.
                for rule in try engine("security-group", "inspect", "-f", "{{json .ingress}}", "web").lines
                where rule.contains("clients") {
                    try engine(
                        "security-group", "revoke", "--protocol", "tcp", "--port", "80", "--source-group", "clients",
                        "web")
                }
                try #expect(engine("security-group", "rm", "web", "clients").status == 0)
                try engine("network", "rm", "vpc")
            }
        }

        private func authorize(_ engine: TestEngine, _ rule: String...) throws {
            let result = try engine.run(["security-group", "authorize"] + rule)
            #expect(result.status == 0, "\(result)")
        }

        @Test(arguments: TestNetwork.Family.allCases)
        func onlyWhatIsAllowedReachesATask(_ family: TestNetwork.Family) throws {
            try withTasks { engine, network, web, client, other in
                let everywhere = family == .ipv4 ? "0.0.0.0/0" : "::/0"
                for transport in Transport.allCases {
                    let server = try web.container.server(transport, 80, family)
                    let address = web.address(family)
                    let sources = try [network.host, other.container.namespace]
                    for source in sources {
                        try #expect(!server.isReached(from: source, at: address, within: .briefly), "\(transport)")
                    }
                    try authorize(
                        engine, "--protocol", transport.rawValue, "--port", "79-80", "--cidr", everywhere, "web")
                    for source in sources { try #expect(server.isReached(from: source, at: address), "\(transport)") }
                    let next = try web.container.server(transport, 81, family)
                    try #expect(
                        !next.isReached(from: client.container.namespace, at: address, within: .briefly),
                        "\(transport)")
                    // And no longer.
                    let revoked = try engine(
                        "security-group", "revoke", "--protocol", transport.rawValue, "--port", "79-80", "--cidr",
                        everywhere, "web")
                    #expect(revoked.status == 0, "\(revoked)")
                    try #expect(!server.isReached(from: network.host, at: address, within: .briefly), "\(transport)")
                }
            }
        }

        @Test(arguments: TestNetwork.Family.allCases)
        func aRuleCanSpeakOfAGroup(_ family: TestNetwork.Family) throws {
            try withTasks { engine, _, web, client, other in
                try authorize(engine, "--protocol", "tcp", "--port", "80", "--source-group", "clients", "web")
                let server = try web.container.server(.tcp, 80, family)
                let address = web.address(family)
                try #expect(server.isReached(from: client.container.namespace, at: address))
                try #expect(!server.isReached(from: other.container.namespace, at: address, within: .briefly))
                // The other one joins the group while it runs, and leaves it.
                try #expect(engine("task-net", "update", "--security-group", "clients", "other").status == 0)
                try #expect(server.isReached(from: other.container.namespace, at: address))
                try #expect(engine("task-net", "update", "other").status == 0)
                try #expect(!server.isReached(from: other.container.namespace, at: address, within: .briefly))
            }
        }

        @Test func whatATaskReachesCanBeLimited() throws {
            try withTasks { engine, network, web, _, other in
                let outside = try TestServer(.tcp, "0.0.0.0", 7000, in: network.peer)
                let inside = try other.container.server(.tcp, 80)
                let namespace = try web.container.namespace
                try #expect(outside.isReached(from: namespace, at: "198.51.100.2"))
                try #expect(
                    engine("security-group", "revoke", "--egress", "--cidr", "0.0.0.0/0", "web").status == 0)
                try #expect(!outside.isReached(from: namespace, at: "198.51.100.2", within: .briefly))
                try #expect(!inside.isReached(from: namespace, at: other.addresses[0], within: .briefly))
                try authorize(
                    engine, "--egress", "--protocol", "tcp", "--port", "80", "--cidr", "\(other.addresses[0])/32", "web"
                )
                try #expect(inside.isReached(from: namespace, at: other.addresses[0]))
                try #expect(!outside.isReached(from: namespace, at: "198.51.100.2", within: .briefly))
            }
        }

        @Test func rulesComeBackAfterAFlush() throws {
            try withTasks { engine, network, web, _, _ in
                let server = try web.container.server(.tcp, 80)
                try network.host("nft", "flush", "ruleset")
                try #expect(engine("ps").status == 0)
                try #expect(!server.isReached(from: network.host, at: web.addresses[0], within: .briefly))
                let outside = try TestServer(.tcp, "0.0.0.0", 7000, in: network.peer)
                try #expect(outside.isReached(from: web.container.namespace, at: "198.51.100.2"))
            }
        }

        @Test func wrongRulesAreRefused() throws {
            try TestEngine.withNetwork { engine, _ in
                try engine("security-group", "create", "web")
                for rule in [
                    ["--port", "80", "--cidr", "0.0.0.0/0"], ["--protocol", "tcp", "--port", "80"],
                    ["--protocol", "tcp", "--port", "90-80", "--cidr", "0.0.0.0/0"], ["--cidr", "300.0.0.0/8"],
                    ["--protocol", "gre", "--cidr", "0.0.0.0/0"], ["--source-group", "nobody"],
                ] {
                    let result = try engine.run(["security-group", "authorize"] + rule + ["web"])
                    #expect(result.status == 1, "\(rule): \(result)")
                    #expect(result.error.split(separator: "\n").count == 1, "\(result)")
                }
                try engine.expectRefusal("security-group", "create", "web", status: 1, saying: ["exists"])
                try engine.expectRefusal(
                    "security-group", "revoke", "--cidr", "10.0.0.0/8", "web", status: 1, saying: ["no such rule"])
                try #expect(engine("security-group", "rm", "web").status == 0)
            }
        }
    }
}
