import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Names where the own server of a container's first network is not enough.
    @Suite(.enabled(if: TestNameServer.isInstalled)) struct NetworkNameViews {
        /// The folders of name servers for containers on several networks, or with servers of their own.
        private func servers(_ engine: TestEngine) -> [String] {
            TestEngine.names(in: "\(engine.runRoot)/nameservers").map { "\(engine.runRoot)/nameservers/\($0)" }
                .filter { access("\($0)/users", F_OK) == 0 }
        }

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
                let folder = try #require(servers(engine).first)
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
                // Its neighbour has a way out, and a server that may be asked; it must not be of use to others.
                let open = try engine.container("open", "--network", "open", "--network", "one", dns[0], dns[1])
                try #expect(open.finds("outside.example", at: "192.0.2.7"))
                try #expect(open.finds("closed", at: closed.address(in: "one")))
                let stranger = try engine.container("stranger", "--network", "open")
                let addresses = servers(engine).compactMap { $0.split(separator: "/").last.map(String.init) }
                try #require(addresses.count == 2)
                let gateways = [try closed.gateway(in: "one"), try open.gateway(in: "open")]
                for asker in [closed, stranger] {
                    for (host, port) in (addresses + gateways).map({ ($0, 30053) }) + addresses.map({ ($0, 53) }) {
                        for name in ["outside.example", "closed"] {
                            let result = try asker.shell("nslookup -port=\(port) \(name) \(host) 2>&1")
                            #expect(!result.output.contains("Name:"), "\(asker.name), \(host):\(port): \(result)")
                        }
                        let caller = try Endpoint(host, UInt16(port)).socket(.tcp, in: asker.namespace)
                        var answer = pollfd(fd: caller.rawValue, events: Int16(POLLOUT), revents: 0)
                        if Endpoint(host, UInt16(port)).connect(caller), poll(&answer, 1, 300) > 0 {
                            #expect(answer.revents & Int16(POLLERR | POLLHUP) != 0, "\(asker.name), \(host):\(port)")
                        }
                    }
                }
            }
        }

        /// A question that was asked before goes on to the server that it went to, as far as the kernel is concerned.
        @Test func oldSocketsTellNothingOfANetworkThatWasLeft() throws {
            try TestEngine.withNetwork { engine, _ in
                for name in ["front", "back"] { try engine.makeNetwork(name) }
                try engine.container("db", "--network", "back")
                try engine.container("other", "--network", "front", "--network", "back")
                let web = try engine.container("web", "--network", "front", "--network", "back")
                #expect(try TestEngine.eventually { try !web.lookUp("db").isEmpty })
                let server = Endpoint(try web.gateway(in: "front"), 53)
                let caller = try server.socket(.udp, in: web.namespace)
                let isConnected = server.connect(caller)
                try #require(isConnected)
                // RFC 1035, section 4.1: a question for the IPv4 address of "db"; the number of answers is at 6.
                let question: [UInt8] = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 100, 98, 0, 0, 1, 0, 1]
                func answers() -> UInt8? {
                    guard send(caller.rawValue, question, question.count, 0) == question.count else { return nil }
                    var answer = [UInt8](repeating: 0, count: 512)
                    guard Deadline(.patiently).waits(for: caller, POLLIN) else { return nil }
                    return recv(caller.rawValue, &answer, answer.count, 0) > 12 ? answer[7] : nil
                }
                #expect(answers() == 1)
                try #expect(engine("network", "disconnect", "back", "web").status == 0)
                #expect(answers() == 0)
            }
        }

        /// The name servers leave it to containers.
        @Test func port53CanBePublished() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("app")
                let other = try engine.container("other", "--network", "app")
                let box = try engine.container("box", "--network", "app", "-p", "53:53/udp", "-p", "53:53")
                for transport in Transport.allCases {
                    let server = try box.server(transport, 53)
                    try #expect(server.isReached(from: network.peer, at: TestNetwork.Family.ipv4.host))
                    try #expect(server.isReached(from: network.host, at: "127.0.0.1"))
                }
                try #expect(other.finds("box", at: box.address(in: "app")))
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
                func killServer() throws {
                    let pid = try pid_t(Command.run(["cat", "\(engine.runRoot)/tasks/web/dnsmasq.pid"]).line)
                    kill(try #require(pid), SIGKILL)
                }
                // One that was killed comes back with the next container, even if it is still dying.
                for _ in 1...5 {
                    try killServer()
                    let passing = try engine.run(["run", "--rm", "--network", "task:web", "busybox", "true"])
                    #expect(passing.status == 0, "\(passing)")
                }
                // It asks the servers that the host has then.
                try killServer()
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
                    ["--network", "none", "--pid", "container:web-main", "--cap-add", "NET_ADMIN"],
                ] {
                    let refused = try engine.run(["run", "--rm"] + options + ["busybox", "true"])
                    #expect(refused.status == 125 && refused.error.contains("NET_ADMIN"), "\(refused)")
                }
                let refused = try engine("exec", "--privileged", "web-main", "true")
                #expect(refused.status != 0 && refused.error.contains("NET_ADMIN"), "\(refused)")

                // The administrator may; what names need is put back.
                try web.namespace("nft", "flush", "ruleset")
                try #expect(engine("ps").status == 0)
                try #expect(web.finds("db", at: database.addresses[0]))

                let task = TestTask(name: "web", addresses: [made.line], container: web)
                try engine.removeTasks(task, database)
                try engine("network", "rm", "lan")
            }
        }
    }
}
