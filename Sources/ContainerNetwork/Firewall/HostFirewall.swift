public import LinuxNetwork
public import LinuxSystem

/// The engine's firewall tables in the kernel.
///
/// Other software's tables are never touched. Each change is one transaction.
public struct HostFirewall: Sendable {
    private let layout: FirewallLayout

    /// The tables of an engine.
    public init(paths: NetworkPaths) {
        layout = FirewallLayout(name: paths.table)
    }

    /// Whether the tables are there.
    ///
    /// - Parameter thoroughly: whether their rules are counted, too.
    /// - Throws: `SystemError`.
    public func isInstalled(thoroughly: Bool = false) throws -> Bool {
        for (table, count) in [
            (layout.inet, FirewallLayout.inetRuleCount), (layout.bridge, FirewallLayout.bridgeRuleCount),
        ] {
            guard let rules = try ruleCount(of: table, thoroughly: thoroughly), !thoroughly || rules == count else {
                return false
            }
        }
        return true
    }

    /// How many rules a table has (0 when they need not be counted); nil when there is no such table.
    private func ruleCount(of table: FirewallTable, thoroughly: Bool) throws(SystemError) -> Int? {
        let answers = try Self.answers(to: thoroughly ? table.rules() : table.find(), isDump: thoroughly)
        return thoroughly ? answers?.count : answers.map { _ in 0 }
    }

    /// What the kernel answers; nil when it knows no such thing.
    static func answers(to request: NetlinkRequest, isDump: Bool) throws(SystemError) -> [NetlinkReply]? {
        try answers(to: request, isDump: isDump, over: try NetlinkSocket(.netfilter))
    }

    /// What the kernel answers over a socket; nil when it knows no such thing.
    static func answers(
        to request: NetlinkRequest, isDump: Bool, over socket: borrowing NetlinkSocket
    ) throws(SystemError) -> [NetlinkReply]? {
        do throws(SystemError) {
            return try socket.answers(to: request, isDump: isDump)
        } catch {
            if error.errno == .noSuchFile { return nil }
            throw error
        }
    }

    /// The rules that the kernel has, and why each is there: a table's name, then for each rule its chain and reason.
    ///
    /// - Throws: `SystemError`.
    public func installedRules() throws -> [(table: String, rules: [(chain: String, reason: String)])] {
        try [("inet", layout.inet), ("bridge", layout.bridge)].map { family, table in
            let rules = try Self.answers(to: table.rules(), isDump: true) ?? []
            return (
                "\(family) \(table.name)",
                rules.map(FirewallTable.InstalledRule.init).map { ($0.chain, $0.comment) }
            )
        }
    }

    /// Chains of other software that drop forwarded packets unless a rule of theirs lets them pass, as containers' must.
    ///
    /// An answer of ours is not the last one: every chain of a hook has to accept a packet (nft(8)).
    /// - Throws: `SystemError`.
    public func foreignBarriers() throws(SystemError) -> [FirewallChain] {
        try NetlinkSocket(.netfilter).answers(to: FirewallChain.all(), isDump: true).compactMap(FirewallChain.init)
            .filter { $0.hook == .forward && $0.dropsTheRest }
    }

    /// Makes the tables anew, with what these networks and containers need, in the place of whatever they were.
    ///
    /// - Parameters:
    ///   - networks: all networks, with the addresses of their name servers.
    ///   - containers: what the running containers have.
    ///   - forwarding: the families that this host forwards because of us.
    ///
    /// - Throws: `SystemError`.
    public func install(
        networks: [(NetworkDefinition, nameServer: IPAddress?)], containers: [NetworkState], forwarding: [IPFamily]
    ) throws {
        var content = FirewallContent()
        content.add(forwarding: forwarding)
        for (network, server) in networks { content.add(network, nameServer: server) }
        for container in containers { content.add(container) }
        try NetlinkSocket(.netfilter).commit(layout.requests() + content.insertion(layout))
    }

