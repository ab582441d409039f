import Glibc
import LinuxSystem
import OCISpec
import Testing

extension TestEngine {
    /// Gives `body` an engine on a host of its own, with another machine on its LAN, and checks afterwards that nothing
    /// is left on that host.
    static func withNetwork(
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (TestEngine, TestNetwork) throws -> Void
    ) throws {
        let network = try TestNetwork()
        defer { network.close() }
        try withBusybox(network: network, sourceLocation: sourceLocation) { try body($0, network) }
    }

    /// A detached container that stays until it is removed.
    @discardableResult
    func container(
        _ name: String, _ options: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> TestContainer {
        let started = try run(["run", "-d", "--name", name] + options + ["busybox", "sleep", "100000"])
        try #require(started.status == 0, "\(started)", sourceLocation: sourceLocation)
        return TestContainer(engine: self, name: name)
    }

    /// Makes a network, and answers its id.
    @discardableResult
    func makeNetwork(
        _ name: String, _ options: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let made = try run(["network", "create"] + options + [name])
        try #require(made.status == 0, "\(made)", sourceLocation: sourceLocation)
        return made.line
    }

    /// What `network inspect` says about one network.
    func network(_ name: String) throws -> JSONValue {
        let result = try self("network", "inspect", name)
        try #require(result.status == 0, "\(result)")
        return try #require(try JSONValue(parsing: result.output)[0])
    }

    /// The subnets and gateways of a network.
    func addressing(of name: String) throws -> [(subnet: String, gateway: String)] {
        let entries = try network(name)["IPAM"]?["Config"]?.arrayValue ?? []
        return entries.map { ($0["Subnet"]?.stringValue ?? "", $0["Gateway"]?.stringValue ?? "") }
    }

    /// The addresses that are leased to containers, as files.
    var leases: [String] {
        Self.names(in: "\(root)/networks").flatMap { network in
            Self.names(in: "\(root)/networks/\(network)/leases").map { "\(network)/\($0)" }
        }.sorted()
    }

    /// Whether a command fails as it should: with a status, and one line that says each of these.
    func expectRefusal(
        _ arguments: String..., status: Int32, saying words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try run(arguments)
        #expect(result.status == status, "\(arguments): \(result)", sourceLocation: sourceLocation)
        for word in words {
            #expect(result.error.contains(word), "\(arguments): \(result)", sourceLocation: sourceLocation)
        }
        #expect(result.error.split(separator: "\n").count == 1, "\(result)", sourceLocation: sourceLocation)
    }
}

/// A running container and what a test wants to know about its network.
struct TestContainer {
    let engine: TestEngine
    let name: String

    /// The container's network namespace, while it runs.
    var namespace: TestNamespace {
        get throws { TestNamespace(path: "/proc/\(try engine.inspect(name, "{{.State.Pid}}"))/ns/net") }
    }

    /// `NetworkSettings` of `inspect`.
    var settings: JSONValue {
        get throws {
            let result = try engine("inspect", name)
            try #require(result.status == 0, "\(result)")
            return try #require(try JSONValue(parsing: result.output)[0]?["NetworkSettings"])
        }
    }

    /// A member of the container's place in a network, such as `IPAddress`.
    func value(_ member: String, in network: String = "bridge") throws -> String {
        try #require(try settings["Networks"]?[network]?[member]?.stringValue, "\(member) in \(network)")
    }

    func address(_ family: TestNetwork.Family = .ipv4, in network: String = "bridge") throws -> String {
        try value(family == .ipv4 ? "IPAddress" : "GlobalIPv6Address", in: network)
    }

    func gateway(_ family: TestNetwork.Family = .ipv4, in network: String = "bridge") throws -> String {
        try value(family == .ipv4 ? "Gateway" : "IPv6Gateway", in: network)
    }

    func hardwareAddress(in network: String = "bridge") throws -> MAC {
        try MAC(value("MacAddress", in: network))
    }

    /// The host ports that a port of the container is published on, by the host's address.
    func published(_ port: String) throws -> [String: UInt16] {
        var ports: [String: UInt16] = [:]
        for binding in try settings["Ports"]?[port]?.arrayValue ?? [] {
            let number = try #require(binding["HostPort"]?.stringValue.flatMap { UInt16($0) }, "\(binding)")
            ports[try #require(binding["HostIp"]?.stringValue)] = number
        }
        return ports
    }

    /// Runs a shell script in it.
    @discardableResult
    func shell(_ script: String) throws -> CommandResult { try engine("exec", name, "sh", "-c", script) }

    /// A service in it, on every address of a family.
    func server(_ transport: Transport, _ port: UInt16, _ family: TestNetwork.Family = .ipv4) throws -> TestServer {
        try TestServer(transport, family.any, port, in: namespace)
    }

    /// A packet socket on its interface, for frames that no honest program sends.
    func packets(on interface: String = "eth0") throws -> PacketSocket {
        try PacketSocket(on: interface, in: namespace)
    }
}
