internal import ContainerNetwork
internal import Glibc
internal import LinuxNetwork
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

extension Engine {
    /// Makes a container and starts it: what `create` and `start` do, without looking anything up twice.
    ///
    /// - Parameters:
    ///   - configuration: what it is made of.
    ///   - attached: whether a socket with its streams comes back.
    ///   - terminalSize: the size of its terminal from the start.
    /// - Throws: `EngineError`; `.startFailed` carries the exit code 125, 126 or 127. A `--rm` container that could not be
    ///   started is gone then.
    public func run(
        _ configuration: ContainerConfiguration, attached: Bool, terminalSize: TerminalSize? = nil
    ) throws(EngineError) -> RunningContainer {
        try EngineError.wrapping {
            let runtime = try runtime()
            let ahead = supervisorAhead()
            var new = try claim(configuration)
            let record = new.record
            var isWritten = false
            defer { new.lock.hold() }
            do {
                var input = new.input
                input.terminalSize = terminalSize
                let process = try launch(record, input, new.lock, runtime: runtime, ahead, attached: attached) {
                    try write(new)
                    isWritten = true
                }
                return RunningContainer(id: record.id, name: record.name, process: process)
            } catch {
                // One without `--rm` was made all the same, and says why it does not run.
                if !isWritten, !record.configuration.autoRemove { isWritten = (try? write(new)) != nil }
                // Its own hold would keep its volumes from being removed.
                new.letGo()
                if isWritten {
                    try recordFailedStart(of: record, error)
                } else {
                    discard(new)
                }
                throw error
            }
        }
    }

    /// Starts a container that is not running.
    ///
    /// - Parameters:
    ///   - container: the container.
    ///   - attached: whether a socket with its streams comes back; without one nobody hears its first output but the log.
    ///   - terminalSize: the size of its terminal from the start.
    /// - Throws: `EngineError`: `.alreadyRunning`, `.paused`, `.busy`, `.startFailed` with exit code 125, 126 or 127.
    public func start(
        _ container: Container, attached: Bool, terminalSize: TerminalSize? = nil
    ) throws(EngineError) -> StartedProcess {
        try EngineError.wrapping {
            let runtime = try runtime()
            let ahead = supervisorAhead()
            let paths = paths.container(container.id)
            guard let lock = try lock(container.id) else {
                throw EngineError.noSuchContainer(container.name)
            }
            defer { lock.hold() }
            guard let current = try repair(paths) else {
                throw EngineError.noSuchContainer(container.name)
            }
            guard !current.isPaused else { throw EngineError.paused(container: container.id) }
            guard !current.isActive else { throw EngineError.alreadyRunning(container: container.id) }
            let record = current.record
            do {
                // A supervisor that was killed while it started the container has left a process that is just dying.
                if try cgroup(of: current).isPopulated() { try killCgroup(of: record) }
                try limitStorage(of: record)
                let facts = try HostFacts(gatheredFor: record.configuration)
                var input = specificationInput(of: record, facts: facts)
                input.terminalSize = terminalSize
                return try launch(record, input, lock, runtime: runtime, ahead, attached: attached)
            } catch {
                try recordFailedStart(of: record, error)
                throw error
            }
        }
    }

    /// Hands a locked container to its supervisor and waits for the news that its process runs.
    ///
    /// The supervisor has a part in the lock until then: this process may be killed, and what it has begun goes on or is taken back.
    ///
    /// - Parameters:
    ///   - ahead: a supervisor that was started for it.
    ///   - complete: puts on the disk what is not there yet, while the supervisor begins.
    private func launch(
        _ record: ContainerRecord, _ input: SpecificationInput, _ lock: FolderLock, runtime: RuntimeLauncher,
        _ ahead: consuming StartedAhead?, attached: Bool, complete: () throws -> Void = {}
    ) throws -> StartedProcess {
        defer { lock.hold() }
        let folders = try VolumeFolders(of: record, paths)
        var request = try launchRequest(for: record, folders.applied(to: input))
        request.lockDescriptor = lock.folder.rawValue
        request.waitsForFiles = true
        try StoredFile.makeFolder(paths.container(record.id).runFolder)
        let wiring = try ContainerWiring(record, self)
        defer { wiring?.release() }
        request.waitsForNetwork = wiring != nil
        request.heldDescriptors = wiring?.descriptors ?? []
        do {
            var process = try runtime.run(
                RuntimeLauncher.supervisor, ahead, request: request.jsonBytes(), attached: attached,
                inheriting: folders.descriptors + [lock.folder.rawValue] + request.heldDescriptors,
                isAwaited: true,
                meanwhile: {
                    try complete()
                    try writeFiles(of: record, input, wiring)
                    try wiring?.prepare()
                },
                makeInterfaces: { try wiring?.makeInterfaces($0) })
            if attached { tell("attach", record) }
            tell("start", record)
            process.warnings += wiring?.warnings ?? []
            let isHost = record.configuration.network == .host
            if isHost, record.configuration.ports.contains(where: { !$0.isOwnPort }) {
                process.warnings.append("ports are not mapped on the host's network")
            }
            return process
        } catch {
            // The supervisor has done so, too, if it came that far; but it may have failed, and removed the record of it, before
            // the last of it was there.
            if let wiring { try? withdrawNetwork(of: record.id, wiring.state) }
            throw error
        }
    }

