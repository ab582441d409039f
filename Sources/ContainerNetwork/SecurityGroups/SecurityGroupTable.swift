public import LinuxNetwork
public import LinuxSystem

/// A task as security groups see it.
public struct GroupMember: Sendable, Hashable {
    /// The task's addresses.
    public var addresses: [IPAddress]
    /// The names of its groups; none: everything is allowed.
    public var groups: [String]

    /// A task.
    public init(addresses: [IPAddress], groups: [String]) {
        self.addresses = addresses
        self.groups = groups
    }
}

/// The firewall table that enforces security groups: in the host for tasks on a bridge, in the task's own network namespace for
/// one on the host's LAN.
///
/// It is made anew, in one transaction, whenever a group or a task changes: connections that are established stay.
public struct SecurityGroupTable: Sendable {
    private let table: FirewallTable

    /// The table of an engine.
    public init(paths: NetworkPaths) {
        table = FirewallTable(.inet, name: paths.table + "-tasks")
    }

    /// Whether the table is there.
    ///
    /// - Throws: `SystemError`.
    public func isInstalled() throws(SystemError) -> Bool {
        try HostFirewall.answers(to: table.rules(), isDump: true)?.isEmpty == false
    }

    /// Makes the table anew.
    ///
    /// - Parameters:
    ///   - members: every task of the engine, as rules may speak of the tasks in a group.
    ///   - enforced: those whose packets come by here.
    ///   - groups: the groups.
    /// - Throws: `SystemError`.
    public func install(members: [GroupMember], enforced: [GroupMember], groups: [SecurityGroup]) throws {
        try NetlinkSocket(.netfilter).commit(requests(members: members, enforced: enforced, groups: groups))
    }

    /// Makes the table anew in a network namespace.
    ///
    /// - Throws: `SystemError`.
    public func install(
        members: [GroupMember], enforced: [GroupMember], groups: [SecurityGroup],
        in namespace: borrowing NetworkNamespace
    ) throws {
        let requests = requests(members: members, enforced: enforced, groups: groups)
        try namespace.open(.netfilter).commit(requests)
    }

    /// Removes the table from the host.
    ///
    /// - Throws: `SystemError`.
    public func uninstall() throws {
        try NetlinkSocket(.netfilter).commit([table.make(), table.remove()])
    }

    // MARK: - The table

    private static let inTargets4 = FirewallSet("ingress4", keyToChain: [.ipv4Address])
    private static let inTargets6 = FirewallSet("ingress6", keyToChain: [.ipv6Address])
    private static let outTargets4 = FirewallSet("egress4", keyToChain: [.ipv4Address])
    private static let outTargets6 = FirewallSet("egress6", keyToChain: [.ipv6Address])

    /// The set of the addresses of a group's tasks.
    private func memberSet(_ index: Int, _ family: IPFamily) -> FirewallSet {
        FirewallSet("group\(index)\(family)", key: [family == .v4 ? .ipv4Address : .ipv6Address])
    }

    private func requests(
        members: [GroupMember], enforced: [GroupMember], groups: [SecurityGroup]
    ) -> [NetlinkRequest] {
        var requests = [table.make(), table.remove(), table.make()]
        var number: UInt32 = 0
        func add(_ set: FirewallSet) {
            number += 1
            requests.append(table.makeSet(set, id: number))
        }
        for set in [Self.inTargets4, Self.inTargets6, Self.outTargets4, Self.outTargets6] { add(set) }
        for index in groups.indices { for family in IPFamily.allCases { add(memberSet(index, family)) } }
        let limited = enforced.filter { !$0.groups.isEmpty }
        for index in limited.indices {
            requests += [table.makeChain("in\(index)"), table.makeChain("out\(index)")]
        }
        for (name, hook) in [
            ("forward", FirewallTable.Hook.forward), ("input", .input), ("output", .output),
        ] {
            requests.append(table.makeChain(name, kind: "filter", hook: hook, priority: 10))
            requests += Self.baseRules.map { table.addRule(to: name, $0.expressions, comment: $0.reason) }
        }
        for (index, group) in groups.enumerated() {
            let addresses = members.filter { $0.groups.contains(group.name) }.flatMap(\.addresses)
            for family in IPFamily.allCases {
                requests += table.add(
                    addresses.filter { $0.family == family }.map { .init([$0.bytes]) }, to: memberSet(index, family))
            }
        }
        for (index, member) in limited.enumerated() {
            let own = groups.filter { member.groups.contains($0.name) }
            requests += rules(own.map { ($0.name, $0.ingress) }, chain: "in\(index)", peerIsSource: true, groups)
            requests += rules(own.map { ($0.name, $0.egress) }, chain: "out\(index)", peerIsSource: false, groups)
            for address in member.addresses {
                let isIPv4 = address.family == .v4
                requests += table.add(
                    [.init([address.bytes], chain: "in\(index)")], to: isIPv4 ? Self.inTargets4 : Self.inTargets6)
                requests += table.add(
                    [.init([address.bytes], chain: "out\(index)")], to: isIPv4 ? Self.outTargets4 : Self.outTargets6)
            }
        }
        return requests
    }

