internal import ContainerNetwork
internal import Glibc
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

extension Engine {
    /// Removes a container with its changes and log.
    ///
    /// - Parameters:
    ///   - container: the container.
    ///   - force: whether a running one is killed.
    ///   - volumes: whether its anonymous volumes go, too. With `--rm` they always do.
    /// - Throws: `EngineError`: `.cannotRemoveRunning`, `.busy`, …
    public func remove(_ container: Container, force: Bool = false, volumes: Bool = false) throws(EngineError) {
        try EngineError.wrapping {
            // One that is just being started runs when its lock can be had.
            for _ in 0..<Self.removalAttempts {
                if try removeUnlessStarted(container, force: force, volumes: volumes) { return }
            }
            throw EngineError.cannotRemoveRunning(container: container.id)
        }
    }

    /// How often a container is killed that somebody else starts again at once.
    private static let removalAttempts = 8

    /// - Returns: false when it was killed, and runs again, or was just being started.
    private func removeUnlessStarted(_ container: Container, force: Bool, volumes: Bool) throws -> Bool {
        let paths = paths.container(container.id)
        let boot = BootID()
        if let current = try examine(container.id, boot: boot), current.isActive {
            guard force else { throw EngineError.cannotRemoveRunning(container: container.id) }
            try killForGood(current)
        }
        guard let lock = try lock(container.id) else { return true }
        defer { lock.hold() }
        guard let current = try repair(paths, boot: boot) else { return true }
        guard !current.isActive else {
            guard force else { throw EngineError.cannotRemoveRunning(container: container.id) }
            return false
        }
        // The supervisor of a --rm container may still be removing: its unconditional removals must not meet names that
        // somebody else claims meanwhile.
        try endSupervisor(of: current.state, boot: boot)
        try removeLocked(current.record, withVolumes: volumes || current.configuration.autoRemove)
        return true
    }

    /// Removes a container by what its folder is called alone: its records cannot be read.
    ///
    /// What runs of it is killed. Its anonymous volumes stay unless their list can be read.
    /// - Throws: `EngineError`.
    public func removeDamaged(_ name: String) throws(EngineError) {
        try EngineError.wrapping {
            let id = try resolve(name)
            let paths = paths.container(id)
            guard let lock = try FolderLock.acquire(paths.folder) else { return }
            defer { lock.hold() }
            // The supervisor ends with its container, and its last record goes with the folder.
            try killCgroup(at: cgroupPath(of: id))
            try names.releaseAll(of: id)
            for name in (try? AnonymousVolumeList.read(paths)) ?? [] { try volumeStore.remove(name) }
            try? withdrawNetwork(of: id)
            try FileTree.remove(paths.runFolder)
            try FileTree.remove(paths.folder)
            try releaseLeases(of: id)
        }
    }

    /// Gives back all that a container without a record has leased, once it has no files any more.
    ///
    /// Pointing nowhere the links could be claimed all the same, but nobody may ever do so.
    func releaseLeases(of id: String) throws {
        try releaseAllEndpoints(of: id)
        try names.releaseAll(of: id)
        try idRanges.releaseAll(of: id)
        try projects.releaseAll(of: id)
    }

    /// Waits for the supervisor of a container that does not run, and kills it when it does not end.
    func endSupervisor(of state: ContainerState, boot: BootID) throws {
        guard let supervisor = state.supervisor, hasSupervisor(state, boot: boot), let pidfd = supervisor.open() else {
            return
        }
        if try ProcessDescriptor.wait(for: pidfd, milliseconds: Self.killBound) { return }
        try ProcessDescriptor.send(SIGKILL, to: pidfd)
        _ = try ProcessDescriptor.wait(for: pidfd, milliseconds: Self.killBound)
    }

    /// Removes a container that does not run and whose lock the caller holds.
    ///
    /// A mark says first that it has begun, so that the next command finishes what a crash interrupts; a removal that fails is taken
    /// back as far as it can be: the container is there, and may be started.
    func removeLocked(_ record: ContainerRecord, withVolumes: Bool) throws {
        let paths = paths.container(record.id)
        let mark = withVolumes ? paths.removingVolumes : paths.removing
        // On a full disk it goes without.
        try? StoredFile.write(mark, "", mode: 0o600)
        do {
            try removeMarked(record, paths, withVolumes: withVolumes)
            tell("destroy", record)
        } catch {
            if StoredFile.exists(paths.record) {
                _ = try? names.claim(record.name, for: record.id)
                try? StoredFile.remove(mark)
            }
            throw error
        }
    }

    /// In an order that a crash may interrupt anywhere.
    ///
    /// The name goes first, so that it can be used again. While the record is there, the rest is found by it; once it is gone, what is
    /// left of the folder counts as remains. The lease of the ids goes after the files that have them.
    private func removeMarked(_ record: ContainerRecord, _ paths: ContainerPaths, withVolumes: Bool) throws {
        let changed = try endpointList(of: record.id)
        try names.release(record.name, of: record.id)
        if withVolumes {
            for name in record.anonymousVolumes { try removeVolume(name, unlessUsedByOthersThan: record.id) }
        }
        try StoredFile.remove(paths.record)
        try withdrawNetwork(of: record.id)
        releaseEndpoints(record.endpoints, of: record.id)
        if changed != nil { try releaseAllEndpoints(of: record.id) }
        try FileTree.remove(paths.runFolder)
        unlimitStorage(of: record)
        try FileTree.remove(paths.folder)
        if let range = record.idRange, record.ownsIDRange { try idRanges.release(range, of: record.id) }
        if let project = record.projectID { try projects.release(project, of: record.id) }
        try removeCgroup(of: record)
    }

    /// Tells the supervisor of a `--rm` container what to remove at its end, in the order of `removeMarked`.
    func removeAtEnd(_ record: ContainerRecord, _ request: inout LaunchRequest) {
        let paths = paths.container(record.id)
        let removed = self.paths.removed + "/" + record.id
        request.removeOnExit = record.anonymousVolumes.map(self.paths.volume)
        request.moveOnExit = [paths.nameDoor + "/" + record.name, paths.releasedName]
        if let project = record.projectID {
            // Before the files are gone: as long as there is one, nobody else takes the project.
            request.moveOnExit += [projects.path(of: project), paths.releasedProject]
        }
        request.moveOnExit += [paths.folder, removed]
        request.removeBehindExit = [paths.runFolder, removed]
        guard let range = record.idRange, record.ownsIDRange else { return }
        request.releaseBehindExit = idRanges.path(of: range)
    }

    /// Finishes what supervisors of `--rm` containers were killed at.
    func finishRemovals() throws {
        for id in try StoredFile.names(in: paths.removed) where ContainerID.isComplete(id) {
            try FileTree.remove(paths.container(id).runFolder)
            try FileTree.remove(paths.removed + "/" + id)
            try idRanges.releaseAll(of: id)
            try projects.releaseAll(of: id)
        }
    }

    func removeCgroup(of record: ContainerRecord) throws {
        // Also kills what a supervisor that died before it had recorded anything has started.
        try killCgroup(of: record)
        // The root's own folder stays while anything is in it.
        try Cgroup(path: record.cgroupPath, layout: try CgroupLayout.detect()).removeEmptyParents()
    }
}
