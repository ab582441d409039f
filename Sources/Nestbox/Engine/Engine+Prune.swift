internal import LinuxSystem
internal import OCISpec

extension Engine {
    /// Removes the containers that do not run, with their changes and logs; their anonymous volumes stay, as in Docker.
    ///
    /// One that another command is making, starting or removing is left alone.
    ///
    /// - Parameters:
    ///   - filters: conditions on what goes; all must hold.
    ///   - damaged: hears of each container whose record cannot be read, and which is left alone.
    /// - Returns: what is gone, and why what could not be removed is not.
    /// - Throws: `EngineError` when the root cannot be read.
    public func pruneContainers(
        filters: [PruneFilter] = [], damaged: (EngineError) -> Void = { _ in }
    ) throws(EngineError) -> Pruning {
        var result = Pruning()
        for container in try list(all: true, damaged: damaged) where !container.isActive {
            let created = try? Timestamp(container.created)
            guard filters.allSatisfy({ $0.holds(for: container.labels, created: created) }) else { continue }
            do {
                guard let size = try removeStopped(container) else { continue }
                result.reclaimed += size
                result.removed.append(container.id)
            } catch {
                result.failures.append(EngineError(error))
            }
        }
        return result
    }

    /// Removes a container unless it runs, or another command has its lock.
    ///
    /// - Returns: how many bytes its own files had; nil when it was not removed.
    private func removeStopped(_ container: Container) throws -> Int64? {
        let paths = paths.container(container.id)
        let boot = BootID()
        guard let lock = try FolderLock.tryAcquire(paths.folder) else { return nil }
        defer { lock.hold() }
        // Looked at again under the lock: it may have been started since it was listed.
        guard let current = try repair(paths, boot: boot), !current.isActive else { return nil }
        try endSupervisor(of: current.state, boot: boot)
        let size = TreeSize.bytes(below: paths.upper)
        try removeLocked(current.record, withVolumes: current.configuration.autoRemove)
        return size
    }
}