    private static let isIPv4 = FirewallCondition.isIPv4
    private static let isIPv6 = FirewallCondition.isIPv6

    /// What every packet passes: a task's chain drops what none of its groups allows, and otherwise comes back here for the other
    /// side's.
    private static let baseRules: [FirewallRule] = [
        FirewallRule("answers pass", FirewallCondition.isKnown + [.decide(.accept)]),
        // RFC 4861: types 133 to 137.
        FirewallRule(
            "neighbours find each other",
            isIPv6 + [
                .load(.transportProtocol, 0), .equal(0, [58]), .loadBytes(.transport, offset: 0, count: 1, 0),
                .atLeast(0, [133]), .atMost(0, [137]), .decide(.accept),
            ]),
        FirewallRule(
            "a task's egress rules",
            isIPv4 + [.loadBytes(.network, offset: 12, count: 4, 0), .jumpByMap(outTargets4.name, 0)]),
        FirewallRule(
            "a task's egress rules",
            isIPv6 + [.loadBytes(.network, offset: 8, count: 16, 0), .jumpByMap(outTargets6.name, 0)]),
        FirewallRule(
            "a task's ingress rules",
            isIPv4 + [.loadBytes(.network, offset: 16, count: 4, 0), .jumpByMap(inTargets4.name, 0)]),
        FirewallRule(
            "a task's ingress rules",
            isIPv6 + [.loadBytes(.network, offset: 24, count: 16, 0), .jumpByMap(inTargets6.name, 0)]),
    ]

    private func rules(
        _ lists: [(group: String, rules: [SecurityGroup.Rule])], chain: String, peerIsSource: Bool,
        _ groups: [SecurityGroup]
    ) -> [NetlinkRequest] {
        var result: [NetlinkRequest] = []
        for (name, rules) in lists {
            for rule in rules {
                for expressions in self.expressions(of: rule, peerIsSource: peerIsSource, groups) {
                    result.append(
                        table.addRule(to: chain, expressions + [.decide(.return)], comment: "allowed by group \(name)"))
                }
            }
        }
        return result + [table.addRule(to: chain, [.decide(.drop)], comment: "no group allows it")]
    }

    /// The conditions of a rule, once for each family and protocol that it speaks of.
    private func expressions(
        of rule: SecurityGroup.Rule, peerIsSource: Bool, _ groups: [SecurityGroup]
    ) -> [[FirewallExpression]] {
        IPFamily.allCases.compactMap { family in
            var result = family == .v4 ? Self.isIPv4 : Self.isIPv6
            // Where the source and the destination are in the headers (RFC 791, RFC 8200).
            let offset: UInt32 = family == .v4 ? (peerIsSource ? 12 : 16) : (peerIsSource ? 8 : 24)
            let size = UInt32(family.bits / 8)
            switch rule.peer {
            case .network(let network):
                guard network.address.family == family else { return nil }
                if network.prefixLength > 0 {
                    result += [
                        .loadBytes(.network, offset: offset, count: size, 0), .mask(0, network.maskBytes),
                        .equal(0, network.first.bytes),
                    ]
                }
            case .group(let name):
                guard let index = groups.firstIndex(where: { $0.name == name }) else { return nil }
                result += [
                    .loadBytes(.network, offset: offset, count: size, 0),
                    .isIn(set: memberSet(index, family).name, 0),
                ]
            }
            switch rule.kind {
            case .all: break
            case .tcp: result += [.load(.transportProtocol, 0), .equal(0, [6])]
            case .udp: result += [.load(.transportProtocol, 0), .equal(0, [17])]
            case .icmp: result += [.load(.transportProtocol, 0), .equal(0, [family == .v4 ? 1 : 58])]
            }
            if let ports = rule.ports {
                result += [
                    .loadBytes(.transport, offset: 2, count: 2, 0), .atLeast(0, FirewallSet.port(ports.lowerBound)),
                    .atMost(0, FirewallSet.port(ports.upperBound)),
                ]
            }
            return result
        }
    }
}

extension IPNetwork {
    /// The bytes of its mask, in network order.
    var maskBytes: [UInt8] {
        (0..<address.family.bits / 8).map { index in
            let bits = min(8, max(0, prefixLength - index * 8))
            return bits == 0 ? 0 : UInt8(truncatingIfNeeded: 0xff << (8 - bits))
        }
    }
}
