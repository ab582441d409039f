internal import ContainerNetwork
internal import Glibc
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

/// Renaming, in an order that a crash may interrupt anywhere.
///
/// A file says first which two names it is about. Then the new name is claimed, the record replaced (from this moment on the new name is
/// the container's), and what the record does not say is given up. Whoever finds that file finishes with the last step.
extension Engine {
    /// Gives a container another name, also while it runs.
    ///
    /// Others on its networks find it by the new name from then on, and not by the former one.
    /// - Returns: what could not be had, a line each.
    /// - Throws: `EngineError`: `.invalidName`, `.nameInUse`, `.busy`, …; the container keeps its name then.
    @discardableResult
    public func rename(_ container: Container, to name: String) throws(EngineError) -> [String] {
        try EngineError.wrapping {
            let name = try ContainerName.validated(name)
            let paths = paths.container(container.id)
            guard let lock = try lock(container.id) else { throw EngineError.noSuchContainer(container.name) }
            defer { lock.hold() }
            guard let current = try repair(paths) else { throw EngineError.noSuchContainer(container.name) }
            guard current.name != name else {
                throw EngineError.invalidConfiguration("container \(name) has that name already; give another one")
            }
            do {
                let record = try renamed(current.record, to: name, paths)
                let warnings = try settleName(of: record, current.state)
                if current.isActive { try? writeEventAttributes(of: record) }
                tell("rename", record, [("oldName", "/" + current.name)])
                return warnings
            } catch {
                guard let record = try ContainerRecord.read(paths) else {
                    // It was one with --rm, and has ended.
                    try names.release(name, of: container.id)
                    throw EngineError.noSuchContainer(container.name)
                }
                _ = try? settleName(of: record, current.state)
                throw error
            }
        }
    }

    /// The record with the new name, which is written.
    private func renamed(
        _ old: ContainerRecord, to name: String, _ paths: ContainerPaths
    ) throws -> ContainerRecord {
        try StoredFile.write(paths.renaming, "\(old.name)\n\(name)\n", mode: 0o600)
        try claim(name, for: old.id)
        // Somebody else may have the old name when the container ends.
        if old.configuration.autoRemove { try StoredFile.remove(paths.nameDoor) }
        var record = old
        record.name = name
        try AtomicFile.write(
            record.jsonBytes(), to: paths.record, isFlushed: !record.configuration.autoRemove)
        return record
    }

    /// Finishes a renaming: of its names the container keeps the one that its record says.
    ///
    /// The caller holds the container's lock.
    /// - Returns: what could not be had, a line each.
    func settleName(of record: ContainerRecord, _ state: ContainerState) throws -> [String] {
        let mark = paths.container(record.id).renaming
        guard let bytes = try StoredFile.read(mark) else { return [] }
        let warnings = try republishNames(of: record, state)
        for name in String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        where name != record.name && NameText.isName(name) {
            try names.release(name, of: record.id)
        }
        try StoredFile.remove(mark)
        return warnings
    }

    /// Tells the name servers of a running container's networks what it is called now.
    private func republishNames(of record: ContainerRecord, _ state: ContainerState) throws -> [String] {
        guard state.isActive, let network = try networkState(of: record.id) else { return [] }
        let networks = try network.attachments.compactMap { try hostNetwork.store.find($0.endpoint.network) }
        // One that is used is there, unless its record is damaged.
        guard networks.count == network.attachments.count else { return [] }
        let warnings = publishNames(record.networkNames, of: record.id, network, networks)
        if let process = state.process, !process.isAlive {
            // Its supervisor takes back what was published before the end, and not what comes later.
            for attachment in network.attachments { try names(on: attachment)?.withdraw(record.id) }
        }
        return warnings
    }

    /// Makes a name a container's own, whose folder is there.
    ///
    /// - Throws: `EngineError.nameInUse`.
    func claim(_ name: String, for id: String) throws {
        guard case .held(let holder) = try names.claim(name, for: id) else { return }
        // Where a renaming was interrupted, a look at the container frees the name that is not its own.
        if ContainerID.isComplete(holder), holder != id { _ = try? examine(holder) }
        guard case .held(let holder) = try names.claim(name, for: id) else { return }
        throw EngineError.nameInUse(name: name, container: holder)
    }

    /// Lets the supervisor of a `--rm` container remove its name.
    ///
    /// It removes what it was told at its start, whoever has it then. So it is told of a way there, which a renaming closes; a name that
    /// it leaves is removed by ``removeStaleLinks()``.
    func openNameDoor(of id: String) throws(SystemError) {
        let door = paths.container(id).nameDoor
        do {
            try retrying("make link", door) { symlink(paths.names, door) }
        } catch  where error.errno == .exists {
            return
        }
    }

    /// Removes the names, ranges of ids and projects that containers which are gone have left: whoever removed one has died before its end.
    func removeStaleLinks() throws {
        for table in [names, idRanges.table] {
            // In this order: a container is there before it has a link.
            let count = try StoredFile.names(in: table.folder).count
            guard count > 0 else { continue }
            let owners = try table.owners.reduce(0) { try $0 + StoredFile.names(in: $1).count }
            // Whoever only looks is not kept from it.
            if count > owners { try? table.removeStale() }
        }
        // Few containers have one, so their number says nothing, and each is looked at.
        let table = projects.table
        if try StoredFile.names(in: table.folder).contains(where: { table.holder(of: $0) == nil }) {
            try? table.removeStale()
        }
    }
}

extension LinkTable {
    /// Removes the links of containers that are gone, which could be claimed again, but nobody may ever do so.
    func removeStale() throws(SystemError) {
        // Nobody takes a stale link over meanwhile.
        guard let lock = try FolderLock.tryAcquire(folder) else { return }
        defer { lock.hold() }
        for name in try StoredFile.names(in: folder) where holder(of: name) == nil {
            try StoredFile.remove(folder + "/" + name)
        }
    }
}
