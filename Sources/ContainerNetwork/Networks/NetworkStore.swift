internal import LinuxNetwork
internal import LinuxSystem
internal import OCISpec

/// The networks of an engine.
///
/// Each has a folder with its definition and its leases. The definition is written whole or not at all; a folder without one
/// is what a crash left of a network being made or removed, and the next to use the name takes it over.
public struct NetworkStore: Sendable {
    /// Where they are.
    public let paths: NetworkPaths

    /// The networks below a folder.
    public init(paths: NetworkPaths) {
        self.paths = paths
    }

    /// The network of this name or id; nil when there is none.
    ///
    /// The beginning of an id will do if it is one network's only.
    ///
    /// - Throws: `SystemError`, `JSONError`.
    public func find(_ name: String) throws -> NetworkDefinition? {
        guard !name.isEmpty, !name.hasSlash, name != ".", name != ".." else { return nil }
        if let exact = try read(name) { return exact }
        guard name.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else { return nil }
        let matches = try all { _ in }.filter { $0.id.hasPrefix(name) }
        return matches.count == 1 ? matches.first : nil
    }

    private func read(_ name: String) throws -> NetworkDefinition? {
        let path = paths.record(of: name)
        guard let bytes = try StoredFile.read(path) else { return nil }
        do {
            return try NetworkDefinition(jsonBytes: bytes)
        } catch {
            throw NetworkError.damagedRecord(path: path, reason: "\(error)")
        }
    }

    /// All networks, by name.
    ///
    /// - Parameter damaged: hears of those whose record cannot be read; they are not in the list.
    /// - Throws: `NetworkError`, `SystemError`.
    public func all(damaged: (NetworkError) throws -> Void = { throw $0 }) throws -> [NetworkDefinition] {
        var (result, incomplete): ([NetworkDefinition], [String]) = ([], [])
        for name in try StoredFile.names(in: paths.networks).sorted() {
            do {
                if let network = try read(name) { result.append(network) } else { incomplete.append(name) }
            } catch let error as NetworkError {
                try damaged(error)
            }
        }
        if !incomplete.isEmpty { try removeRemains(incomplete) }
        return result
    }

    /// Removes folders of networks that a crash interrupted the making or removing of, unless somebody is just at it.
    private func removeRemains(_ names: [String]) throws {
        guard let lock = try FolderLock.tryAcquire(paths.networks) else { return }
        defer { lock.hold() }
        for name in names where !StoredFile.exists(paths.record(of: name)) {
            try FileTree.remove(paths.folder(of: name))
        }
    }

    /// The network of this name; the default one is made when it is missing.
    ///
    /// - Parameter created: the present, by RFC 3339.
    /// - Throws: `NetworkError`, `SystemError`, `JSONError`.
    public func network(named name: String, created: @autoclosure () -> String) throws -> NetworkDefinition {
        if let found = try find(name) { return found }
        guard name == NetworkDefinition.defaultName || name == NetworkDefinition.defaultTaskName else {
            throw NetworkError.noSuchNetwork(name)
        }
        do {
            var request = NetworkRequest(name: name)
            if name == NetworkDefinition.defaultTaskName { request.driver = .routed }
            return try create(request, created: created())
        } catch NetworkError.nameInUse {
            // Somebody else was faster.
            guard let found = try find(name) else { throw NetworkError.noSuchNetwork(name) }
            return found
        }
    }

    /// Makes a network; its bridge comes with its first container.
    ///
    /// - Throws: `NetworkError`, `SystemError`, `JSONError`.
    public func create(_ request: NetworkRequest, created: String) throws -> NetworkDefinition {
        try Self.check(request)
        let lock = try lock()
        defer { lock.hold() }
        let others = try all()
        guard !others.contains(where: { $0.name == request.name }) else { throw NetworkError.nameInUse(request.name) }
        let id = try RandomBytes.hexadecimal(32)
        let subnets = try chooseSubnets(request, others: others)
        var definition = NetworkDefinition(name: request.name, id: id, created: created, subnets: subnets)
        definition.driver = request.driver
        definition.parent = request.parent
        definition.isInternal = request.isInternal
        definition.isIsolated = request.isIsolated
        definition.masquerades = request.masquerades
        definition.mtu = request.mtu
        definition.labels = request.labels
        definition.options = request.options
        try StoredFile.makeFolder(paths.folder(of: request.name))
        // Leases of a network that once had the name are nobody's.
        try FileTree.remove(paths.leases(of: request.name))
        try AtomicFile.write(definition.jsonBytes(), to: paths.record(of: request.name), isFlushed: true)
        return definition
    }

