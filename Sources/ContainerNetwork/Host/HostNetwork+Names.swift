public import LinuxNetwork
internal import LinuxSystem

/// The name servers of networks.
extension HostNetwork {
    var nameServers: NameServerStore { NameServerStore(store: store) }

    /// Lets others on a network find a container by names, where there is a name server; the network's bridge is up.
    ///
    /// - Returns: whether there is one.
    /// - Throws: `NetworkError`, `SystemError`, `JSONError`.
    public func publish(_ names: [String], of container: String, _ endpoint: Endpoint, on network: NetworkDefinition)
        throws -> Bool
    {
        guard NetworkNames.areServed else { return false }
        let own = NetworkNames(of: network, paths: store.paths)
        try own.makeFolder()
        try own.publish(names + endpoint.aliases, of: container, addresses: endpoint.addresses)
        try reviveNames(on: network)
        return true
    }

    /// Starts a network's name server again if it has ended.
    ///
    /// - Throws: `NetworkError`, `SystemError`.
    public func reviveNames(on network: NetworkDefinition) throws {
        guard let program = NameServer.program, let address = try nameServers.address(of: network) else { return }
        try nameServers.start(program, address)
    }

    /// Ends the name servers that show a network that nobody is on; the caller holds the lock of the networks.
    func stopNames(on network: NetworkDefinition) throws {
        try nameServers.removeAll(showing: network.name)
        try FileTree.remove(NetworkNames(of: network, paths: store.paths).folder)
    }

    // MARK: - Tasks

    /// Starts the name server of a task if it needs one of its own and has none that runs.
    ///
    /// - Parameters:
    ///   - network: the task's.
    ///   - namespace: its network namespace.
    ///   - folder: of what it has while the machine runs.
    /// - Throws: `NetworkError`, `SystemError`.
    public func startNames(
        ofTaskOn network: NetworkDefinition, in namespace: borrowing NetworkNamespace, folder: String
    ) throws {
        guard let program = NameServer.program, !network.isServedByHost else { return }
        try TaskNames(on: network, paths: store.paths, folder: folder).start(program, in: namespace)
    }

    /// Ends the name server of a task, if it has one of its own.
    ///
    /// - Parameter folder: of what it has while the machine runs.
    /// - Throws: `SystemError`.
    public func stopNames(ofTask folder: String) throws { try NameServer(in: folder).stop() }

    // MARK: - Views

    /// Makes a container a user of the name server for a view, which need not run yet.
    ///
    /// - Parameters:
    ///   - view: what it is told.
    ///   - network: the first one of the view.
    ///   - user: the container's id.
    ///   - isUser: tells which other users there still are.
    /// - Returns: nil where the network's own server will do, or there are none.
    /// - Throws: `NetworkError`, `SystemError`, `JSONError`.
    public func reserveResolver(
        for view: NameView, on network: NetworkDefinition, user: String, isUser: ResolverUserCheck
    ) throws -> Resolver? {
        guard NetworkNames.areServed, !view.isOneNetwork, let gateway = network.subnet(.v4)?.gateway else { return nil }
        return try nameServers.reserve(view, gateway: gateway, for: user, isUser: isUser)
    }

    /// Makes sure that a name server runs.
    ///
    /// - Throws: `NetworkError`, `SystemError`, `JSONError`.
    public func start(_ resolver: Resolver) throws {
        guard let program = NameServer.program else { return }
        try nameServers.start(program, resolver.server)
    }

    /// The file by which a container uses a name server, for its supervisor to remove.
    public func path(of user: String, on resolver: Resolver) -> String { nameServers.path(of: user, resolver.server) }

    /// Ends the name servers for views that nobody has any more.
    ///
    /// - Throws: `SystemError`, `JSONError`.
    public func collectResolvers(isUser: ResolverUserCheck) throws { try nameServers.collect(isUser) }
}