    /// Writes what a start needs to find on the disk.
    private func writeFiles(of record: ContainerRecord, _ input: SpecificationInput, _ wiring: ContainerWiring?) throws
    {
        if record.configuration.autoRemove { try openNameDoor(of: record.id) }
        try prepareRestarts(of: record)
        try writeEventAttributes(of: record)
        try ContainerFiles.write(input, try surroundings(of: record, wiring))
    }

    private func surroundings(of record: ContainerRecord, _ wiring: ContainerWiring?) throws -> NameSurroundings {
        var result = wiring?.surroundings ?? NameSurroundings()
        switch record.configuration.network {
        case .host:
            try checkHostPorts(of: record)
            result.hosts = try StoredFile.readText("/etc/hosts")
            // Its servers are the host's own, on its loopback, too, unless others are asked for.
            if record.configuration.names == NameConfiguration() {
                result.resolver = try StoredFile.readText("/etc/resolv.conf")
            }
        case .container:
            guard let joined = record.joined else { break }
            let partner = paths.container(joined)
            result.hosts = try StoredFile.readText(partner.hosts)
            result.resolver = try StoredFile.readText(partner.resolv)
        case .task(let name):
            let task = try taskNetwork(name)
            let network = try network(task.endpoint.network)
            let gateways = network.subnets.map(\.gateway)
            result.addresses = task.endpoint.addresses
            result.gateway = gateways.first
            result.servers = record.asksNetworkServers([]) ? network.nameServers : nil
        case .networks, .none: break
        }
        result.links = try links(of: record)
        return result
    }

    /// Tells a running container of its new networks: its files are mounted, so they are written in place.
    func rewriteFiles(of record: ContainerRecord, _ state: NetworkState) throws {
        let networks = try state.attachments.compactMap { try hostNetwork.store.find($0.endpoint.network) }
        let usesServers = record.asksNetworkServers(state.attachments.map(\.endpoint))
        var surroundings = NameSurroundings(state, networks, usesNetworkServers: usesServers)
        surroundings.links = try links(of: record)
        let facts = try HostFacts(gatheredFor: record.configuration)
        try ContainerFiles.write(specificationInput(of: record, facts: facts), surroundings)
    }

    /// Lines of /etc/hosts for `--link`: the other container's address on a network that both are on, and its names.
    private func links(of record: ContainerRecord) throws -> [String] {
        let own = try endpoints(of: record).map(\.network)
        return try record.configuration.names.links.flatMap { link in
            let parts = link.split(separator: ":").map(String.init)
            let other = try container(parts[0])
            let endpoints = try endpoints(of: other.record)
            guard let endpoint = endpoints.first(where: { own.contains($0.network) }) else {
                throw EngineError.invalidConfiguration(
                    "cannot link to container \(other.name): it is on none of this container's networks")
            }
            let names = Set([parts[parts.count - 1], other.name, String(other.id.prefix(12))]).sorted()
            return endpoint.addresses.map { "\($0)\t\(names.joined(separator: " "))" }
        }
    }

    /// Refuses to start a container in the host's network whose ports somebody else has: its program would only fail later.
    private func checkHostPorts(of record: ContainerRecord) throws {
        // Others are mappings, which this network does not have.
        let ports = record.configuration.ports.filter(\.isOwnPort).map {
            mapping in
            PortMapping(
                mapping.transport, hostAddress: mapping.hostAddress,
                hostPorts: mapping.containerPort...mapping.containerPort, containerPort: mapping.containerPort)
        }
        try HeldPorts(ports, families: [.v4]).release()
    }

