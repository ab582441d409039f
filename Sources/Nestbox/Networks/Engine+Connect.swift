public import ContainerNetwork
internal import LinuxNetwork
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

/// Changing the networks of a container that is there.
///
/// What is about to be made or removed is written down as unfinished before, and as finished at the end. A crash in between
/// leaves what the next look at the container removes (``settleNetworks(of:)``).
extension Engine {
    /// Puts a container on one more network; a running one gets the interface at once.
    ///
    /// - Returns: what could not be had, a line each.
    /// - Throws: `EngineError`.
    @discardableResult
    public func connect(_ container: Container, to request: EndpointRequest) throws(EngineError) -> [String] {
        try EngineError.wrapping {
            let warnings = try change(container) { endpoints, name in
                guard let network = try hostNetwork.store.find(request.network) else {
                    throw NetworkError.noSuchNetwork(request.network)
                }
                guard !endpoints.contains(where: { $0.network == network.name }) else {
                    throw EngineError.invalidConfiguration(
                        "container \(name) is on network \(network.name) already; disconnect it first")
                }
                return endpoints + (try leaseEndpoints([request], for: container.id))
            }
            if let network = try hostNetwork.store.find(request.network) {
                tell("connect", network, container: container.id)
            }
            return warnings
        }
    }

    /// Takes a container off a network; a running one loses the interface at once.
    ///
    /// - Returns: what could not be had of what is left, a line each.
    /// - Throws: `EngineError`.
    @discardableResult
    public func disconnect(
        _ container: Container, from network: NetworkDefinition
    ) throws(EngineError) -> [String] {
        try EngineError.wrapping {
            let warnings = try change(container) { endpoints, name in
                guard endpoints.contains(where: { $0.network == network.name }) else {
                    throw EngineError.invalidConfiguration("container \(name) is not on network \(network.name)")
                }
                return endpoints.filter { $0.network != network.name }
            }
            tell("disconnect", network, container: container.id)
            return warnings
        }
    }

    /// Gives a container other places on networks, and a running one the interfaces that belong to them.
    private func change(
        _ container: Container, _ body: (_ endpoints: [Endpoint], _ name: String) throws -> [Endpoint]
    ) throws -> [String] {
        guard case .networks = container.configuration.network else {
            throw EngineError.invalidConfiguration(
                "container \(container.name) has no networks of its own (--network "
                    + "\(container.configuration.network.text)); make it anew with --network")
        }
        guard let lock = try lock(container.id) else { throw EngineError.noSuchContainer(container.name) }
        defer { lock.hold() }
        guard let current = try repair(paths.container(container.id)) else {
            throw EngineError.noSuchContainer(container.name)
        }
        guard !current.isRestarting else {
            throw EngineError.notRunning(container: container.id, status: current.status)
        }
        try settle(current)
        let old = try endpoints(of: current.record)
        try write(EndpointList(old, isChanging: true), of: container.id)
        do {
            let new = try withWayOutFirst(try body(old, container.name))
            var warnings: [String] = []
            if let process = current.state.process, current.isRunning, let state = try networkState(of: container.id) {
                warnings = try rewire(state, to: new, of: current, process)
            }
            releaseEndpoints(old.filter { !new.contains($0) }, of: container.id)
            try write(EndpointList(new, isChanging: false), of: container.id)
            return warnings
        } catch {
            try? settle(current)
            if current.isRunning, current.state.process?.isAlive == false {
                throw EngineError.notRunning(container: container.id, status: "exited")
            }
            throw error
        }
    }

    private func write(_ list: EndpointList, of id: String) throws {
        try AtomicFile.write(
            list.jsonBytes(), to: paths.container(id).endpoints, isFlushed: !list.isChanging)
    }

    private func rewire(
        _ old: NetworkState, to endpoints: [Endpoint], of container: Container, _ process: ProcessIdentity
    ) throws -> [String] {
        let namespace = try networkNamespace(of: container, process)
        let host = hostNetwork
        var state = old
        state.attachments.removeAll { !endpoints.contains($0.endpoint) }
        let removed = old.attachments.filter { !state.attachments.contains($0) }
        var added: [(attachment: Attachment, network: NetworkDefinition)] = []
        var names = Set(old.attachments.map(\.interface))
        for endpoint in endpoints where !old.attachments.contains(where: { $0.endpoint == endpoint }) {
            guard let network = try host.store.find(endpoint.network) else {
                throw NetworkError.noSuchNetwork(endpoint.network)
            }
            let number = (0...).first { !names.contains("eth\($0)") } ?? 0
            names.insert("eth\(number)")
            added.append((try Attachment(of: endpoint, on: network, interface: "eth\(number)"), network))
        }
        state.resolver = try reserveResolver(for: container.record, endpoints)
        state.unfinished = added.map(\.attachment) + removed
        try AtomicFile.write(state.jsonBytes(), to: paths.container(container.id).networkState)
        state.unfinished = []
        let all = state.attachments + added.map(\.attachment)
        state.attachments = endpoints.compactMap { endpoint in all.first { $0.endpoint == endpoint } }
        // Before the interfaces: none of them is there for a moment without its sender being checked.
        do throws(SystemError) {
            try host.firewall.replace(old, with: state)
        } catch {
            guard error.errno == .noSuchFile else { throw error }
            try host.reinstallFirewall { try runningNetworkStates() }
        }
        for (attachment, network) in added {
            let isWayOut = state.attachments.first == attachment
            try host.connect(attachment, to: network, in: namespace, isWayOut: isWayOut)
        }
        try detach(removed, of: container.id)
        try write(state, of: container.record)
        return try finishChange(to: state, from: old, of: container.record, in: namespace)
    }

