internal import LinuxNetwork
internal import LinuxSystem
internal import OCISpec

/// The name servers of an engine: one for each network, and one for each other view that containers have.
///
/// Each has a folder that is named after its address on the host's loopback, where no container gets to but by the firewall's
/// maps. In it are the view, the server's file, and a file for each container that has just this view, which the container's
/// supervisor removes at the end. A server without users is ended by the next who looks; a network's own stays until the
/// network's bridge goes.
struct NameServerStore {
    let store: NetworkStore

    private func folder(of server: IPAddress) -> String { store.paths.nameServers + "/\(server)" }
    private func view(of server: IPAddress) -> String { folder(of: server) + "/view.json" }
    private func users(of server: IPAddress) -> String { folder(of: server) + "/users" }

    /// The file by which a container uses a server.
    func path(of user: String, _ server: IPAddress) -> String { users(of: server) + "/" + user }

    /// The address of a network's own server; nil when it has none.
    ///
    /// - Throws: `SystemError`, `JSONError`.
    func address(of network: NetworkDefinition) throws -> IPAddress? { try find(NameView(networks: [network.name])) }

    /// Gives a network's own server an address, if it has none; the caller holds the lock.
    ///
    /// - Throws: `NetworkError`, `SystemError`, `JSONError`.
    func makeAddress(of network: NetworkDefinition) throws -> IPAddress {
        try findOrMake(NameView(networks: [network.name]))
    }

    /// Makes a container a user of the server for a view, which need not run yet.
    ///
    /// - Throws: `NetworkError`, `SystemError`, `JSONError`.
    func reserve(_ view: NameView, gateway: IPAddress, for user: String, isUser: ResolverUserCheck) throws -> Resolver {
        let lock = try store.lock()
        defer { lock.hold() }
        try removeUnused(isUser)
        let server = try findOrMake(view)
        try StoredFile.makeFolder(users(of: server), mode: 0o755, parents: 0o755)
        try StoredFile.write(path(of: user, server), "", mode: 0o600)
        return Resolver(gateway: gateway, server: server)
    }

    /// Makes sure that a server runs.
    ///
    /// - Throws: `NetworkError`, `SystemError`, `JSONError`.
    func start(_ program: String, _ address: IPAddress) throws {
        let folder = folder(of: address)
        guard !NameServer(in: folder).isRunning else { return }
        let lock = try store.lock()
        defer { lock.hold() }
        guard !NameServer(in: folder).isRunning, let view = try read(address) else { return }
        let networks = try view.networks.compactMap { try store.find($0) }
        let names = networks.map { NetworkNames(of: $0, paths: store.paths) }
        for names in names { try names.makeFolder() }
        // What only internal networks ask must not leave this host (CVE-2024-29018).
        let isClosed = networks.allSatisfy(\.isInternal)
        let server = NameServer(
            in: folder, at: address, names: names.map(\.folder),
            servers: isClosed ? [] : view.servers.isEmpty ? nil : view.servers)
        try server.start(program, for: "network \(view.networks.joined(separator: ", "))")
    }

    /// Ends the servers that nobody uses any more.
    ///
    /// - Throws: `SystemError`, `JSONError`.
    func collect(_ isUser: ResolverUserCheck) throws {
        guard StoredFile.exists(store.paths.nameServers) else { return }
        let lock = try store.lock()
        defer { lock.hold() }
        try removeUnused(isUser)
    }

    /// Ends every server that shows names of a network that nobody is on; the caller holds the lock.
    ///
    /// - Throws: `SystemError`, `JSONError`.
    func removeAll(showing network: String) throws {
        for server in try all() where try read(server)?.networks.contains(network) ?? true { try remove(server) }
    }

    private func removeUnused(_ isUser: ResolverUserCheck) throws {
        for server in try all() where try read(server)?.isOneNetwork != true {
            var isUsed = false
            for user in try StoredFile.names(in: users(of: server)) {
                if try isUser(user, server) { isUsed = true } else { try StoredFile.remove(path(of: user, server)) }
            }
            if !isUsed { try remove(server) }
        }
    }

    private func remove(_ server: IPAddress) throws {
        try NameServer(in: folder(of: server)).stop()
        try FileTree.remove(folder(of: server))
        if try all().isEmpty { try FileTree.remove(store.paths.nameServers) }
    }

    private func all() throws -> [IPAddress] {
        try StoredFile.names(in: store.paths.nameServers).compactMap { IPAddress($0) }.sorted()
    }

    private func read(_ server: IPAddress) throws -> NameView? {
        try StoredFile.read(view(of: server)).map { try NameView(jsonBytes: $0) }
    }

    private func find(_ view: NameView) throws -> IPAddress? { try all().first { try read($0) == view } }

    private func findOrMake(_ view: NameView) throws -> IPAddress {
        if let known = try find(view) { return known }
        let server = try freeAddress(but: try all())
        try StoredFile.makeFolder(folder(of: server), mode: 0o755, parents: 0o755)
        try AtomicFile.write(view.jsonBytes(), to: self.view(of: server))
        return server
    }

    /// How many addresses are tried.
    private static let attempts: UInt32 = 4096

    /// An address of the loopback network that neither another server nor another program has the port of.
    private func freeAddress(but known: [IPAddress]) throws -> IPAddress {
        // The lowest 2^16 have uses of their own: 127.0.0.1, 127.0.0.53 of systemd-resolved, Debian's 127.0.1.1.
        let (first, count): (UInt32, UInt32) = (127 << 24 | 1 << 16, 254 << 16)
        let start = UInt32(truncatingIfNeeded: store.paths.number) % count
        for offset in 0..<Self.attempts {
            let address = IPAddress.v4(first + (start + offset) % count)
            guard !known.contains(address) else { continue }
            let mappings = [TransportProtocol.udp, .tcp].map {
                PortMapping(
                    $0, hostAddress: address, hostPorts: NameServer.port...NameServer.port,
                    containerPort: NameServer.askedPort)
            }
            guard let held = try? HeldPorts(mappings, families: [.v4]) else { continue }
            held.release()
            return address
        }
        throw NetworkError.port(
            "no address of this host's loopback has port \(NameServer.port) free for a name server; see who has it with 'ss -lnp'"
        )
    }
}
