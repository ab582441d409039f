internal import Glibc
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec
internal import Synchronization

/// What a crash, a `kill -9` or a reboot left behind is put right by the next command that looks at the container.
extension Engine {
    /// How long a killed container's processes may take to end, in milliseconds.
    static let killBound: Int32 = 10_000
    /// How long is waited for a container that is being made, or whose making is being taken back, in milliseconds.
    private static let takingBackBound = 200

    /// The container with this id, repaired; nil when there is none, or only the remains of one (which are removed).
    func examine(_ id: String, boot: BootID = BootID()) throws -> Container? {
        let paths = paths.container(id)
        guard let record = try ContainerRecord.read(paths) else {
            try removeRemains(of: id)
            return nil
        }
        let state = try readState(paths)
        let isUnsettled =
            needsRepair(state, boot: boot) || isBeingRemoved(paths) || hasLeftNetwork(state, paths, boot)
            || StoredFile.exists(paths.renaming)
        guard isUnsettled else { return look(at: record, state) }
        guard let lock = try FolderLock.tryAcquire(paths.folder) else {
            // Whoever holds the lock is starting or removing it, or is just repairing it.
            return StoredFile.exists(paths.folder) ? look(at: record, state) : nil
        }
        defer { lock.hold() }
        return try repair(paths, boot: boot)
    }

    /// The lock of a container, for changing it; nil when it is gone.
    ///
    /// - Throws: `EngineError.busy` when another command has held it for too long.
    func lock(_ id: String) throws -> FolderLock? {
        do throws(SystemError) {
            return try FolderLock.acquire(paths.container(id).folder)
        } catch {
            throw error.errno == .tryAgain ? EngineError.busy(container: id) : EngineError.system(error)
        }
    }

    /// The recorded state; that of a container which was never started when there is none.
    func readState(_ paths: ContainerPaths) throws -> ContainerState {
        try StoredRecord.read(paths.state) ?? ContainerState()
    }

    /// Whether what the state says is no longer so.
    func needsRepair(_ state: ContainerState, boot: BootID) -> Bool {
        switch state.status {
        case .exited: false
        case .created: state.supervisor.map { !isAlive($0, of: state, boot: boot) } ?? false
        case .running, .restarting: state.supervisor.map { !isAlive($0, of: state, boot: boot) } ?? true
        }
    }

    /// Whether somebody has begun to remove it, and has not come to the end.
    private func isBeingRemoved(_ paths: ContainerPaths) -> Bool {
        StoredFile.exists(paths.removing) || StoredFile.exists(paths.removingVolumes)
    }

    /// Whether something is left of an interface of a container that does not run: whoever was starting or changing it died.
    private func hasLeftNetwork(_ state: ContainerState, _ paths: ContainerPaths, _ boot: BootID) -> Bool {
        !state.isActive && StoredFile.exists(paths.networkState) && !hasSupervisor(state, boot: boot)
    }

    private func isAlive(_ supervisor: ProcessIdentity, of state: ContainerState, boot: BootID) -> Bool {
        state.bootID == boot.value && supervisor.isAlive
    }

    /// Repairs a container whose lock the caller holds.
    ///
    /// - Returns: what it is now; nil when it is gone, as a `--rm` container is after its end.
    func repair(_ paths: ContainerPaths, boot: BootID = BootID()) throws -> Container? {
        // Read again: between the first look and the lock the supervisor, or another command, may have put it right, or renamed it.
        guard let record = try ContainerRecord.read(paths) else { return nil }
        var state = try readState(paths)
        if needsRepair(state, boot: boot) {
            state = try recordEnd(of: record, state, paths, boot: boot)
        }
        _ = try settleName(of: record, state)
        if !state.isActive, isBeingRemoved(paths) {
            // If that fails, whoever asks for it again is told why, and nobody else.
            let isGone: Void? = try? removeLocked(record, withVolumes: StoredFile.exists(paths.removingVolumes))
            if isGone != nil { return nil }
        }
        if hasLeftNetwork(state, paths, boot) {
            try withdrawNetwork(of: record.id)
            try FileTree.remove(paths.runFolder)
        }
        if state.status == .exited, record.configuration.autoRemove, !hasSupervisor(state, boot: boot) {
            try removeLocked(record, withVolumes: true)
            return nil
        }
        return look(at: record, state)
    }

