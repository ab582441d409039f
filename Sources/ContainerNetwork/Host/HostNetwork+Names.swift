public import LinuxNetwork

/// The name servers of networks.
extension HostNetwork {
    /// Lets others on a network find a container by names, where there is a name server.
    ///
    /// - Returns: whether there is one.
    /// - Throws: `NetworkError`, `SystemError`.
    public func publish(_ names: [String], of container: String, _ endpoint: Endpoint, on network: NetworkDefinition)
        throws -> Bool
    {
        guard let service = try startedNames(on: network) else { return false }
        try service.publish(names + endpoint.aliases, of: container, addresses: endpoint.addresses)
        return true
    }

    /// The names on a network, whose server runs; nil where there is none.
    private func startedNames(on network: NetworkDefinition) throws -> NameService? {
        guard let program = NameServer.program else { return nil }
        let service = NameService(of: network, paths: store.paths)
        if network.isServedByHost {
            try service.start(program, lock: store.lock)
        } else {
            try service.makeFolder()
        }
        return service
    }

    /// Starts a network's name server again if it has ended.
    ///
    /// - Throws: `NetworkError`, `SystemError`.
    public func reviveNames(on network: NetworkDefinition) throws {
        _ = try startedNames(on: network)
    }

    /// Ends the name servers that show a network that nobody is on; the caller holds the lock of the networks.
    func stopNames(on network: NetworkDefinition) throws {
        try resolvers.removeAll(showing: network.name)
        try NameService(of: network, paths: store.paths).stop()
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

    private var resolvers: ResolverStore { ResolverStore(store: store) }

    /// Makes a container a user of the name server for a view, which need not run yet.
    ///
    /// - Parameters:
    ///   - view: what it is told.
    ///   - network: the first one of the view.
    ///   - user: the container's id.
    ///   - isUser: whether a container that is written down as a user of a port still is one.
    /// - Returns: nil where a network's own server will do, or there are none.
    /// - Throws: `NetworkError`, `SystemError`, `JSONError`.
    public func reserveResolver(
        for view: NameView, on network: NetworkDefinition, user: String, isUser: (String, UInt16) throws -> Bool
    ) throws -> Resolver? {
        guard NameService.isAvailable, !view.isOneNetwork else { return nil }
        return try resolvers.reserve(view, on: network, for: user, isUser: isUser)
    }

    /// Makes sure that a name server runs; the bridge of its first network is up.
    ///
    /// - Throws: `NetworkError`, `SystemError`, `JSONError`.
    public func start(_ resolver: Resolver) throws {
        guard let program = NameServer.program else { return }
        try resolvers.start(program, resolver)
    }

    /// The file by which a container uses a name server, for its supervisor to remove.
    public func path(of user: String, on resolver: Resolver) -> String { resolvers.path(of: user, resolver.port) }

    /// Ends the name servers for views that nobody has any more.
    ///
    /// - Parameter isUser: whether a container that is written down as a user of a port still is one.
    /// - Throws: `SystemError`.
    public func collectResolvers(isUser: (String, UInt16) throws -> Bool) throws {
        try resolvers.collect(isUser)
    }
}
