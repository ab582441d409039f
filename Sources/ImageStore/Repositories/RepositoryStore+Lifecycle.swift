internal import LinuxSystem
public import OCISpec

/// A repository's lifecycle policy, and when it was last applied.
public struct RepositoryLifecycle: Hashable, Sendable {
    /// The policy as it was written.
    public var text: String
    /// When it was last applied; nil: not yet.
    public var applied: Timestamp?
}

/// What lifecycle policies have done to all repositories.
public struct LifecycleRun: Sendable {
    /// What was done in each repository that had something to do.
    public var decisions: [RepositoryName: [LifecycleDecision]] = [:]
    /// Why the policies of others could not be applied, a line each.
    public var failures: [String] = []
}

extension RepositoryStore {
    /// A repository's policy.
    ///
    /// - Throws: `RepositoryError.noRepository` or `.noLifecyclePolicy`, `ImageStoreError`, `SystemError`.
    public func lifecycle(of repository: RepositoryName) throws -> RepositoryLifecycle {
        try require(repository)
        let record = try lifecycleRecord(of: repository)
        return RepositoryLifecycle(text: record.text, applied: record.applied)
    }

    private func lifecycleRecord(of repository: RepositoryName) throws -> LifecycleRecord {
        guard let record: LifecycleRecord = try folder.record(StoreFolder.path(ofLifecycleOf: repository)) else {
            throw RepositoryError.noLifecyclePolicy(repository)
        }
        return record
    }

    /// Gives a repository a policy in place of the one that it has; it is not applied yet.
    ///
    /// - Throws: `RepositoryError.noRepository`, `ImageStoreError`, `SystemError`.
    public func put(_ policy: LifecyclePolicy, on repository: RepositoryName) throws {
        let lock = try folder.lock()
        try require(repository)
        try write(LifecycleRecord(text: policy.text), on: repository)
        _ = consume lock
    }

    /// Takes a repository's policy away, and says what it was.
    ///
    /// - Throws: `RepositoryError.noRepository` or `.noLifecyclePolicy`, `ImageStoreError`, `SystemError`.
    @discardableResult
    public func removeLifecycle(of repository: RepositoryName) throws -> RepositoryLifecycle {
        let lock = try folder.lock()
        let found = try lifecycle(of: repository)
        try folder.unlink(StoreFolder.path(ofLifecycleOf: repository))
        _ = consume lock
        return found
    }

    private func write(_ record: LifecycleRecord, on repository: RepositoryName) throws(SystemError) {
        try folder.replace(StoreFolder.path(ofLifecycleOf: repository), with: record.jsonBytes(pretty: true))
        try folder.flush(folder: StoreFolder.path(of: repository))
    }

    // MARK: - Evaluation

    /// What a policy would do with a repository; nothing changes.
    ///
    /// - Parameter policy: nil: the repository's own.
    /// - Throws: `RepositoryError.noRepository` or `.noLifecyclePolicy`, `InvalidLifecyclePolicy`, `ImageStoreError`,
    ///   `SystemError`.
    public func preview(
        _ policy: LifecyclePolicy? = nil, of repository: RepositoryName
    ) throws -> [LifecycleDecision] {
        try require(repository)
        let policy = try policy ?? LifecyclePolicy(text: lifecycleRecord(of: repository).text)
        return policy.decisions(on: try images(of: repository).map(\.forLifecycle), at: WallClock.now())
    }

    /// Keeps a policy that somebody wants to see the effects of later.
    ///
    /// - Throws: `RepositoryError.noRepository`, `SystemError`.
    public func keepPreview(of policy: LifecyclePolicy, in repository: RepositoryName) throws {
        let lock = try folder.lock()
        try require(repository)
        try folder.replace(StoreFolder.path(ofPreviewIn: repository), with: Array(policy.text.utf8))
        _ = consume lock
    }

    /// The policy that was kept last; nil: none was.
    ///
    /// - Throws: `RepositoryError.noRepository`, `SystemError`.
    public func previewText(in repository: RepositoryName) throws -> String? {
        try require(repository)
        return try folder.read(StoreFolder.path(ofPreviewIn: repository)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Applies a repository's policy: all of it or, should the process die, nothing until the next change of the repository.
    ///
    /// Layers that nothing else needs go with ``removeStale()``.
    ///
    /// - Returns: what was done.
    /// - Throws: `RepositoryError.noRepository` or `.noLifecyclePolicy`, `InvalidLifecyclePolicy`, `ImageStoreError`,
    ///   `SystemError`.
    @discardableResult
    public func applyLifecycle(to repository: RepositoryName) throws -> [LifecycleDecision] {
        let lock = try folder.lock()
        try require(repository)
        try finishPendingChanges(of: repository)
        var record = try lifecycleRecord(of: repository)
        let now = WallClock.now()
        let decisions = try LifecyclePolicy(text: record.text)
            .decisions(on: images(of: repository).map(\.forLifecycle), at: now)
        func digests(_ action: LifecyclePolicy.Action) -> [Digest] {
            decisions.filter { $0.action == action }.map(\.image.digest)
        }
        try carryOut(
            PendingChanges(expired: digests(.expire), archived: digests(.transition), time: now), in: repository)
        record.applied = now
        try write(record, on: repository)
        _ = consume lock
        return decisions
    }

    /// Applies the policies of all repositories, then removes the layers that nothing needs any more.
    ///
    /// What fails in one repository leaves the others alone.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func applyLifecycles() throws -> LifecycleRun {
        var run = LifecycleRun()
        for repository in try folder.repositories() {
            guard folder.exists(StoreFolder.path(ofLifecycleOf: repository)) else { continue }
            do {
                let decisions = try applyLifecycle(to: repository)
                if !decisions.isEmpty { run.decisions[repository] = decisions }
            } catch RepositoryError.noRepository, RepositoryError.noLifecyclePolicy {
                // Somebody has just taken it away.
            } catch {
                run.failures.append("cannot apply the lifecycle policy of \(repository): \(error)")
            }
        }
        try removeStale()
        return run
    }
}
