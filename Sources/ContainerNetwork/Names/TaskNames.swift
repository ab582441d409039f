internal import LinuxNetwork
internal import LinuxSystem

/// The name server of a task on the host's LAN: one of its own, in its network namespace.
///
/// The host cannot be reached over the interfaces that its tasks have on the LAN, so there is no gateway of ours to ask. The server
/// has an address of the task's loopback that nothing else uses, and a port that leaves 53 to the task's own programs.
struct TaskNames {
    /// What the task's containers ask (Docker's embedded server has the same).
    static let address = IPAddress.v4(127 << 24 | 11)

    private let network: NetworkDefinition
    private let paths: NetworkPaths
    private let folder: String

    /// The server of a task.
    ///
    /// - Parameter folder: of what the task has while the machine runs.
    init(on network: NetworkDefinition, paths: NetworkPaths, folder: String) {
        self.network = network
        self.paths = paths
        self.folder = folder
    }

    /// Makes sure that the server runs.
    ///
    /// - Parameter namespace: the task's.
    /// - Throws: `NetworkError`, `SystemError`.
    func start(_ program: String, in namespace: borrowing NetworkNamespace) throws {
        let names = NetworkNames(of: network, paths: paths)
        var server = NameServer(
            in: folder, at: Self.address, names: [names.folder], servers: network.isInternal ? [] : nil)
        try redirect(in: namespace)
        guard !server.isRunning else { return }
        if let file = try Self.serversBehindStub() { server.arguments.append("--resolv-file=\(file)") }
        try names.makeFolder()
        try namespace.perform { try server.start(program, for: "a task on network \(network.name)") }
    }

    /// Sends what the task asks its server to the port where that listens.
    private func redirect(in namespace: borrowing NetworkNamespace) throws {
        let table = FirewallTable(.inet, name: paths.table + "-names")
        let socket = try namespace.open(.netfilter)
        guard try HostFirewall.answers(to: table.rules(), isDump: true, over: socket)?.isEmpty != false else { return }
        try socket.commit(redirection(in: table))
    }

    private func redirection(in table: FirewallTable) -> [NetlinkRequest] {
        let map = FirewallSet(
            "servers", key: [.ipv4Address, .transportProtocol, .port], value: [.ipv4Address, .port])
        let address = Self.address.bytes
        let elements = [TransportProtocol.udp, .tcp].map { transport in
            FirewallSet.Element(
                [address, [transport.number], FirewallSet.port(NameServer.askedPort)],
                value: [address, FirewallSet.port(NameServer.port)])
        }
        let rule = FirewallRule(
            "names are served at another port, so that the task may have a server of its own",
            FirewallCondition.isIPv4 + [
                .loadBytes(.network, offset: 16, count: 4, 0), .load(.transportProtocol, 1),
                .loadBytes(.transport, offset: 2, count: 2, 2), .find(map: map.name, 0, result: 0),
                .redirect(.v4, address: 0, port: 1),
            ])
        let chain = FirewallLayout.Chain(name: "output", entry: ("nat", .output, -100), rules: [rule])
        return FirewallLayout.requests(for: table, sets: [map], chains: [chain]) + table.add(elements, to: map)
    }

    /// The list of servers that systemd-resolved asks, where the host's own list names its stub on the loopback only; nil: the
    /// host's list will do.
    private static func serversBehindStub() throws(SystemError) -> String? {
        let list = "/run/systemd/resolve/resolv.conf"
        let lines = try StoredFile.readText("/etc/resolv.conf")?.split(separator: "\n") ?? []
        let servers = lines.compactMap { line -> IPAddress? in
            let words = line.split { $0 == " " || $0 == "\t" }
            return words.count > 1 && words[0] == "nameserver" ? IPAddress(String(words[1])) : nil
        }
        return servers.allSatisfy(\.isLoopback) && StoredFile.exists(list) ? list : nil
    }
}
