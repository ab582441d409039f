import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Whatever comes and goes, and however it ends: nothing is left.
    @Suite struct NetworkLeaks {
        /// How many containers come and go: `NESTBOX_CYCLES`, otherwise fewer than the thousand of a whole run.
        private static let cycles =
            getenv("NESTBOX_CYCLES").flatMap { Int(String(cString: $0)) } ?? 50 / min(TestEngine.patience, 5)

        /// Moments after the start of a command, in microseconds.
        private static let moments: [UInt32] = (1...15).map { $0 * 1_000 * UInt32(TestEngine.patience) }

        /// An engine whose default network is in use, and another network, so that a state stays to compare with.
        private func withAnchor(_ body: (TestEngine, TestNetwork, NetworkState) throws -> Void) throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("six", "--ipv6")
                try engine.container("anchor", "-p", "7070:70")
                try engine.container("anchor6", "--network", "six")
                // What the first run of all leaves on purpose: caches.
                try #expect(engine("run", "--rm", "-p", "8080:80", "busybox", "true").status == 0)
                try body(engine, network, NetworkState.settled(engine, network))
            }
        }

        @Test func cyclesLeaveEverythingAsItWas() throws {
            try withAnchor { engine, network, before in
                for cycle in 0..<Self.cycles {
                    if cycle.isMultiple(of: 5) {
                        try engine.container("box", "--network", "six", "-p", "8080:80", "-p", "81/udp")
                        try #expect(engine("rm", "-f", "box").status == 0)
                    } else {
                        let result = try engine(
                            "run", "--rm", "-p", "8080:80", "-p", "127.0.0.1:8081-8083:81-83/udp", "-p", "90",
                            "busybox",
                            "true")
                        #expect(result.status == 0, "\(result)")
                    }
                    // Whatever leaks is told while there is little of it.
                    if cycle.isMultiple(of: 100) { try NetworkState.expect(before, engine, network, after: "\(cycle)") }
                }
                try NetworkState.expect(before, engine, network, after: "\(Self.cycles) cycles")
            }
        }

        @Test(arguments: ["bridge", "six"]) func theCommandDiesAtAnyMomentOfRun(_ name: String) throws {
            try withAnchor { engine, network, before in
                for moment in Self.moments {
                    let arguments = [
                        "run", "-d", "--name", "victim", "--network", name, "-p", "8080:80", "-p", "8080:80/udp", "-p",
                        "81",
                        "busybox", "sleep", "100000",
                    ]
                    let command = try Command(engine.command(arguments))
                    usleep(moment)
                    command.signal(SIGKILL)
                    _ = command.finish()
                    try removeAll(engine)
                    try NetworkState.expect(before, engine, network, after: "\(moment) µs")
                    #expect(TestServer.refusal(.tcp, "0.0.0.0", 8080, in: network.host) == nil)
                }
                // The name, the ports and the addresses are free again.
                let again = try engine.container("victim", "--network", name, "-p", "8080:80")
                try #expect(again.server(.tcp, 80).isReached(from: network.peer, at: "198.51.100.1", 8080))
            }
        }

        /// Removes all but the anchors; what a killed command has started may still be on its way.
        private func removeAll(_ engine: TestEngine) throws {
            let isGone = try TestEngine.eventually {
                let names = try engine("ps", "-a", "--format", "{{.Names}}").lines.map(String.init)
                let others = names.filter { !$0.hasPrefix("anchor") }
                for name in others { try engine("rm", "-f", name) }
                return others.isEmpty
            }
            #expect(isGone)
        }

        @Test func aForegroundCommandDiesAtAnyMoment() throws {
            try withAnchor { engine, network, before in
                for moment in Self.moments {
                    let command = try engine.start("run", "--rm", "-p", "8080:80", "busybox", "sleep", "100000")
                    usleep(moment)
                    command.signal(SIGKILL)
                    _ = command.finish()
                    try removeAll(engine)
                    try NetworkState.expect(before, engine, network, after: "\(moment) µs")
                }
            }
        }

        @Test func theCommandDiesAtAnyMomentOfRemove() throws {
            try withAnchor { engine, network, before in
                for moment in Self.moments {
                    try engine.container("victim", "-p", "8080:80")
                    let command = try engine.start("rm", "-f", "victim")
                    usleep(moment)
                    command.signal(SIGKILL)
                    _ = command.finish()
                    try removeAll(engine)
                    try NetworkState.expect(before, engine, network, after: "\(moment) µs")
                }
            }
        }

        @Test func theCommandDiesAtAnyMomentOfNetworkCommands() throws {
            try withAnchor { engine, network, before in
                let box = try engine.container("box")
                // From its first change on a container has a file of its networks.
                for change in ["connect", "disconnect"] {
                    try #expect(engine("network", change, "six", "box").status == 0)
                }
                let connected = try NetworkState.settled(engine, network)
                for moment in Self.moments.prefix(10) {
                    for arguments in [
                        ["create", "--ipv6", "lane"], ["rm", "lane"], ["connect", "six", "box"],
                        ["disconnect", "six", "box"],
                    ] {
                        let command = try Command(engine.command(["network"] + arguments))
                        usleep(moment)
                        command.signal(SIGKILL)
                        _ = command.finish()
                    }
                    // Whatever came of it, it can be undone.
                    if try engine("network", "ls", "-q", "--filter", "name=lane").output.isEmpty == false {
                        try #expect(engine("network", "rm", "lane").status == 0)
                    }
                    if try engine.inspect("box", "{{json .NetworkSettings.Networks}}").contains(#""six""#) {
                        try #expect(engine("network", "disconnect", "six", "box").status == 0)
                    }
                    try #expect(box.namespace.interfaces() == ["lo", "eth0"])
                    try NetworkState.expect(connected, engine, network, after: "\(moment) µs")
                }
                try removeAll(engine)
                try NetworkState.expect(before, engine, network)
            }
        }

        /// The first network is the way out, and its gateway the one that is asked for names.
        @Test func aKilledDisconnectLeavesAContainerThatIsConnected() throws {
            try TestEngine.withNetwork { engine, _ in
                for name in ["one", "two"] { try engine.makeNetwork(name) }
                let box = try engine.container("box", "--network", "one", "--network", "two")
                for moment in Self.moments {
                    let command = try engine.start("network", "disconnect", "one", "box")
                    usleep(moment)
                    command.signal(SIGKILL)
                    _ = command.finish()
                    try #expect(engine("ps").status == 0)
                    let isOnOne = try engine.inspect("box", "{{json .NetworkSettings.Networks}}").contains(#""one""#)
                    let gateway = try box.gateway(in: isOnOne ? "one" : "two")
                    let routes = try box.namespace("ip", "route", "show", "default")
                    #expect(routes.output.contains("via \(gateway) "), "\(moment) µs: \(routes)")
                    let servers = try box.shell("cat /etc/resolv.conf")
                    #expect(servers.output.contains("nameserver \(gateway)\n"), "\(moment) µs: \(servers)")
                    guard !isOnOne else { continue }
                    // For the next turn it is the first network again.
                    try #expect(engine("network", "connect", "one", "box").status == 0)
                    try #expect(engine("network", "disconnect", "two", "box").status == 0)
                    try #expect(engine("network", "connect", "two", "box").status == 0)
                }
            }
        }

        @Test func aKilledStartLeavesNothingOfTheNetwork() throws {
            try withAnchor { engine, network, before in
                try engine.makeNetwork("lane")
                try #expect(
                    engine("create", "--name", "victim", "--network", "bridge", "--network", "lane", "busybox", "true")
                        .status == 0)
                for moment in Self.moments {
                    let command = try engine.start("start", "victim")
                    usleep(moment)
                    command.signal(SIGKILL)
                    _ = command.finish()
                    let isClean = try TestEngine.eventually {
                        try engine("ps", "-a").status == 0
                            && TestEngine.names(in: "\(engine.runRoot)/containers").filter { id in
                                access("\(engine.runRoot)/containers/\(id)/network.json", F_OK) == 0
                            }.count == 2
                            && TestEngine.names(in: "\(engine.runRoot)/nameservers").allSatisfy { server in
                                access("\(engine.runRoot)/nameservers/\(server)/users", F_OK) != 0
                            }
                    }
                    #expect(isClean, "\(moment) µs")
                }
                try removeAll(engine)
                try #expect(engine("network", "rm", "lane").status == 0)
                try NetworkState.expect(before, engine, network)
            }
        }

        @Test func theSupervisorOfATemporaryContainerDies() throws {
            try withAnchor { engine, network, before in
                for name in ["bridge", "six"] {
                    try engine.container("victim", "--rm", "--network", name, "-p", "8080:80", "-p", "81/udp")
                    kill(try #require(try pid_t(engine.processes(of: "victim").supervisor)), SIGKILL)
                    #expect(
                        try TestEngine.eventually {
                            try !engine("ps", "--format", "{{.Names}}").output.contains("victim")
                        })
                    try NetworkState.expect(before, engine, network, after: name)
                    #expect(TestServer.refusal(.tcp, "0.0.0.0", 8080, in: network.host) == nil)
                }
            }
        }

        /// Somebody keeps the container's network namespace open: its interface goes all the same.
        @Test func anOpenNamespaceKeepsNothing() throws {
            try withAnchor { engine, network, before in
                let box = try engine.container("box", "-p", "8080:80")
                let open = try FileDescriptor.open(box.namespace.path)
                try #expect(engine("rm", "-f", "box").status == 0)
                try NetworkState.expect(before, engine, network)
                withExtendedLifetime(open.rawValue) {}
            }
        }

        @Test func failedStartsLeaveNothing() throws {
            try withAnchor { engine, network, before in
                for arguments in [
                    ["-p", "8080:80", "-p", "7070:80", "busybox", "true"],
                    ["-p", "8080:80", "busybox", "no-such-program"],
                    ["--network", "six", "--ip6", "::1", "busybox", "true"],
                ] {
                    let result = try engine.run(["run", "--rm"] + arguments)
                    #expect(result.status != 0, "\(arguments): \(result)")
                    try NetworkState.expect(before, engine, network, after: "\(arguments)")
                }
            }
        }
    }
}
