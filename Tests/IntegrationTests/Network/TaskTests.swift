import Testing

extension IntegrationTests {
    /// One address for each task, shared by its containers.
    @Suite struct NetworkTasks {
        @Test func containersOfATaskShareItsInterface() throws {
            try TestEngine.withNetwork { engine, _ in
                let task = try engine.task("web")
                let other = try engine.container("side", "--network", "task:web")
                let server = try task.container.server(.tcp, 80)
                try #expect(server.isReached(from: other.namespace, at: "127.0.0.1"))
                let shown = try other.shell("ip -o -4 address show dev eth0; cat /proc/self/uid_map")
                #expect(shown.output.contains("inet \(task.addresses[0])/"), "\(shown)")
                try #expect(
                    shown.lines.last == task.container.shell("cat /proc/self/uid_map").lines.last, "one user namespace")
                try #expect(other.shell("cat /etc/hosts").output.contains(task.addresses[0]))
                // A user other than root may have any port.
                let user = try engine(
                    "run", "--rm", "--network", "task:web", "-u", "1000", "busybox", "sh", "-c",
                    "nc -l -p 81 & sleep 0.3; kill $! && echo listened")
                #expect(user.output == "listened\n", "\(user)")
                try engine.expectRefusal("task-net", "rm", "web", status: 1, saying: ["in use", "side"])
                try engine("rm", "-f", "side")
                try engine.removeTasks(task)
                try engine("network", "rm", "tasks")
            }
        }

        @Test func nothingIsMapped() throws {
            try TestEngine.withNetwork { engine, _ in
                let task = try engine.task("web")
                for ports in ["80", "80:80"] {
                    let result = try engine("run", "--rm", "--network", "task:web", "-p", ports, "busybox", "true")
                    #expect(result.status == 0, "\(result)")
                }
                try engine.expectRefusal(
                    "run", "--rm", "--network", "task:web", "-p", "8080:80", "busybox", "true", status: 125,
                    saying: ["8080:80"])
                try engine.expectRefusal(
                    "run", "--rm", "--network", "tasks", "busybox", "true", status: 125, saying: ["task-net"])
                try engine.expectRefusal(
                    "run", "--rm", "--network", "task:none", "busybox", "true", status: 125, saying: ["no such task"])
                try engine.expectRefusal(
                    "run", "--rm", "--privileged", "--network", "task:web", "busybox", "true", status: 125,
                    saying: ["--privileged"])
                try engine.removeTasks(task)
                try engine("network", "rm", "tasks")
            }
        }

        @Test(arguments: TestNetwork.Family.allCases)
        func tasksAreReachedByTheirOwnAddresses(_ family: TestNetwork.Family) throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("vpc", "--driver", "routed", "--ipv6")
                let first = try engine.task("first", "--network", "vpc")
                let second = try engine.task("second", "--network", "vpc")
                for transport in Transport.allCases {
                    let server = try first.container.server(transport, 80, family)
                    let address = first.address(family)
                    // Tasks see each other's own addresses.
                    try #expect(
                        server.source(ofClientIn: second.container.namespace, to: Endpoint(address, 80))
                            == second.address(family), "\(transport)")
                    try #expect(server.isReached(from: network.host, at: address), "\(transport)")
                    let outside = try TestServer(transport, family.any, 7000, in: network.peer)
                    try #expect(
                        outside.source(ofClientIn: first.container.namespace, to: Endpoint(family.peer, 7000))
                            == family.host, "\(transport)")
                }
                // Other networks do not.
                let stranger = try engine.container("stranger")
                let server = try first.container.server(.tcp, 81)
                try #expect(
                    !server.isReached(from: stranger.namespace, at: first.addresses[0], within: .briefly))
                try engine.removeTasks(first, second)
                try engine("network", "rm", "vpc")
            }
        }

        @Test func anAddressStaysAndComesBack() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork("vpc", "--driver", "routed", "--subnet", "10.77.0.0/24")
                let task = try engine.task("web", "--network", "vpc", "--ip", "10.77.0.9")
                #expect(task.addresses == ["10.77.0.9"])
                try engine.expectRefusal(
                    "task-net", "create", "--network", "vpc", "--ip", "10.77.0.9", "twice", status: 1,
                    saying: ["10.77.0.9"])
                // As after a reboot: the namespaces are gone, and the next start makes them again.
                try engine("stop", "-t", "0", "web-main")
                let folder = "\(engine.runRoot)/tasks/web"
                for file in ["net", "user"] { _ = try Command.run(["umount", "\(folder)/\(file)"]) }
                try #expect(engine("start", "web-main").status == 0)
                let server = try task.container.server(.tcp, 80)
                try #expect(server.isReached(from: network.host, at: "10.77.0.9"))
                try engine.removeTasks(task)
                let again = try engine.task("again", "--network", "vpc", "--ip", "10.77.0.9")
                try engine.removeTasks(again)
                try engine("network", "rm", "vpc")
            }
        }

        @Test func whatCannotBeConnectedIsNotMade() throws {
            try TestEngine.withNetwork { engine, _ in
                try engine.makeNetwork(
                    "lan", "--driver", "macvlan", "--parent", "nosuch0", "--subnet", "203.0.113.0/24", "--gateway",
                    "203.0.113.1")
                try engine.expectRefusal(
                    "task-net", "create", "--network", "lan", "web", status: 1, saying: ["nosuch0"])
                try #expect(engine("task-net", "ls", "-q").output.isEmpty)
                try engine("network", "rm", "lan")
            }
        }

        /// With an address of the host's LAN: another machine reaches it there, and it sees that machine's own address.
        @Test func aTaskCanAppearOnTheLAN() throws {
            try TestEngine.withNetwork { engine, network in
                try engine.makeNetwork(
                    "lan", "--driver", "macvlan", "--parent", TestNetwork.interface, "--subnet", "198.51.100.0/24",
                    "--gateway", "198.51.100.2", "--ip-range", "198.51.100.128/25")
                try engine("security-group", "create", "web")
                try #expect(
                    engine(
                        "security-group", "authorize", "--protocol", "tcp", "--port", "80", "--cidr", "198.51.100.0/24",
                        "web"
                    ).status == 0)
                let task = try engine.task("web", "--network", "lan", "--security-group", "web")
                let server = try task.container.server(.tcp, 80)
                try #expect(
                    server.source(ofClientIn: network.peer, to: Endpoint(task.addresses[0], 80)) == "198.51.100.2")
                let closed = try task.container.server(.tcp, 81)
                try #expect(!closed.isReached(from: network.peer, at: task.addresses[0], within: .briefly))
                let outside = try TestServer(.tcp, "0.0.0.0", 7000, in: network.peer)
                try #expect(
                    outside.source(ofClientIn: task.container.namespace, to: Endpoint("198.51.100.2", 7000))
                        == task.addresses[0])
                try engine.removeTasks(task)
                try engine("security-group", "rm", "web")
                try engine("network", "rm", "lan")
            }
        }
    }
}