    private func networkNamespace(of container: Container, _ process: ProcessIdentity) throws -> NetworkNamespace {
        let namespace = try NetworkNamespace(of: process.pid)
        // Looked at after the namespace was opened: the pid was the container's then.
        guard process.isAlive else { throw EngineError.notRunning(container: container.id, status: "exited") }
        return namespace
    }

    /// Brings up to date what depends on all networks of a container together: its way out, its names and name server, its files.
    ///
    /// - Returns: what could not be had, a line each.
    private func finishChange(
        to state: NetworkState, from old: NetworkState, of record: ContainerRecord,
        in namespace: borrowing NetworkNamespace
    ) throws -> [String] {
        let host = hostNetwork
        if let resolver = old.resolver, resolver != state.resolver {
            try StoredFile.remove(host.path(of: record.id, on: resolver))
        }
        // A kernel without a list of connections has none that could be wrong for long.
        if old.resolver != state.resolver { try? host.firewall.forgetQuestions(of: state) }
        try collectResolvers()
        let networks = try state.attachments.compactMap { try host.store.find($0.endpoint.network) }
        if let first = state.attachments.first, let network = networks.first {
            try host.makeWayOut(first, on: network, in: namespace)
        }
        let warnings = publishNames(record.networkNames, of: record.id, state, networks)
        try rewriteFiles(of: record, state)
        return warnings
    }

    // MARK: - After a crash

    /// Removes what an interrupted change of a container's networks has left, and puts the firewall back if somebody else has
    /// removed it.
    ///
    /// - Parameter damaged: hears of records that cannot be read.
    func settleNetworks(
        of containers: [Container], damaged: (EngineError) throws -> Void = { throw $0 }
    ) throws {
        var needsFirewall = false
        for container in containers {
            switch container.configuration.network {
            case .task: if container.isRunning { needsFirewall = true }
            case .host, .none, .container: continue
            case .networks: break
            }
            do {
                if try settleIfNeeded(container) { needsFirewall = true }
            } catch let error as EngineError {
                guard case .damagedRecord = error else { throw error }
                try damaged(error)
            }
        }
        try collectResolvers()
        guard needsFirewall else { return }
        try restoreFirewall()
        let names = Set(containers.filter(\.isRunning).flatMap { $0.configuration.network.requests.map(\.network) })
        for name in names.sorted() {
            // Without names containers are still of use.
            if let network = try? hostNetwork.store.find(name) { try? hostNetwork.reviveNames(on: network) }
        }
        for name in Set(containers.filter(\.isRunning).compactMap(\.record.task)) {
            guard let task = try? taskNetwork(name), let lock = try FolderLock.tryAcquire(paths.task(name).folder)
            else { continue }
            defer { lock.hold() }
            try? bringUp(task)
        }
        for resolver in Set(containers.compactMap { (try? networkState(of: $0.id))?.resolver }) {
            try? hostNetwork.start(resolver)
        }
    }

    /// - Returns: whether the container has anything of the host's network.
    private func settleIfNeeded(_ container: Container) throws -> Bool {
        let state = container.isRunning ? try networkState(of: container.id) : nil
        guard try isUnsettled(container, state) else { return state != nil }
        // Whoever holds the lock is just changing them.
        guard let lock = try FolderLock.tryAcquire(paths.container(container.id).folder) else { return state != nil }
        defer { lock.hold() }
        do {
            try settle(container)
        } catch {
            // Its end takes all of it back.
            if container.state.process?.isAlive != false { throw error }
        }
        return state != nil
    }

    private func isUnsettled(_ container: Container, _ state: NetworkState?) throws -> Bool {
        if state?.unfinished.isEmpty == false { return true }
        guard let list = try endpointList(of: container.id) else { return false }
        return list.isChanging || state.map { $0.attachments.map(\.endpoint) != list.endpoints } ?? false
    }

    /// The caller holds the container's lock.
    private func settle(_ container: Container) throws {
        let id = container.id
        // Looked at again: it may have ended before its lock was taken.
        let isRunning = try readState(paths.container(id)).status == .running
        let state = isRunning ? try networkState(of: id) : nil
        guard try isUnsettled(container, state) else { return }
        let endpoints = try endpoints(of: container.record)
        var kept = endpoints
        if let old = state, let process = container.state.process {
            // Its supervisor is just taking all of it back.
            guard process.isAlive else { return }
            let namespace = try networkNamespace(of: container, process)
            let attachments = old.attachments.filter { endpoints.contains($0.endpoint) }
            try detach(old.all.filter { !attachments.contains($0) }, of: id)
            kept = attachments.map(\.endpoint)
            var new = NetworkState(attachments: attachments, ports: old.ports)
            new.resolver = try reserveResolver(for: container.record, kept)
            try write(new, of: container.record)
            try hostNetwork.reinstallFirewall { try runningNetworkStates() }
            _ = try finishChange(to: new, from: old, of: container.record, in: namespace)
        }
        try releaseAllEndpoints(of: id, but: kept)
        try write(EndpointList(kept, isChanging: false), of: id)
    }
}
