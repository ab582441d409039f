internal import LinuxSystem

/// A limit for what a container writes into its own layer (`--storage-opt size=`): its upper and its work folder belong to a
/// project of their own, and the file system keeps that within its quota.
extension Engine {
    /// Leases a project to a container whose folder exists, and sets its limit before there is anything in it.
    ///
    /// - Throws: `EngineError.failure` where the file system has no project quotas.
    func leaseProject(to container: String, size: Int64) throws -> UInt32 {
        let quota = try enforcedQuota()
        let project = try projects.lease(to: container) { try quota.isUsed($0) }
        do {
            // Whatever limit is left there from another container.
            try quota.setLimit(size, of: project)
        } catch {
            try? projects.release(project, of: container)
            throw error
        }
        return project
    }

    /// Sets a container's limit again before it starts: since its last start the disk may have been mounted without quotas, or
    /// have lost what it knew of them.
    func limitStorage(of record: ContainerRecord) throws {
        guard let project = record.projectID, let size = record.configuration.storageSize else { return }
        try enforcedQuota().setLimit(size, of: project)
    }

    /// Takes a container's limit away, whose files are about to be removed.
    ///
    /// As long as its folder is there: afterwards somebody else may have the project. Nothing depends on it, as whoever leases a
    /// project sets its limit.
    func unlimitStorage(of record: ContainerRecord) {
        guard let project = record.projectID, let quota = try? ProjectQuota(of: paths.containers) else { return }
        try? quota.setLimit(nil, of: project)
    }

    private func enforcedQuota() throws -> ProjectQuota {
        let quota = try ProjectQuota(of: paths.containers)
        guard try quota.isEnforced() else {
            throw EngineError.failure(
                "cannot limit the size of a container's layer: the file system of \(paths.containers) has no project quotas "
                    + "switched on; mount it with the option prjquota (xfs, or ext4 made with mkfs.ext4 -O quota,project), "
                    + "or leave --storage-opt out")
        }
        return quota
    }
}
