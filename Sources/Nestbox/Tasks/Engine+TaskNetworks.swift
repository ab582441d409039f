internal import ContainerNetwork
internal import LinuxNetwork
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

extension Engine {
    /// Makes a task's network, and its interface at once.
    ///
    /// - Throws: `EngineError`.
    public func createTaskNetwork(_ request: TaskNetworkRequest) throws(EngineError) -> TaskNetwork {
        try EngineError.wrapping {
            let network = try hostNetwork.store.network(
                named: request.endpoint.network, created: Timestamp.nowText())
            guard network.driver != .bridge else {
                throw EngineError.invalidConfiguration(
                    "network \(network.name) is one for containers; make one for tasks with 'nestbox network create "
                        + "--driver routed' or '--driver macvlan'")
            }
            for name in request.securityGroups { _ = try securityGroup(name) }
            let paths = paths.task(request.name)
            try StoredFile.makeFolder(paths.folder)
            guard let lock = try FolderLock.acquire(paths.folder), !StoredFile.exists(paths.record) else {
                throw EngineError.failure(
                    "a task named \(request.name) exists already; remove it or choose another name")
            }
            defer { lock.hold() }
            do {
                let number = Self.number(of: request.name)
                let range = try idRanges.lease(to: request.name, number: number)
                let endpoint = try leaseEndpoint(request.endpoint, on: network, for: request.name, number: number)
                let task = TaskNetwork(
                    name: request.name, created: Timestamp.nowText(), endpoint: endpoint,
                    securityGroups: request.securityGroups, idRange: range)
                try AtomicFile.write(task.jsonBytes(), to: paths.record, isFlushed: true)
                try bringUp(task)
                return task
            } catch {
                try? removeTask(request.name)
                throw error
            }
        }
    }

    /// Where the search for a task's address and ids begins.
    private static func number(of name: String) -> UInt64 {
        // FNV-1a, 64 bits.
        name.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }

    /// All tasks' networks, by name.
    ///
    /// - Throws: `EngineError`.
    public func taskNetworks() throws(EngineError) -> [TaskNetwork] {
        keepFirewall()
        return try EngineError.wrapping { try allTasks() }
    }

    func allTasks() throws -> [TaskNetwork] {
        try StoredFile.names(in: paths.tasks).sorted().compactMap { name in
            if let task = try readTask(name) { return task }
            // A crash interrupted its making or removing.
            if let lock = try FolderLock.tryAcquire(paths.task(name).folder) {
                defer { lock.hold() }
                if !StoredFile.exists(paths.task(name).record) { try removeTask(name) }
            }
            return nil
        }
    }

    /// A task's network.
    ///
    /// - Throws: `EngineError`.
    public func taskNetwork(_ name: String) throws(EngineError) -> TaskNetwork {
        try EngineError.wrapping {
            guard NameText.isName(name, minimum: 1), let task = try readTask(name) else {
                throw EngineError.failure("no such task: \(name.escapedForMessage); 'nestbox task-net ls' lists them")
            }
            return task
        }
    }

    private func readTask(_ name: String) throws -> TaskNetwork? {
        try StoredRecord.read(paths.task(name).record, remedy: Self.taskRemedy)
    }

    private static let taskRemedy = "restore it from a copy, or remove the task's folder and make the task anew"

    /// What a task has of the host's network right now; nil when it has nothing.
    func taskNetworkState(_ name: String) throws -> NetworkState? {
        try StoredRecord.read(paths.task(name).networkState, remedy: Self.taskRemedy)
    }

    /// Puts a task into other security groups; its containers go on.
    ///
    /// - Throws: `EngineError`.
    public func setSecurityGroups(_ groups: [String], of task: TaskNetwork) throws(EngineError) {
        try EngineError.wrapping {
            for name in groups { _ = try securityGroup(name) }
            guard let lock = try FolderLock.acquire(paths.task(task.name).folder) else { return }
            defer { lock.hold() }
            var changed = try taskNetwork(task.name)
            changed.securityGroups = groups
            try AtomicFile.write(changed.jsonBytes(), to: paths.task(task.name).record, isFlushed: true)
            try enforceSecurityGroups()
        }
    }

