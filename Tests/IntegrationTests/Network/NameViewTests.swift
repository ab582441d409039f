import Glibc
import Testing

extension IntegrationTests {
    /// Names where the own server of a container's first network is not enough.
    @Suite(.enabled(if: TestNameServer.isInstalled)) struct NetworkNameViews {
        /// The ports of name servers for containers on several networks, or with servers of their own.
        private func servers(_ engine: TestEngine) -> [String] { TestEngine.names(in: "\(engine.runRoot)/resolvers") }

        @Test func aContainerOnSeveralNetworksFindsTheNeighboursOnAll() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("front", "--ipv6")
                try engine.makeNetwork("back", "--ipv6", "--internal")
                let cache = try engine.container("cache", "--network", "front")
                let database = try engine.container("db", "--network", "back", "--network-alias", "database")
                let web = try engine.container("web", "--network", "front", "--network", "back")
                let second = try engine.container("second", "--network", "front")
                func addresses(_ container: TestContainer, in name: String) throws -> [String] {
                    try [container.address(in: name), container.address(.ipv6, in: name)]
                }
                let (front, back) = (try addresses(cache, in: "front"), try addresses(database, in: "back"))
                try #expect(web.finds("cache", at: front[0], front[1]))
                for name in ["db", "database"] { try #expect(web.finds(name, at: back[0], back[1])) }
                try #expect(second.lookUp("db").isEmpty, "names of a network that it is not on")
                try #expect(database.lookUp("cache").isEmpty, "names of a network that it is not on")
                let own = try addresses(web, in: "front") + addresses(web, in: "back")
                #expect(try TestEngine.eventually { try web.lookUp("web") == Set(own) })

                // A running container gets to know what it is connected to, over the same server.
                try #expect(engine("network", "connect", "back", "second").status == 0)
                try #expect(second.finds("db", at: back[0], back[1]))
                #expect(servers(engine).count == 1)
                try #expect(engine("network", "disconnect", "back", "second").status == 0)
                try #expect(second.lookUp("db").isEmpty)
                try #expect(second.finds("cache", at: front[0], front[1]))

                // Somebody else's kill of the server is noticed, and so is a flush of the rules.
                let folder = try #require(servers(engine).first.map { "\(engine.runRoot)/resolvers/\($0)" })
                let server = try #require(
                    try pid_t(Command.run(["cat", "\(folder)/dnsmasq.pid"]).line))
                kill(server, SIGKILL)
                try network.host("nft", "flush", "ruleset")
                #expect(try TestEngine.eventually { try engine("ps").status == 0 && !web.lookUp("db").isEmpty })

                // Without users it ends.
                try #expect(engine("stop", "-t", "0", "web").status == 0)
                #expect(try TestEngine.eventually { try engine("ps").status == 0 && servers(engine).isEmpty })
                try #expect(engine("start", "web").status == 0)
                try #expect(web.finds("db", at: back[0], back[1]))
                kill(try #require(try pid_t(engine.processes(of: "web").supervisor)), SIGKILL)
                #expect(try TestEngine.eventually { try engine("ps").status == 0 && servers(engine).isEmpty })
            }
        }

        @Test func serversThatAreAskedForAnswerBesideTheNeighbours() throws {
            try TestEngine.withNetwork { engine, network in
                let server = try TestNameServer(
                    in: network.peer, at: TestNetwork.Family.ipv4.peer, ["outside.example": "192.0.2.7"])
                defer { server.stop() }
                try engine.makeNetwork("app")
                let database = try engine.container("db", "--network", "app")
                let web = try engine.container("web", "--network", "app", "--dns", TestNetwork.Family.ipv4.peer)
                try #expect(web.finds("outside.example", at: "192.0.2.7"))
                try #expect(web.finds("db", at: database.address(in: "app")))
                // The container's own loopback is out of reach for the network's server: it is asked directly.
                let own = try engine.container("own", "--network", "app", "--dns", "127.0.0.9")
                try #expect(own.shell("cat /etc/resolv.conf").output.hasPrefix("nameserver 127.0.0.9\n"))
            }
        }

