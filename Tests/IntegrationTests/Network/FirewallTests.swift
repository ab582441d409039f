import Testing

extension IntegrationTests {
    /// The tables of the firewall: our own, and nobody else's.
    @Suite struct NetworkFirewall {
        /// The names of our tables, with their families.
        private func tables(_ network: TestNetwork) throws -> [String] {
            try network.host("nft", "list", "tables").lines.filter { $0.contains("nestbox-") }.map(String.init).sorted()
        }

        @Test func oneTableOfEachFamilyBelongsToTheEngine() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("lane")
                try engine.container("box", "-p", "8080:80")
                try engine.container("other", "--network", "lane", "-p", "8081:80")
                let found = try tables(network)
                try #require(found.count == 2, "\(found)")
                let name = try #require(found[0].split(separator: " ").last)
                #expect(found == ["table bridge \(name)", "table inet \(name)"])
                #expect(name.hasPrefix("nestbox-") && name.dropFirst(8).allSatisfy(\.isHexDigit), "\(name)")
                #expect(name.utf8.count == 16)
                let told = try engine("system", "firewall")
                #expect(told.status == 0 && told.output.contains(name), "\(told)")
                for word in ["8080", "8081", "127.0.0.0/8"] {
                    #expect(told.output.contains(word), "\(word) in \(told)")
                }
            }
        }

        /// One more port is one more element: the rules stay as they are.
        @Test func moreContainersMakeNoMoreRules() throws {
            try TestEngine.withNetwork { engine, network in
                func rules() throws -> [Substring] {
                    // Lines of chains end without a comma; those of elements are gone with `-t`.
                    try network.host("nft", "-t", "-s", "list", "ruleset").lines
                }
                try engine.container("one", "-p", "8080:80", "-p", "8080:80/udp")
                let before = try rules()
                try engine.container("two", "-p", "8081-8090:81-90", "-p", "127.0.0.1:9000:90")
                try engine.container("three", "-P", "-p", "80")
                try #expect(rules() == before)
            }
        }

        @Test(arguments: TestNetwork.Family.allCases)
        func whatSomebodyFlushedIsPutBack(_ family: TestNetwork.Family) throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("lane", "--ipv6")
                try engine.makeNetwork("other", "--ipv6")
                let box = try engine.container("box", "--network", "lane", "-p", "8080:80")
                let far = try engine.container("far", "--network", "other", "-p", "127.0.0.1:8081:80")
                let before = try NetworkState.rules(network)
                let server = try box.server(.tcp, 80, family)
                let address = try box.address(family, in: "lane")
                try network.host("nft", "flush", "ruleset")
                try #expect(!server.isReached(from: network.peer, at: family.host, 8080, within: .briefly))
                try #expect(engine("ps").status == 0)
                try #expect(server.isReached(from: network.peer, at: family.host, 8080))
                try #expect(!server.isReached(from: far.namespace, at: address, within: .briefly))
                try #expect(NetworkState.rules(network) == before)
                // Whichever command comes next.
                for command in [
                    ["network", "ls"], ["exec", "box", "true"], ["logs", "box"], ["system", "firewall"],
                ] {
                    try network.host("nft", "flush", "ruleset")
                    try #expect(engine.run(command).status == 0)
                    try #expect(NetworkState.rules(network) == before, "\(command)")
                }
                // Half of it is as bad as none.
                let table = try #require(try tables(network).first { $0.hasPrefix("table bridge") })
                try network.host("nft", "-f", "-", input: "delete \(table)\n")
                try #expect(engine("ps").status == 0)
                try #expect(NetworkState.rules(network) == before)
            }
        }

        /// As Docker and ufw do: every table has to accept a packet, so theirs stops it.
        @Test func whatOtherSoftwareDropsIsTold() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.container("box", "-p", "8080:80")
                try #expect(!engine("system", "firewall").output.contains("other software drops"))
                let foreign = """
                    table ip filter {
                        chain FORWARD { type filter hook forward priority 0; policy drop; }
                        chain OUTPUT { type filter hook output priority 0; policy accept; }
                    }

                    """
                try network.host("nft", "-f", "-", input: foreign)
                let told = try engine("system", "firewall")
                #expect(
                    told.output.contains("other software drops") && told.output.contains("chain ip filter FORWARD\n"))
                #expect(!told.output.contains("OUTPUT"), "\(told)")
                try network.host("nft", "delete", "table", "ip", "filter")
            }
        }

        @Test func nobodyElsesRulesAreTouched() throws {
            try TestEngine.withNetwork { engine, network in
                let foreign = """
                    table inet foreign {
                      set ports { type inet_service; elements = { 22, 8080 } }
                      chain forward {
                        type filter hook forward priority 0; policy accept;
                        ip saddr 10.0.0.0/8 tcp dport @ports counter
                      }
                    }
                    table ip nestbox-like {
                      chain input { type filter hook input priority 5; policy accept; }
                    }

                    """
                try network.host("nft", "-f", "-", input: foreign)
                defer {
                    for table in [["inet", "foreign"], ["ip", "nestbox-like"]] {
                        _ = try? network.host.run(["nft", "delete", "table"] + table)
                    }
                }
                func theirs() throws -> String {
                    try network.host("nft", "-s", "list", "table", "inet", "foreign").output
                        + network.host("nft", "-s", "list", "table", "ip", "nestbox-like").output
                }
                let before = try theirs()
                try engine.makeNetwork("lane")
                try engine.container("box", "--network", "lane", "-p", "8080:80")
                try #expect(theirs() == before)
                try #expect(engine("rm", "-f", "box").status == 0)
                try #expect(engine("network", "rm", "lane").status == 0)
                try #expect(theirs() == before)
                #expect(network.leftovers().count == 2, "\(network.leftovers())")
            }
        }
    }
}
