internal import LinuxNetwork
internal import LinuxSystem
internal import OCISpec

/// The name servers for views that no network's own server shows: containers on several networks, or with servers of their own.
///
/// Each has a folder that is named after its port: the view, its users (a file each, which a container's supervisor removes at the
/// end), and the server's file. One without users is ended by the next who looks.
struct ResolverStore {
    let store: NetworkStore

    private var folder: String { store.paths.resolvers }
    private func folder(of port: UInt16) -> String { folder + "/\(port)" }
    private func view(of port: UInt16) -> String { folder(of: port) + "/view.json" }
    private func users(of port: UInt16) -> String { folder(of: port) + "/users" }

    /// The file by which a container uses a server.
    func path(of user: String, _ port: UInt16) -> String { users(of: port) + "/" + user }

    /// Makes a container a user of the server for a view, which need not run yet.
    ///
    /// - Parameter isUser: whether a container that is written down as a user of a port still is one.
    /// - Throws: `NetworkError`, `SystemError`, `JSONError`.
    func reserve(
        _ view: NameView, on network: NetworkDefinition, for user: String, isUser: (String, UInt16) throws -> Bool
    ) throws -> Resolver {
        let lock = try store.lock()
        defer { lock.hold() }
        try removeUnused(isUser)
        let known = try ports()
        let gateways = network.subnets.map(\.gateway)
        let port = try known.first { try read($0) == view } ?? freePort(but: known, gateways.map(\.family))
        try StoredFile.makeFolder(users(of: port), mode: 0o755, parents: 0o755)
        try AtomicFile.write(view.jsonBytes(), to: self.view(of: port))
        try StoredFile.write(path(of: user, port), "", mode: 0o600)
        return Resolver(port: port, gateways: gateways)
    }

    /// Makes sure that the server runs; the bridge of its first network is up.
    ///
    /// - Throws: `NetworkError`, `SystemError`, `JSONError`.
    func start(_ program: String, _ resolver: Resolver) throws {
        let folder = folder(of: resolver.port)
        guard !NameServer(in: folder).isRunning else { return }
        let lock = try store.lock()
        defer { lock.hold() }
        guard !NameServer(in: folder).isRunning, let view = try read(resolver.port) else { return }
        let networks = try view.networks.compactMap { try store.find($0) }
        let services = networks.map { NameService(of: $0, paths: store.paths) }
        for service in services { try service.makeFolder() }
        // What only internal networks ask must not leave this host (CVE-2024-29018).
        let isClosed = networks.allSatisfy(\.isInternal)
        let server = NameServer(
            in: folder, listening: resolver.gateways, port: resolver.port, names: services.map(\.hosts),
            servers: isClosed ? [] : view.servers.isEmpty ? nil : view.servers)
        try server.start(program, for: "networks \(view.networks.joined(separator: ", "))")
    }

    /// Ends the servers that nobody uses any more.
    ///
    /// - Parameter isUser: whether a container that is written down as a user of a port still is one.
    /// - Throws: `SystemError`.
    func collect(_ isUser: (String, UInt16) throws -> Bool) throws {
        guard StoredFile.exists(folder) else { return }
        let lock = try store.lock()
        defer { lock.hold() }
        try removeUnused(isUser)
    }

    /// Ends every server that shows names of a network that nobody is on; the caller holds the lock.
    ///
    /// - Throws: `SystemError`, `JSONError`.
    func removeAll(showing network: String) throws {
        for port in try ports() where try read(port)?.networks.contains(network) ?? true { try remove(port) }
    }

    private func removeUnused(_ isUser: (String, UInt16) throws -> Bool) throws {
        for port in try ports() {
            var isUsed = false
            for user in try StoredFile.names(in: users(of: port)) {
                if try isUser(user, port) { isUsed = true } else { try StoredFile.remove(path(of: user, port)) }
            }
            if !isUsed { try remove(port) }
        }
    }

    private func remove(_ port: UInt16) throws {
        try NameServer(in: folder(of: port)).stop()
        try FileTree.remove(folder(of: port))
        if try ports().isEmpty { try FileTree.remove(folder) }
    }

    private func ports() throws -> [UInt16] { try StoredFile.names(in: folder).compactMap { UInt16($0) }.sorted() }

    private func read(_ port: UInt16) throws -> NameView? {
        try StoredFile.read(view(of: port)).map { try NameView(jsonBytes: $0) }
    }

    /// A port that neither another server nor another program has.
    private func freePort(but known: [UInt16], _ families: [IPFamily]) throws -> UInt16 {
        for port in NamePort.ofViews where !known.contains(port) {
            let mappings = [TransportProtocol.udp, .tcp].map {
                PortMapping($0, hostAddress: nil, hostPorts: port...port, containerPort: NamePort.standard)
            }
            guard let held = try? HeldPorts(mappings, families: families) else { continue }
            held.release()
            return port
        }
        throw NetworkError.port("no port of \(NamePort.ofViews) is free for a name server")
    }
}