    /// Checks what must hold whoever asks: a name becomes a path, and the kernel refuses the rest only when a container starts.
    private static func check(_ request: NetworkRequest) throws {
        let letters = request.name.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || [45, 46, 95].contains($0)
        }
        guard letters, (1...64).contains(request.name.utf8.count), request.name.first != ".", request.name.first != "-"
        else {
            throw NetworkError.invalid("invalid network name: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, at most 64")
        }
        for subnet in request.subnets {
            let gateway = subnet.gateway
            guard subnet.network.contains(gateway), gateway != subnet.network.first,
                gateway.family == .v6 || gateway != subnet.network.last
            else {
                throw NetworkError.address(
                    "gateway \(gateway) is no host's address in \(subnet.network); choose another one")
            }
        }
        let hasIPv6 = request.hasIPv6 || request.subnets.contains { $0.network.address.family == .v6 }
        // RFC 8200, section 5.
        if hasIPv6, let mtu = request.mtu, mtu < 1280 {
            throw NetworkError.invalid("an MTU of \(mtu) is too small for IPv6, which needs 1280; choose a larger one")
        }
    }

    /// Removes a network that nobody uses, with its bridge.
    ///
    /// - Throws: `NetworkError.inUse`, `SystemError`.
    public func remove(_ definition: NetworkDefinition, takingDown: (NetworkDefinition) throws -> Void) throws {
        let lock = try lock()
        defer { lock.hold() }
        // Without it nobody leases an address between the look at the leases and the end.
        guard let own = try FolderLock.acquire(paths.folder(of: definition.name)) else {
            throw NetworkError.noSuchNetwork(definition.name)
        }
        defer { own.hold() }
        let leases = AddressLeases(paths: paths, network: definition)
        let users = try leases.holders()
        guard users.isEmpty else { throw NetworkError.inUse(network: definition.name, users: users) }
        try takingDown(definition)
        try StoredFile.remove(paths.record(of: definition.name))
        try FileTree.remove(paths.folder(of: definition.name))
    }

    /// The lock that is held while networks are made, brought up and removed.
    func lock() throws -> FolderLock {
        try StoredFile.makeFolder(paths.networks)
        guard let lock = try FolderLock.acquire(paths.networks) else {
            throw SystemError("lock", paths.networks, .noSuchFile)
        }
        return lock
    }

    // MARK: - Subnets

    private func chooseSubnets(_ request: NetworkRequest, others: [NetworkDefinition]) throws -> [Subnet] {
        var taken = others.flatMap { $0.subnets.map(\.network) }
        for family in IPFamily.allCases { taken += try Route.all(family).map(\.destination) }
        let pool = AddressPool(taken: taken, seed: paths.number)
        var result: [Subnet] = []
        for given in request.subnets {
            if let reserved = AddressPool.reserved.first(where: { $0.overlaps(given.network) }) {
                throw NetworkError.address(
                    "cannot use subnet \(given.network): addresses of \(reserved) are not for interfaces; choose another one"
                )
            }
            // Tasks on a LAN have addresses of the host's own network there.
            let isShared = request.driver == .macvlan
            if !isShared, let other = taken.first(where: { $0.overlaps(given.network) }) {
                throw NetworkError.address(
                    "cannot use subnet \(given.network): it overlaps \(other), which another network or a route of this host "
                        + "has; choose another one")
            }
            result.append(given)
        }
        if !result.contains(where: { $0.network.address.family == .v4 }) {
            guard let network = pool.freeIPv4() else {
                throw NetworkError.address("cannot find a free IPv4 subnet: all are in use; give one with --subnet")
            }
            result.append(Subnet(network))
        }
        if request.hasIPv6, !result.contains(where: { $0.network.address.family == .v6 }) {
            guard let network = pool.freeIPv6(random: try RandomBytes.make(8)) else {
                throw NetworkError.address("cannot find a free IPv6 subnet; give one with --subnet")
            }
            result.append(Subnet(network))
        }
        return result.sorted { $0.network.address < $1.network.address }
    }
}

/// What is asked for when a network is made.
public struct NetworkRequest: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Subnets; those that are missing are chosen.
    public var subnets: [Subnet] = []
    /// See `NetworkDefinition`.
    public var driver = NetworkDriver.bridge
    /// See `NetworkDefinition`.
    public var parent: String?
    /// Whether it has IPv6 addresses even when no subnet of them is given.
    public var hasIPv6 = false
    /// See `NetworkDefinition`.
    public var isInternal = false
    /// See `NetworkDefinition`.
    public var isIsolated = false
    /// See `NetworkDefinition`.
    public var masquerades = true
    /// See `NetworkDefinition`.
    public var mtu: UInt32?
    /// Labels.
    public var labels: [String: String] = [:]
    /// Options as they were given.
    public var options: [String: String] = [:]

    /// A network of this name with everything else chosen for it.
    public init(name: String) {
        self.name = name
    }
}
