import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// A published host port belongs to its container for as long as that runs.
    @Suite struct NetworkPortHolds {
        private static let inUse = Errno(98)

        @Test(arguments: Transport.allCases) func aPublishedPortIsHeld(_ transport: Transport) throws {
            try TestEngine.withNetwork { engine, network in
                func refusal(_ address: String, _ port: UInt16) -> Errno? {
                    TestServer.refusal(transport, address, port, in: network.host)
                }
                try engine.makeNetwork("six", "--ipv6")
                let kind = transport.rawValue
                try engine.container(
                    "box", "--network", "six", "-p", "8080:80/\(kind)", "-p", "127.0.0.1:8081:81/\(kind)")
                for address in ["0.0.0.0", "127.0.0.1", "198.51.100.1", "::", "2001:db8:51::1"] {
                    #expect(refusal(address, 8080) == Self.inUse, "\(address)")
                }
                #expect(refusal("127.0.0.1", 8081) == Self.inUse)
                #expect(refusal("0.0.0.0", 8081) == Self.inUse)
                // Another address's, and another transport's, are free.
                #expect(refusal("198.51.100.1", 8081) == nil)
                #expect(
                    TestServer.refusal(transport == .tcp ? .udp : .tcp, "0.0.0.0", 8080, in: network.host) == nil)

                try engine("stop", "-t", "0", "box")
                for address in ["0.0.0.0", "::"] { #expect(refusal(address, 8080) == nil, "\(address)") }
                try #expect(engine("start", "box").status == 0)
                #expect(refusal("0.0.0.0", 8080) == Self.inUse)
                try #expect(engine("rm", "-f", "box").status == 0)
                for address in ["0.0.0.0", "::"] { #expect(refusal(address, 8080) == nil, "\(address)") }
            }
        }

        @Test(arguments: Transport.allCases, ["0.0.0.0", "127.0.0.1", "198.51.100.1"])
        func aPortThatAProgramHasIsRefused(_ transport: Transport, _ address: String) throws {
            try TestEngine.withNetwork { engine, network in
                let program = try TestServer(transport, address, 8080, in: network.host)
                let mapping = "8080:80/\(transport.rawValue)"
                try engine.expectRefusal(
                    "run", "-d", "--name", "box", "-p", mapping, "busybox", "sleep", "1000", status: 125,
                    saying: ["8080"])
                try #expect(engine.inspect("box", "{{.State.Running}}") == "false")
                // The program goes on, and the container can be started once it has gone.
                try #expect(program.isReached(from: network.host, at: address == "0.0.0.0" ? "127.0.0.1" : address))
                try #expect(engine("start", "box").status != 0)
                withExtendedLifetime(program) {}
            }
        }

        @Test func aPortThatAContainerHasIsRefused() throws {
            try TestEngine.withNetwork { engine, network in
                let first = try engine.container("first", "-p", "8080:80")
                let server = try first.server(.tcp, 80)
                for mapping in ["8080:81", "127.0.0.1:8080:80", "8079-8081:79-81"] {
                    try engine.expectRefusal(
                        "run", "--rm", "-p", mapping, "busybox", "true", status: 125, saying: ["8080"])
                }
                try engine.expectRefusal(
                    "run", "--rm", "-p", "8090:80", "-p", "8090:81", "busybox", "true", status: 125, saying: ["8090"])
                // What was published before the refusal is free again.
                for port: UInt16 in [8079, 8081, 8090] {
                    #expect(TestServer.refusal(.tcp, "0.0.0.0", port, in: network.host) == nil, "\(port)")
                }
                try #expect(server.isReached(from: network.peer, at: "198.51.100.1", 8080))
                // One that is made holds nothing until it starts.
                try #expect(engine("create", "--name", "second", "-p", "8080:80", "busybox", "sleep", "1").status == 0)
                try engine.expectRefusal("start", "second", status: 1, saying: ["8080"])
                try #expect(engine("rm", "-f", "first").status == 0)
                try #expect(engine("start", "second").status == 0)
            }
        }

        /// In the mode host a port is the program's own; what can be known is said before the start.
        @Test func aPortOfAHostContainerCannotBePublished() throws {
            try TestEngine.withNetwork { engine, network in
                let box = try engine.container("box", "--network", "host")
                let server = try TestServer(.tcp, "0.0.0.0", 8080, in: box.namespace)
                try engine.expectRefusal(
                    "run", "--rm", "-p", "8080:80", "busybox", "true", status: 125, saying: ["8080"])
                try #expect(server.isReached(from: network.peer, at: "198.51.100.1"))
            }
        }

        /// A free port is kept by neither a stop nor a kill, and what is published again is reached again.
        @Test(arguments: ["stop", "kill"]) func aRestartedContainerIsReachedAgain(_ command: String) throws {
            try TestEngine.withNetwork { engine, network in
                let box = try engine.container("box", "-p", "8080:80", "-p", "81")
                let address = try box.address()
                try #expect(engine.run([command] + (command == "stop" ? ["-t", "0"] : []) + ["box"]).status == 0)
                try #expect(engine("wait", "box").status == 0)
                try #expect(engine("start", "box").status == 0)
                try #expect(box.address() == address)
                try #expect(box.server(.tcp, 80).isReached(from: network.peer, at: "198.51.100.1", 8080))
                let free = try #require(try box.published("81/tcp")["0.0.0.0"])
                try #expect(box.server(.tcp, 81).isReached(from: network.peer, at: "198.51.100.1", free))
            }
        }

        /// A client that never stops sending reaches the next container, and not the one that is gone.
        @Test func aFlowOfUDPFollowsThePort() throws {
            try TestEngine.withNetwork { engine, network in
                let first = try engine.container("first", "-p", "8080:80/udp")
                let server = try first.server(.udp, 80)
                let destination = Endpoint("198.51.100.1", 8080)
                let client = try destination.socket(.udp, in: network.peer)
                let isConnected = destination.connect(client)
                #expect(isConnected)
                func send(_ text: String) { _ = Glibc.send(client.rawValue, Array(text.utf8), text.utf8.count, 0) }
                send("to the first")
                #expect(server.datagrams(until: "to the first").last == "to the first")
                try #expect(engine("rm", "-f", "first").status == 0)
                send("to nobody")
                let second = try engine.container("second", "-p", "8080:80/udp")
                let next = try second.server(.udp, 80)
                send("to the second")
                #expect(next.datagrams(until: "to the second").last == "to the second")
            }
        }
    }
}
