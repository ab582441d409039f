import CLinux
import Glibc
import Testing

import LinuxSystem
@testable import LinuxNetwork

@Suite("Netlink messages") struct NetlinkMessageTests {
    @Test("attributes are padded, nested and counted")
    func bytes() {
        var message = NetlinkMessage(type: 16, flags: NLM_F_CREATE, fixed: UInt32(0x0403_0201))
        message.add(3, text: "eth0")
        message.nest(18) { $0.add(1, bigEndian: UInt16(0x1234)) }
        message.seal(sequence: 7, flags: NLM_F_ACK)
        #expect(
            message.bytes == [
                44, 0, 0, 0, 16, 0, 0x05, 0x04, 7, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4,
                9, 0, 3, 0, 0x65, 0x74, 0x68, 0x30, 0, 0, 0, 0,
                12, 0, 18, 0x80, 6, 0, 1, 0, 0x12, 0x34, 0, 0,
            ])
    }

    @Test("an attribute that is too long for its length field is not sent")
    func tooLong() throws {
        var message = NetlinkMessage(type: 16, fixed: UInt32(0))
        message.nest(1) { message in
            for _ in 0..<3 { message.add(2, bytes: [UInt8](repeating: 1, count: 30000)) }
        }
        #expect(message.isTooLong)
        let socket = try NetlinkSocket(.route)
        #expect(throws: SystemError.self) { try socket.perform([NetlinkRequest("try", "it", message)]) }
    }

    @Test("replies that claim to be longer than they are end the list")
    func hostileReplies() {
        #expect(NetlinkReply.all(in: [200, 0, 0, 0, 2, 0, 0, 0]).isEmpty)
        #expect(NetlinkReply.all(in: [0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).isEmpty)
        let attributes = NetlinkAttributes([8, 0, 1, 0, 1, 2, 3, 4, 100, 0, 1, 0])
        #expect(attributes.all(1).map(Array.init) == [[1, 2, 3, 4]])
        #expect(NetlinkAttributes([2, 0, 1, 0]).bytes(1) == nil)
    }
}

