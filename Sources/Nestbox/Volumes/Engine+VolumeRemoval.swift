internal import LinuxSystem
internal import OCISpec

extension Engine {
    /// Removes a volume that no container uses, with all that is in it.
    ///
    /// - Throws: `EngineError.noSuchVolume`, `.volumeInUse`; `.damagedRecord` when a container cannot be asked.
    public func removeVolume(_ name: String) throws(EngineError) {
        try EngineError.wrapping {
            try volumeStore.removeRemains()
            guard NameText.isName(name), let lock = try lock(ofVolume: name), volumeStore.exists(name) else {
                throw EngineError.noSuchVolume(name)
            }
            defer { lock.hold() }
            if try !users(ofVolume: name).isEmpty {
                // What a crash left of containers must not keep the volume.
                _ = try list(all: true)
            }
            let users = try users(ofVolume: name)
            guard users.isEmpty else { throw EngineError.volumeInUse(name: name, containers: users) }
            _ = try volumeStore.removeLocked(name)
            tell("volume", "destroy", name, ["driver": "local"])
        }
    }

    /// Removes the volumes that no container uses; those that a container is just being made with are used.
    ///
    /// - Parameters:
    ///   - all: whether those that somebody has named go, too.
    ///   - filters: conditions on what goes; all must hold.
    /// - Returns: what is gone, and why what could not be removed is not.
    /// - Throws: `EngineError`; `.damagedRecord` when a container cannot be asked.
    public func pruneVolumes(all: Bool = false, filters: [PruneFilter] = []) throws(EngineError) -> Pruning {
        try EngineError.wrapping {
            // What a crash left of containers must not keep volumes.
            _ = try list(all: true)
            let used = Set(try completeRecords().flatMap { $0.volumes.map(\.name) })
            var result = Pruning()
            for volume in try volumes() where (all || volume.isAnonymous) && !used.contains(volume.name) {
                guard filters.allSatisfy({ $0.holds(for: volume.labels, created: volume.created) }) else { continue }
                // Who has it locked fills it, removes it, or is making a container with it.
                guard let lock = try FolderLock.tryAcquire(paths.volume(volume.name)) else { continue }
                defer { lock.hold() }
                // Asked again: whoever was making a container before we had the lock has written its record by now.
                guard volumeStore.exists(volume.name), try users(ofVolume: volume.name).isEmpty else { continue }
                do {
                    result.reclaimed += try volumeStore.removeLocked(volume.name)
                    result.removed.append(volume.name)
                    tell("volume", "destroy", volume.name, ["driver": "local"])
                } catch {
                    result.failures.append(EngineError(error))
                }
            }
            return result
        }
    }

    /// Removes an anonymous volume with its container, unless another one has borrowed it (`--volumes-from`).
    func removeVolume(_ name: String, unlessUsedByOthersThan id: String) throws {
        // Who has it locked is just borrowing it; of a container that cannot be read nobody knows what it uses.
        guard let lock = try FolderLock.tryAcquire(paths.volume(name)),
            let users = try? users(ofVolume: name), users.allSatisfy({ $0.id == id })
        else { return }
        try withExtendedLifetime(lock) { try volumeStore.remove(name) }
    }

    /// A volume's lock, for removing it; nil when it is gone.
    private func lock(ofVolume name: String) throws -> FolderLock? {
        do throws(SystemError) {
            return try FolderLock.acquire(paths.volume(name))
        } catch {
            guard error.errno == .tryAgain else { throw error }
            throw EngineError.failure(
                "cannot remove volume \(name): another command is making a container with it; try again when it has finished"
            )
        }
    }

    /// The containers that use a volume, whether they run or not.
    ///
    /// The caller has the volume's lock, so no container is being made with it.
    private func users(ofVolume name: String) throws -> [ContainerIdentity] {
        try completeRecords().filter { $0.volumes.contains { $0.name == name } }
            .map { ContainerIdentity(id: $0.id, name: $0.name) }
            .sorted { $0.name < $1.name }
    }

    /// All records.
    ///
    /// Whoever removes what no record names must not pass over one that cannot be read.
    ///
    /// - Throws: `EngineError.damagedRecord`.
    func completeRecords() throws -> [ContainerRecord] {
        try StoredFile.names(in: paths.containers).compactMap { id in
            ContainerID.isComplete(id) ? try ContainerRecord.read(paths.container(id)) : nil
        }
    }
}