    /// Removes a task's network, which no container may use any more.
    ///
    /// - Throws: `EngineError`.
    public func removeTaskNetwork(_ task: TaskNetwork) throws(EngineError) {
        try EngineError.wrapping {
            guard let lock = try FolderLock.acquire(paths.task(task.name).folder) else { return }
            defer { lock.hold() }
            // What a crash left of containers must not keep it.
            let users = try list(all: true).filter { $0.record.task == task.name }.map(\.name)
            guard users.isEmpty else { throw NetworkError.inUse(network: task.name, users: users) }
            try removeTask(task.name)
        }
    }

    /// In an order that a crash may interrupt anywhere; the caller holds the task's lock.
    private func removeTask(_ name: String) throws {
        let paths = paths.task(name)
        let task = try readTask(name)
        try StoredFile.remove(paths.record)
        try takeDown(name)
        try enforceSecurityGroups()
        if let task, let network = try hostNetwork.store.find(task.endpoint.network) {
            leases(of: network).release(task.endpoint.addresses, of: name)
            try idRanges.release(task.idRange, of: name)
        } else {
            try releaseAllEndpoints(of: name)
            try idRanges.releaseAll(of: name)
        }
        try FileTree.remove(paths.folder)
    }

    // MARK: - The interface

    /// Makes sure that a task's namespaces and interface are there: they do not survive a reboot.
    ///
    /// The caller holds the task's lock.
    func bringUp(_ task: TaskNetwork) throws {
        let paths = paths.task(task.name)
        let network = try network(task.endpoint.network)
        if NamespaceFile.isMounted(paths.networkNamespace) {
            try hostNetwork.startNames(
                ofTaskOn: network, in: try NetworkNamespace(path: paths.networkNamespace), folder: paths.runFolder)
            return
        }
        try takeDown(task.name)
        try StoredFile.makeFolder(paths.runFolder)
        let state = NetworkState(
            attachments: [try Attachment(of: task.endpoint, on: network, interface: "eth0")], ports: [])
        try AtomicFile.write(state.jsonBytes(), to: paths.networkState)
        let request = NamespaceRequest(idMap: IDMap(hostID: task.idRange.firstID, count: task.idRange.count))
        let connect = { (pid: Int32) in
            let namespace = try NetworkNamespace(of: pid)
            try hostNetwork.connect(state.attachments[0], to: network, in: namespace, isWayOut: true)
            try hostNetwork.prepareTask(in: namespace, firstGroup: task.idRange.firstID, count: task.idRange.count)
            try admit(state)
            if network.driver == .macvlan { try enforceSecurityGroups(of: task, in: namespace) }
            _ = try hostNetwork.publish([task.name], of: task.name, task.endpoint, on: network)
            try hostNetwork.startNames(ofTaskOn: network, in: namespace, folder: paths.runFolder)
            try NamespaceFile.mount("/proc/\(pid)/ns/user", on: paths.userNamespace)
            try NamespaceFile.mount("/proc/\(pid)/ns/net", on: paths.networkNamespace)
        }
        _ = try runtime().run(
            "namespaces", request: request.jsonBytes(), attached: false, makeInterfaces: connect)
        try enforceSecurityGroups()
    }

    private func takeDown(_ name: String) throws {
        let paths = paths.task(name)
        if let state = try taskNetworkState(name) {
            try hostNetwork.firewall.dismiss(state)
            try detach(state.all, of: name)
        }
        // Before the namespace: what runs in it keeps it.
        try hostNetwork.stopNames(ofTask: paths.runFolder)
        try NamespaceFile.remove(paths.networkNamespace)
        try NamespaceFile.remove(paths.userNamespace)
        try FileTree.remove(paths.runFolder)
    }
}
