public import ContainerNetwork
internal import LinuxNetwork
internal import LinuxSystem
internal import OCISpec

extension Engine {
    /// Makes a security group: nothing reaches its tasks, and they reach everything.
    ///
    /// - Throws: `EngineError`.
    public func createSecurityGroup(_ name: String, details: String = "") throws(EngineError) -> SecurityGroup {
        try EngineError.wrapping {
            try withSecurityGroups {
                guard try readGroup(name) == nil else {
                    throw EngineError.failure("a security group named \(name) exists already; choose another name")
                }
                let group = SecurityGroup(name: name, created: Timestamp.nowText(), details: details)
                try AtomicFile.write(group.jsonBytes(), to: path(of: name), isFlushed: true)
                return group
            }
        }
    }

    /// All security groups, by name.
    ///
    /// - Throws: `EngineError`.
    public func securityGroups() throws(EngineError) -> [SecurityGroup] {
        try EngineError.wrapping {
            try StoredFile.names(in: paths.securityGroups).sorted().compactMap { file in
                file.hasSuffix(".json") ? try readGroup(String(file.dropLast(5))) : nil
            }
        }
    }

    /// A security group.
    ///
    /// - Throws: `EngineError`.
    public func securityGroup(_ name: String) throws(EngineError) -> SecurityGroup {
        try EngineError.wrapping {
            guard NameText.isName(name, minimum: 1), let group = try readGroup(name) else {
                throw EngineError.failure(
                    "no such security group: \(name.escapedForMessage); 'nestbox security-group ls' lists them")
            }
            return group
        }
    }

    /// Changes a security group; what its tasks may do changes at once, and connections that are established stay.
    ///
    /// - Throws: `EngineError`.
    public func changeSecurityGroup(
        _ name: String, _ change: (inout SecurityGroup) throws -> Void
    ) throws(EngineError) {
        try EngineError.wrapping {
            try withSecurityGroups {
                var group = try securityGroup(name)
                try change(&group)
                for case .group(let other) in (group.ingress + group.egress).map(\.peer) {
                    _ = try securityGroup(other)
                }
                try AtomicFile.write(group.jsonBytes(), to: path(of: name), isFlushed: true)
            }
            try enforceSecurityGroups()
        }
    }

    /// Removes a security group that no task is in and no rule speaks of.
    ///
    /// - Throws: `EngineError`.
    public func removeSecurityGroup(_ name: String) throws(EngineError) {
        try EngineError.wrapping {
            try withSecurityGroups {
                _ = try securityGroup(name)
                let tasks = try allTasks().filter { $0.securityGroups.contains(name) }.map(\.name)
                let groups = try securityGroups().filter { group in
                    group.name != name && (group.ingress + group.egress).contains { $0.peer == .group(name) }
                }.map(\.name)
                guard tasks.isEmpty, groups.isEmpty else {
                    throw EngineError.failure(
                        "security group \(name) is in use by \((tasks + groups).joined(separator: ", ")); change them first"
                    )
                }
                try StoredFile.remove(path(of: name))
            }
        }
    }

    private func path(of group: String) -> String { paths.securityGroups + "/" + group + ".json" }

    private func readGroup(_ name: String) throws -> SecurityGroup? {
        try StoredRecord.read(
            path(of: name), remedy: "restore it from a copy, or remove the file and make the group anew")
    }

    /// Runs `body` while nobody else changes groups.
    private func withSecurityGroups<Value>(_ body: () throws -> Value) throws -> Value {
        try StoredFile.makeFolder(paths.securityGroups)
        guard let lock = try FolderLock.acquire(paths.securityGroups) else {
            throw SystemError("lock", paths.securityGroups, .noSuchFile)
        }
        defer { lock.hold() }
        return try body()
    }

    // MARK: - In the kernel

    /// Brings what the kernel enforces up to date, for the tasks of bridges in the host and for those of a LAN in their own
    /// network namespaces.
    func enforceSecurityGroups() throws {
        let table = SecurityGroupTable(paths: networkPaths)
        let tasks = try allTasks()
        let isLimited = tasks.contains { !$0.securityGroups.isEmpty }
        let lan = try tasks.filter { try hostNetwork.store.find($0.endpoint.network)?.driver == .macvlan }
        for task in lan {
            let path = paths.task(task.name).networkNamespace
            guard NamespaceFile.isMounted(path) else { continue }
            try enforceSecurityGroups(of: task, in: try NetworkNamespace(path: path))
        }
        if isLimited, tasks.count > lan.count {
            try table.install(
                members: tasks.map(\.member), enforced: tasks.filter { !lan.contains($0) }.map(\.member),
                groups: try securityGroups())
        } else if try table.isInstalled() {
            try table.uninstall()
        }
    }

    /// Puts the table back if somebody else has removed it.
    func restoreSecurityGroups() throws {
        guard try allTasks().contains(where: { !$0.securityGroups.isEmpty }),
            try !SecurityGroupTable(paths: networkPaths).isInstalled()
        else { return }
        try enforceSecurityGroups()
    }

    func enforceSecurityGroups(of task: TaskNetwork, in namespace: borrowing NetworkNamespace) throws {
        let members = try allTasks().map(\.member)
        try SecurityGroupTable(paths: networkPaths).install(
            members: members, enforced: [task.member], groups: try securityGroups(), in: namespace)
    }

    /// Refuses a process the right to change the network of a task on the host's LAN, where its security groups stand, too.
    ///
    /// It would have it wherever it shares the task's user namespace: with `--pid container:NAME` it can go there (setns(2)).
    ///
    /// - Throws: `EngineError.invalidConfiguration`.
    func checkRights(_ process: RuntimeSpecification.Process, of record: ContainerRecord) throws {
        let right = "CAP_NET_ADMIN"
        guard process.capabilities?.bounding.contains(right) == true, let name = try task(of: record),
            let network = try hostNetwork.store.find(try taskNetwork(name).endpoint.network),
            network.driver == .macvlan
        else { return }
        throw EngineError.invalidConfiguration(
            "a process of task \(name) cannot have \(right): the task is on network \(network.name) of the host's LAN, and could "
                + "take its own security groups away; leave --cap-add or --privileged out, or use a network of the driver routed"
        )
    }

    /// The task whose user namespace, which owns the task's network, a container shares, be it over another container.
    private func task(of record: ContainerRecord) throws -> String? {
        guard let joined = record.joined else { return record.task }
        return try ContainerRecord.read(paths.container(joined)).flatMap { try task(of: $0) }
    }
}
