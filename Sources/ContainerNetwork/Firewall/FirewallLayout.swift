internal import LinuxNetwork

/// The engine's two firewall tables: which sets, chains and rules they have.
///
/// All that depends on networks, containers and ports is in sets and maps. The rules never change, and a packet meets the same
/// few of them however much is published.
struct FirewallLayout: Sendable {
    /// Routed packets, IPv4 and IPv6.
    let inet: FirewallTable
    /// Frames that come from containers.
    let bridge: FirewallTable

    init(name: String) {
        inet = FirewallTable(.inet, name: name)
        bridge = FirewallTable(.bridge, name: name)
    }

    // MARK: - Sets

    /// The bridges of all networks.
    static let bridges = FirewallSet("bridges", key: [.interfaceName])
    /// Those of networks that nothing leaves.
    static let internals = FirewallSet("internal", key: [.interfaceName])
    /// Those of networks whose packets get an address of the host when they leave.
    static let masqueraded = FirewallSet("masqueraded", key: [.interfaceName])
    /// Bridges that packets may be forwarded between, from the first to the second.
    static let pairs = FirewallSet("pairs", key: [.interfaceName, .interfaceName])
    /// Containers' addresses and the bridge of each.
    static let hosts4 = FirewallSet("hosts4", key: [.ipv4Address, .interfaceName])
    static let hosts6 = FirewallSet("hosts6", key: [.ipv6Address, .interfaceName])
    /// The host's own addresses on networks, and the bridge of each.
    static let gateways4 = FirewallSet("gateways4", key: [.ipv4Address])
    static let gateways6 = FirewallSet("gateways6", key: [.ipv6Address])
    static let doors4 = FirewallSet("doors4", key: [.ipv4Address, .interfaceName])
    static let doors6 = FirewallSet("doors6", key: [.ipv6Address, .interfaceName])
    /// The network protocols (`NFPROTO_*`) that this host forwards because of us.
    static let forwarded = FirewallSet("forwarded", key: [.transportProtocol])
    /// Ports that are published on all addresses of the host.
    static let ports4 = FirewallSet("ports4", key: [.transportProtocol, .port], value: [.ipv4Address, .port])
    static let ports6 = FirewallSet("ports6", key: [.transportProtocol, .port], value: [.ipv6Address, .port])
    /// Ports that are published on one.
    static let bound4 = FirewallSet(
        "bound4", key: [.ipv4Address, .transportProtocol, .port], value: [.ipv4Address, .port])
    static let bound6 = FirewallSet(
        "bound6", key: [.ipv6Address, .transportProtocol, .port], value: [.ipv6Address, .port])
    /// Where questions for names go that come over a bridge to its gateway.
    static let nameServers = FirewallSet(
        "nameservers", key: [.interfaceName, .ipv4Address, .transportProtocol, .port], value: [.ipv4Address, .port])
    /// Where those of a container go that are for another server: from its address to a gateway's.
    static let resolvers = FirewallSet(
        "resolvers", key: [.ipv4Address, .ipv4Address, .transportProtocol, .port], value: [.ipv4Address, .port])
    static let inetSets = [
        bridges, internals, masqueraded, pairs, hosts4, hosts6, gateways4, gateways6, doors4, doors6, forwarded, ports4,
        ports6, bound4, bound6, nameServers, resolvers,
    ]

    /// The interfaces of containers on the host.
    static let interfaces = FirewallSet("interfaces", key: [.interfaceName])
    /// The link address that each may send from.
    static let links = FirewallSet("links", key: [.interfaceName, .linkAddress])
    /// The link and IP addresses that each may send from.
    static let senders4 = FirewallSet("senders4", key: [.interfaceName, .linkAddress, .ipv4Address])
    static let senders6 = FirewallSet("senders6", key: [.interfaceName, .linkAddress, .ipv6Address])
    static let bridgeSets = [interfaces, links, senders4, senders6]

    // MARK: - Chains

    /// A chain with its rules.
    struct Chain {
        let name: String
        /// Where packets come to it from; nil: from other chains.
        let entry: (kind: String, hook: FirewallTable.Hook, priority: Int32)?
        let rules: [Rule]
    }

    typealias Rule = FirewallRule

    /// The requests that make a table with what is in it.
    static func requests(for table: FirewallTable, sets: [FirewallSet], chains: [Chain]) -> [NetlinkRequest] {
        // Made first, so that removing it cannot fail: what was there goes in the same transaction.
        var requests = [table.make(), table.remove(), table.make()]
        for (index, set) in sets.enumerated() { requests.append(table.makeSet(set, id: UInt32(index + 1))) }
        // Those that others jump to come first.
        for chain in chains {
            if let entry = chain.entry {
                requests.append(
                    table.makeChain(chain.name, kind: entry.kind, hook: entry.hook, priority: entry.priority))
            } else {
                requests.append(table.makeChain(chain.name))
            }
        }
        for chain in chains {
            for rule in chain.rules {
                requests.append(table.addRule(to: chain.name, rule.expressions, comment: rule.reason))
            }
        }
        return requests
    }

    /// The requests that make both tables.
    func requests() -> [NetlinkRequest] {
        Self.requests(for: inet, sets: Self.inetSets, chains: Self.inetChains)
            + Self.requests(for: bridge, sets: Self.bridgeSets, chains: Self.bridgeChains)
    }

    /// How many rules the tables have.
    static let inetRuleCount = inetChains.reduce(0) { $0 + $1.rules.count }
    static let bridgeRuleCount = bridgeChains.reduce(0) { $0 + $1.rules.count }
}