        /// CVE-2024-29018: a name that is asked for tells the outside something.
        @Test func internalNetworksAskNobodyWhateverTheirNumber() throws {
            try TestEngine.withNetwork { engine, network in
                let server = try TestNameServer(
                    in: network.peer, at: TestNetwork.Family.ipv4.peer, ["outside.example": "192.0.2.7"])
                defer { server.stop() }
                for name in ["one", "two"] { try engine.makeNetwork(name, "--internal") }
                try engine.makeNetwork("open")
                let dns = ["--dns", TestNetwork.Family.ipv4.peer]
                let other = try engine.container("other", "--network", "two")
                let closed = try engine.container("closed", "--network", "one", "--network", "two", dns[0], dns[1])
                try #expect(closed.finds("other", at: other.address(in: "two")))
                try #expect(closed.lookUp("outside.example").isEmpty)
                // Its neighbour has a way out, and a server that may be asked; it must not be of use to this one.
                let open = try engine.container("open", "--network", "open", "--network", "one", dns[0], dns[1])
                try #expect(open.finds("outside.example", at: "192.0.2.7"))
                let gateway = try closed.gateway(in: "one")
                for port in servers(engine) {
                    for host in [gateway, try open.gateway(in: "open")] {
                        let result = try closed.shell(
                            "echo | nc -w 1 \(host) \(port) && echo reached; "
                                + "nslookup -port=\(port) outside.example \(host) 2>&1")
                        #expect(!result.output.contains("192.0.2.7"), "\(host):\(port): \(result)")
                    }
                }
            }
        }

        @Test func tasksOnTheLANFindEachOther() throws {
            try TestEngine.withNetwork { engine, network in
                let outside = try TestNameServer(
                    in: network.peer, at: TestNetwork.Family.ipv4.peer, ["outside.example": "192.0.2.7"])
                defer { outside.stop() }
                try engine.makeNetwork(
                    "lan", "--driver", "macvlan", "--parent", TestNetwork.interface, "--subnet", "198.51.100.0/24",
                    "--gateway", "198.51.100.2", "--ip-range", "198.51.100.128/25")
                let made = try engine("task-net", "create", "--network", "lan", "web")
                try #require(made.status == 0, "\(made)")
                // One that was killed comes back with the next container, and asks the servers that the host has then.
                let server = try #require(
                    try pid_t(Command.run(["cat", "\(engine.runRoot)/tasks/web/dnsmasq.pid"]).line))
                kill(server, SIGKILL)
                let started = try Command.run(
                    TestNameServer.asked(at: TestNetwork.Family.ipv4.peer, by: engine)
                        + engine.command(
                            ["run", "-d", "--name", "web-main", "--network", "task:web", "busybox", "sleep", "100000"]))
                try #require(started.status == 0, "\(started)")
                let web = TestContainer(engine: engine, name: "web-main")
                let database = try engine.task("db", "--network", "lan")
                try #expect(web.finds("db", at: database.addresses[0]))
                try #expect(database.container.finds("web", at: made.line))
                try #expect(web.finds("outside.example", at: "192.0.2.7"))
                // Port 53 is the task's own.
                let own = try web.server(.udp, 53)
                try #expect(own.isReached(from: network.peer, at: made.line))

                // Security groups stand in the task's own namespace: nobody there may take them away.
                for options in [
                    ["--network", "task:web", "--cap-add", "NET_ADMIN"], ["--network", "task:web", "--cap-add", "ALL"],
                    ["--network", "container:web-main", "--cap-add", "NET_ADMIN"],
                ] {
                    let refused = try engine.run(["run", "--rm"] + options + ["busybox", "true"])
                    #expect(refused.status == 125 && refused.error.contains("NET_ADMIN"), "\(refused)")
                }
                let refused = try engine("exec", "--privileged", "web-main", "true")
                #expect(refused.status != 0 && refused.error.contains("NET_ADMIN"), "\(refused)")

                let task = TestTask(name: "web", addresses: [made.line], container: web)
                try engine.removeTasks(task, database)
                try engine("network", "rm", "lan")
            }
        }
    }
}