/// The real kernel, in a network namespace of the test's own.
@Suite("Netlink and the kernel", .enabled(if: geteuid() == 0)) struct NetlinkKernelTests {
    /// Runs `body` with the pid of a process that sleeps in a new network namespace.
    private func withNamespace(_ body: (pid_t) throws -> Void) throws {
        var pid: pid_t = 0
        let words = ["unshare", "--net", "--", "sh", "-c", "echo; exec sleep 60"]
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        let ready = try DescriptorPair.pipe().release()
        let reader = FileDescriptor(owning: ready.first)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ready.second, 1)
        let result = posix_spawnp(&pid, "unshare", &actions, nil, arguments, nil)
        close(ready.second)
        try #require(result == 0)
        defer {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }
        var byte: UInt8 = 0
        _ = try withUnsafeMutableBytes(of: &byte) { try reader.read(into: $0) }
        try body(pid)
    }

    @Test("a bridge with a port whose other end has an address and a gateway")
    func bridgeAndPair() throws {
        try withNamespace { host in
            try withNamespace { container in
                let here = try NetworkNamespace(of: host).open(.route)
                let address = try #require(IPNetwork("172.30.0.1/16"))
                try here.perform([.makeBridge("nb0", address: MACAddress(for: address.address), mtu: 1400)])
                let bridge = try here.index(of: "nb0")
                let namespace = try NetworkNamespace(of: container)
                let peer = VirtualEthernetPeer(
                    name: "eth0", address: MACAddress(for: try #require(IPAddress("172.30.0.2"))),
                    namespace: namespace)
                try here.perform([
                    .addAddress(address, to: "nb0", index: bridge), .routeLoopback(over: "nb0", index: bridge),
                    .makeVirtualEthernet("nbtest", master: bridge, mtu: 1400, peer: peer),
                ])
                try here.perform([.setPort("nbtest", isIsolated: true), .bringUp("nb0", index: bridge)])
                let there = try NetworkNamespace(of: container).open(.route)
                let end = try there.index(of: "eth0")
                try there.perform([
                    .bringUp("lo", index: 1), .bringUp("eth0", index: end),
                    .addAddress(try #require(IPNetwork("172.30.0.2/16")), to: "eth0", index: end),
                    .addDefaultRoute(by: address.address, over: "eth0", index: end),
                ])
                let routes = try there.answers(to: .routes(.v4))
                let gateways = routes.compactMap {
                    $0.attributes(after: MemoryLayout<rtmsg>.size).bytes(UInt16(RTA_GATEWAY.rawValue)).flatMap {
                        IPAddress(bytes: $0)
                    }
                }
                #expect(gateways == [address.address])
                // What is there already is told apart from what cannot be done.
                do {
                    try here.perform([.makeBridge("nb0", address: peer.address, mtu: nil)])
                    Issue.record("a second bridge of the same name")
                } catch {
                    #expect((error as? SystemError)?.errno == .exists, "\(error)")
                }
                try here.perform([.removeLink("nbtest"), .removeLink("nbtest")])
                #expect(throws: SystemError.self) { try there.index(of: "eth0") }
            }
        }
    }

    @Test("a firewall table with sets, maps, chains and rules; a batch is carried out as a whole or not at all")
    func firewall() throws {
        try withNamespace { host in
            let socket = try NetworkNamespace(of: host).open(.netfilter)
            let table = FirewallTable(.inet, name: "nestbox-test")
            let ports = FirewallSet("ports", key: [.transportProtocol, .port], value: [.ipv4Address, .port])
            let bridges = FirewallSet("bridges", key: [.interfaceName])
            let element = FirewallSet.Element(
                [[6], FirewallSet.port(8080)], value: [[172, 30, 0, 2], FirewallSet.port(80)])
            try socket.commit(
                [
                    table.make(), table.makeSet(ports, id: 1), table.makeSet(bridges, id: 2),
                    table.makeChain("ports"),
                    table.makeChain("prerouting", kind: "nat", hook: .prerouting, priority: -100),
                    table.makeChain("postrouting", kind: "nat", hook: .postrouting, priority: 100),
                    table.addRule(
                        to: "prerouting",
                        [.loadDestinationKind(0), .equal(0, [2, 0, 0, 0]), .decide(.jump("ports"))],
                        comment: "published ports"),
                    table.addRule(
                        to: "ports",
                        [
                            .load(.networkProtocol, 0), .equal(0, [2]), .load(.transportProtocol, 0),
                            .loadBytes(.transport, offset: 2, count: 2, 1), .find(map: "ports", 0, result: 0),
                            .redirect(.v4, address: 0, port: 1),
                        ], comment: "to the container"),
                    table.addRule(
                        to: "postrouting",
                        [
                            .load(.outputInterface, 0), .isNotIn(set: "bridges", 0), .loadConnection(.status, 0),
                            .mask(0, [32, 0, 0, 0]), .notEqual(0, [0, 0, 0, 0]), .masquerade,
                        ], comment: "leaving"),
                ] + table.add([element], to: ports)
                    + table.add([FirewallSet.Element([FirewallSet.interface("nb0")])], to: bridges))
            #expect(try socket.answers(to: table.find(), isDump: false).count == 1)
            // The second request fails, so the first is not carried out either.
            let other = FirewallSet.Element([[6], FirewallSet.port(1)], value: [[1, 1, 1, 1], FirewallSet.port(1)])
            let missing = FirewallTable(.inet, name: "nestbox-missing")
            #expect(throws: SystemError.self) {
                try socket.commit(table.add([other], to: ports) + missing.add([other], to: ports))
            }
            #expect(throws: SystemError.self) { try socket.commit(table.remove([other], from: ports)) }
            // Two thousand elements take several messages in one batch.
            let many = (0..<2000).map { number in
                FirewallSet.Element(
                    [[17], FirewallSet.port(UInt16(number))], value: [[10, 0, 0, 1], FirewallSet.port(UInt16(number))])
            }
            try socket.commit(table.add(many, to: ports))
            try socket.commit(table.remove(many + [element], from: ports))
            try socket.commit([table.remove()])
            #expect(throws: SystemError.self) { try socket.answers(to: table.find(), isDump: false) }
        }
    }
}