    func launchRequest(for record: ContainerRecord, _ given: SpecificationInput) throws -> LaunchRequest {
        var input = given
        var joinedProcess: ProcessIdentity?
        if let joined = record.joined {
            let partner = try runningPartner(joined)
            joinedProcess = partner.state.process
            input = given.withJoinedNamespaces(of: partner, process: joinedProcess)
        }
        if let name = record.task {
            let task = try taskNetwork(name)
            guard let lock = try FolderLock.acquire(self.paths.task(name).folder) else {
                throw EngineError.failure("task \(name) was removed; make the container anew")
            }
            defer { lock.hold() }
            try bringUp(task)
            try restoreFirewall()
            input = input.withNamespaces(of: self.paths.task(name))
        }
        let configuration = record.configuration
        let paths = paths.container(record.id)
        for mount in configuration.mounts where mount.kind == .bind { try prepareSource(of: mount) }
        let output = try input.specification()
        let lower = try MountPointLayer.added(to: layerFolders(of: record), at: self.paths.mountPoints)
        var request = LaunchRequest(
            id: record.id, specification: output.specification,
            rootFilesystem: .overlay(lower: lower, upper: paths.upper, work: paths.work),
            cgroupPath: record.cgroupPath, stateDirectory: paths.runFolder, statePath: paths.state)
        request.joinedProcess = joinedProcess
        request.defaultSeccomp = output.usesDefaultSeccomp
        // By number, and yet looked up: root's other groups count, too, as in Docker.
        request.user = output.user ?? "0"
        request.additionalGroups = configuration.groupAdd
        request.idMap = record.idRange.map { IDMap(hostID: $0.firstID, count: $0.count) }
        request.logPath = configuration.log.driver == .jsonFile ? paths.log : nil
        request.journalFields = configuration.log.driver == .journald ? record.journalFields : nil
        request.logSize = configuration.log.maximumSize
        request.logFiles = configuration.log.maximumFiles
        request.openStdin = configuration.interactive
        request.initProcess = configuration.initProcess
        if configuration.autoRemove { removeAtEnd(record, &request) }
        request.seccompCacheDirectory = self.paths.seccompCache
        request.stopSignal = output.stopSignal
        request.stoppedPath = paths.stopped
        request.eventFolder = self.paths.events
        request.health = try healthCheck(of: record).map { String(decoding: $0.jsonBytes(), as: UTF8.self) }
        return request
    }

    private func runningPartner(_ id: String) throws -> Container {
        guard let partner = try examine(id) else {
            throw EngineError.failure(
                "cannot join the namespaces of container \(id.prefix(12)): it was removed; make this container anew")
        }
        guard partner.isRunning, partner.state.process != nil else {
            throw EngineError.failure(
                "cannot join the namespaces of container \(partner.name): it is not running; start it first")
        }
        return partner
    }

    private func prepareSource(of mount: MountConfiguration) throws {
        guard let source = mount.source, !StoredFile.exists(source) else { return }
        guard mount.createSource else {
            throw EngineError.invalidConfiguration(
                "cannot mount \(source.escapedForMessage) at \(mount.target.escapedForMessage): "
                    + "there is no such file or folder on the host; make it, or use -v, which makes folders")
        }
        try StoredFile.makeHostFolder(source)
    }

    /// A start that failed: `--rm` removes the container, any other keeps the reason and exit code for `inspect`.
    private func recordFailedStart(of record: ContainerRecord, _ error: any Error) throws {
        // The supervisor has done so unless it was killed.
        try? killCgroup(of: record)
        if record.configuration.autoRemove {
            try removeLocked(record, withVolumes: true)
            return
        }
        let paths = paths.container(record.id)
        var state = try readState(paths)
        // The supervisor may have written more than we know, but it is no more.
        state.status = state.status == .exited ? .exited : .created
        state.supervisor = nil
        state.process = nil
        let failure = EngineError(error)
        state.exitCode = failure.exitCode
        state.error = failure.description
        try AtomicFile.write(state.jsonBytes(), to: paths.state)
    }
}

/// A container that was just started.
public struct RunningContainer: ~Copyable, Sendable {
    /// Its id.
    public let id: String
    /// Its name.
    public let name: String
    /// Its first process, and the socket to its streams when one was asked for.
    public var process: StartedProcess
}
