import Glibc
import LinuxSystem
import Synchronization
import Testing

/// Two machines on one LAN, each a network namespace: the host that `nestbox` runs on, and another one.
///
/// The machine's own interfaces and rules are never touched, and no packet leaves it: the host's default route leads to
/// the other machine.
final class TestNetwork: Sendable {
    /// Both machines' addresses on the LAN.
    enum Family: String, CaseIterable, Sendable {
        case ipv4 = "IPv4"
        case ipv6 = "IPv6"

        var host: String { self == .ipv4 ? "198.51.100.1" : "2001:db8:51::1" }
        var peer: String { self == .ipv4 ? "198.51.100.2" : "2001:db8:51::2" }
        var any: String { self == .ipv4 ? "0.0.0.0" : "::" }
        var loopback: String { self == .ipv4 ? "127.0.0.1" : "::1" }
        /// How a URL and `-p` write an address.
        func bracketed(_ address: String) -> String { self == .ipv4 ? address : "[\(address)]" }
    }

    /// The interface of either machine on the LAN.
    static let interface = "lan0"

    let host: TestNamespace
    let peer: TestNamespace
    private let names: [String]
    private let before: [String: [String]]

    private static let count = Atomic<Int>(0)

    init() throws {
        let number = Self.count.add(1, ordering: .relaxed).newValue
        let names = ["host", "peer"].map { "nbt-\(String(getpid(), radix: 36))-\(number)-\($0)" }
        let namespaces = names.map { TestNamespace(path: "/run/netns/\($0)") }
        (host, peer, self.names) = (namespaces[0], namespaces[1], names)
        do {
            for name in names { try Self.ip(["netns", "add", name]) }
            try Self.ip(["-n", names[0]], "link add lan0 type veth peer name lan0 netns \(names[1])\n")
            try Self.ip(["-n", names[0]], Self.interfaces(\.host))
            try Self.ip(["-n", names[1]], Self.interfaces(\.peer))
            let routes = Family.allCases.map { "route add default via \($0.peer)\n" }
            try Self.ip(["-n", names[0]], routes.joined())
            before = try Self.state(of: host)
        } catch {
            Self.remove(names)
            throw error
        }
    }

    /// No link-local addresses and no search for duplicates: an address can be used when it is there.
    private static func interfaces(_ address: KeyPath<Family, String>) -> String {
        """
        link set lo up
        link set lan0 addrgenmode none
        address add \(Family.ipv4[keyPath: address])/24 dev lan0
        address add \(Family.ipv6[keyPath: address])/64 dev lan0 nodad
        link set lan0 up

        """
    }

    private static func ip(_ arguments: [String], _ batch: String? = nil) throws {
        let lines = batch == nil ? [] : ["-batch", "-"]
        let result = try Command.run(["ip"] + arguments + lines, input: batch, seconds: 60 * TestEngine.patience)
        try #require(result.status == 0, "ip \(arguments): \(result)")
    }

    /// What there is of the host's network, by kind.
    private static func state(of host: TestNamespace) throws -> [String: [String]] {
        func lines(_ arguments: String...) throws -> [String] {
            // The kernel takes its time to say that the LAN's cable is in.
            try host.run(arguments).lines.map { line in
                line.split(separator: " ").filter { $0 != "linkdown" }.joined(separator: " ")
            }.sorted()
        }
        return [
            "interface": try host.interfaces().sorted(),
            "IPv4 route": try lines("ip", "-4", "route"),
            "IPv6 route": try lines("ip", "-6", "route"),
            "IPv4 rule": try lines("ip", "-4", "rule"),
            "IPv6 rule": try lines("ip", "-6", "rule"),
            "nftables table": try lines("nft", "list", "tables"),
        ]
    }

    /// What is there that was not when the host was made, and what is gone that was.
    func leftovers() -> [String] {
        guard let now = try? Self.state(of: host) else { return ["the network namespace cannot be read"] }
        return before.flatMap { kind, lines in
            let old = Set(lines)
            let new = Set(now[kind] ?? [])
            return new.subtracting(old).map { "\(kind) \($0)" } + old.subtracting(new).map { "without \(kind) \($0)" }
        }.sorted()
    }

    /// A host without a network around it, for the engines of all other tests.
    static let alone = Result { () throws -> TestNamespace in
        let name = "nbt-\(String(getpid(), radix: 36))-alone"
        try ip(["netns", "add", name])
        // A closure for C captures nothing: the name is made again.
        atexit { TestNetwork.remove(["nbt-\(String(getpid(), radix: 36))-alone"]) }
        try ip(["-n", name, "link", "set", "lo", "up"])
        return TestNamespace(path: "/run/netns/\(name)")
    }

    /// The interfaces that engines have left on that host.
    static func leftoversAlone() -> [String] {
        guard let names = try? alone.get().interfaces() else { return ["the network namespace cannot be read"] }
        return names.subtracting(["lo"]).sorted()
    }

    /// Removes both machines.
    func close() { Self.remove(names) }

    private static func remove(_ names: [String]) {
        // Removing one end of the pair, with its namespace, removes the other.
        for name in names { _ = try? Command.run(["ip", "netns", "del", name]) }
    }
}