    /// Whether a supervisor is still at work on it, if only on removing it.
    func hasSupervisor(_ state: ContainerState, boot: BootID) -> Bool {
        state.supervisor.map { isAlive($0, of: state, boot: boot) } ?? false
    }

    private func recordEnd(
        of record: ContainerRecord, _ old: ContainerState, _ paths: ContainerPaths, boot: BootID
    ) throws -> ContainerState {
        var state = old
        let wasRunning = old.status == .running
        let isSameBoot = old.bootID == boot.value
        if isSameBoot { try killCgroup(of: record) }
        state.supervisor = nil
        state.process = nil
        if wasRunning {
            state.status = .exited
            state.finishedAt = Timestamp.nowText()
            // 137: killed just now, or with its supervisor; 255, as in Docker: nobody can know any more.
            state.exitCode = isSameBoot ? 137 : 255
            state.error =
                isSameBoot
                ? "the container's supervisor ended unexpectedly, so the container was killed"
                : "the machine was restarted while the container ran"
        } else if old.status == .restarting {
            state.status = .exited
            state.error = "the container's supervisor ended before it had started the container again"
        } else {
            state.error = "an earlier start was interrupted"
        }
        state.bootID = boot.value
        if let code = state.exitCode, wasRunning { tell("die", record, [("exitCode", "\(code)")]) }
        // On a full disk the container is still what it is now, and can be removed; the next command finds that out again.
        try? AtomicFile.write(state.jsonBytes(), to: paths.state)
        try withdrawNetwork(of: record.id)
        try FileTree.remove(paths.runFolder)
        return state
    }

    /// Kills whatever is left in the container's cgroup and removes the cgroup.
    func killCgroup(of record: ContainerRecord) throws { try killCgroup(at: record.cgroupPath) }

    func killCgroup(at path: String) throws {
        let cgroup = try Cgroup(path: path, layout: try CgroupLayout.detect())
        try cgroup.killAndWait()
        try cgroup.remove()
    }

    /// The cgroup that a container has when nothing else is recorded.
    func cgroupPath(of id: String) -> String { paths.cgroupFolder + "/" + id }

    private func lockForTakingBack(_ folder: String) throws(SystemError) -> FolderLock? {
        do throws(SystemError) {
            return try FolderLock.acquire(folder, within: Self.takingBackBound)
        } catch {
            guard error.errno == .tryAgain else { throw error }
            return nil
        }
    }

    /// Removes a container folder without a record: its creator died before it was complete, or its remover before all of it
    /// was gone.
    ///
    /// Leaves it alone while its creator lives, who holds its lock. A supervisor holds it, too, whose engine has died: that takes
    /// back at once what it has begun, so a moment is waited for it.
    func removeRemains(of id: String) throws {
        let paths = paths.container(id)
        guard let lock = try lockForTakingBack(paths.folder) else { return }
        defer { lock.hold() }
        guard !StoredFile.exists(paths.record) else { return }
        try killCgroup(at: cgroupPath(of: id))
        for name in try AnonymousVolumeList.read(paths) { try volumeStore.remove(name) }
        try withdrawNetwork(of: id)
        try FileTree.remove(paths.runFolder)
        try FileTree.remove(paths.folder)
        try releaseLeases(of: id)
    }
}

/// The id of this boot, read when it is first needed and once only.
final class BootID: Sendable {
    private let known = Mutex<String?>(nil)

    var value: String {
        known.withLock { known in
            if let known { return known }
            let value = BootClock.identifier()
            known = value
            return value
        }
    }
}

extension Timestamp {
    /// The present, with nine digits of fraction.
    static func nowText() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
        return (now ?? .unixEpoch).fixedWidth
    }
}

extension ContainerState {
    /// Whether its first process runs, or is going to without anybody's doing.
    var isActive: Bool { status == .running || status == .restarting }
}
