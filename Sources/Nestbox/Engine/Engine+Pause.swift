internal import LinuxSystem
internal import OCIRuntime

/// Whether a container is paused is the kernel's to say: nothing of it is written down, so nothing of it can be wrong.
extension Engine {
    /// Stops every process of a running container where it stands.
    ///
    /// - Throws: `EngineError`: `.notRunning`, `.alreadyPaused`; `.failure` when a process did not stop within ten seconds (all of
    ///   them run on then).
    public func pause(_ container: Container) throws(EngineError) {
        try EngineError.wrapping {
            let current = try running(container)
            let cgroup = try cgroup(of: current)
            guard try !cgroup.isPaused() else { throw EngineError.alreadyPaused(container: current.id) }
            try whileItRuns(current) { try cgroup.freeze() }
            tell("pause", current.record)
        }
    }

    /// Lets the processes of a paused container run on.
    ///
    /// - Throws: `EngineError`: `.notRunning`, `.notPaused`.
    public func unpause(_ container: Container) throws(EngineError) {
        try EngineError.wrapping {
            let current = try running(container)
            let cgroup = try cgroup(of: current)
            guard try cgroup.isPaused() else { throw EngineError.notPaused(container: current.id) }
            try whileItRuns(current) { try cgroup.thaw() }
            tell("unpause", current.record)
        }
    }

    /// Does something to a container's cgroup; that of one that ends meanwhile goes away.
    private func whileItRuns(_ container: Container, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            _ = try running(container)
            throw error
        }
    }

    /// Lets a container that is about to get a signal run on: frozen, it would not hear it.
    func thawIfPaused(_ container: Container) throws {
        guard container.isPaused else { return }
        try cgroup(of: container).thaw()
    }

    /// The container of a record and a state, with what the kernel says about it.
    func look(at record: ContainerRecord, _ state: ContainerState) -> Container {
        var container = Container(record: record, state: state)
        // What cannot be read does not keep anybody from seeing the rest.
        if container.isRunning { container.isPaused = (try? cgroup(of: container).isPaused()) ?? false }
        if record.isProbed { container.health = healthRecord(of: record) }
        // By a commit that was killed: nobody wants that.
        if container.isPaused, (try? CommitPause.endAbandoned(container, self)) == true { container.isPaused = false }
        return container
    }
}

extension Cgroup {
    /// Whether its processes are frozen, or are to be; false when there is no such cgroup.
    ///
    /// A process in an uninterruptible wait stops later than it was asked to: until then the kernel calls the cgroup not frozen.
    func isPaused() throws -> Bool {
        // Also where a cgroup above it is frozen.
        if try isFrozen() { return true }
        return try StoredFile.readText("\(layout.unified)/\(path)/cgroup.freeze")?.hasPrefix("1") ?? false
    }
}