    /// Removes the tables.
    ///
    /// - Throws: `SystemError`.
    public func uninstall() throws {
        try NetlinkSocket(.netfilter).commit(
            [layout.inet, layout.bridge].flatMap { [$0.make(), $0.remove()] })
    }

    /// Lets a network's packets pass as its definition says.
    ///
    /// - Throws: `SystemError`.
    public func admit(_ network: NetworkDefinition, nameServer: IPAddress?) throws {
        var content = FirewallContent()
        content.add(network, nameServer: nameServer)
        try NetlinkSocket(.netfilter).commit(content.insertion(layout))
    }

    /// Forgets a network.
    ///
    /// - Throws: `SystemError`.
    public func dismiss(_ network: NetworkDefinition, nameServer: IPAddress?) throws {
        var content = FirewallContent()
        content.add(network, nameServer: nameServer)
        try remove(content)
    }

    /// Lets a container's packets pass, and publishes its ports.
    ///
    /// - Throws: `SystemError`; `ENOENT` when the tables are gone.
    public func admit(_ container: NetworkState) throws(SystemError) {
        var content = FirewallContent()
        content.add(container)
        try NetlinkSocket(.netfilter).commit(content.insertion(layout))
    }

    /// Lets flows to a container's ports begin anew: those of a container that had them before would go on to that one.
    ///
    /// - Throws: `SystemError`.
    public func forgetFlows(to container: NetworkState) throws {
        try ConnectionTable.forgetUDP(
            toPorts: Set(container.ports.filter { $0.transport == .udp }.map(\.hostPort)))
    }

    /// Lets a container's questions for names begin anew: they would go on to the server that it had.
    ///
    /// - Throws: `SystemError`.
    public func forgetQuestions(of container: NetworkState) throws {
        guard let addresses = container.attachments.first?.endpoint.addresses else { return }
        try ConnectionTable.forget(from: Set(addresses), toPort: NameServer.askedPort)
    }

    /// Forgets a container.
    ///
    /// - Throws: `SystemError`.
    public func dismiss(_ container: NetworkState) throws {
        var content = FirewallContent()
        content.add(container)
        try remove(content)
    }

    /// Forgets what a container had, and lets pass what it has now, in one transaction.
    ///
    /// - Throws: `SystemError`; `ENOENT` when the tables, or something that the container had, are gone.
    public func replace(_ old: NetworkState, with new: NetworkState) throws(SystemError) {
        var (before, after) = (FirewallContent(), FirewallContent())
        before.add(old)
        after.add(new)
        try NetlinkSocket(.netfilter).commit(before.removal(layout) + after.insertion(layout))
    }

    /// Forwards nothing of a family but what is for containers.
    ///
    /// - Throws: `SystemError`.
    func close(forwarding family: IPFamily) throws {
        var content = FirewallContent()
        content.add(forwarding: [family])
        _ = try Self.commit(content.insertion(layout))
    }

    /// The message that forgets a container, for its supervisor to send at its end.
    ///
    /// - Throws: `SystemError`.
    public func farewell(of container: NetworkState) throws -> [UInt8] {
        var content = FirewallContent()
        content.add(container)
        return try NetlinkSocket.batch(of: content.removal(layout))
    }

    /// Takes elements out, those that are there.
    private func remove(_ content: FirewallContent) throws(SystemError) {
        let removal = content.removal(layout)
        if try Self.commit(removal) { return }
        // Some are gone already: all are put in, and taken out, in one transaction. Without the tables that fails, too.
        _ = try Self.commit(content.insertion(layout) + removal)
    }

    /// Carries a batch out; false when something that it names is not there.
    private static func commit(_ requests: [NetlinkRequest]) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try NetlinkSocket(.netfilter).commit(requests)
            return true
        } catch {
            if error.errno == .noSuchFile { return false }
            throw error
        }
    }
}
