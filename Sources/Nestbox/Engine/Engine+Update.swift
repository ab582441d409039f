internal import Glibc
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

extension Engine {
    /// Gives a container other limits; a running one has them at once, and at every later start.
    ///
    /// - Parameters:
    ///   - container: the container.
    ///   - change: what is to be different.
    /// - Throws: `EngineError`; the container has its old limits then, as far as the kernel takes them back.
    public func update(
        _ container: Container, _ change: (inout ResourceConfiguration) throws -> Void
    ) throws(EngineError) {
        try self.change(container) { record, current in
            try change(&record.configuration.resources)
            try record.configuration.validate()
            let (old, new) = (try limits(of: current.record), try limits(of: record))
            guard current.isActive else { return {} }
            // A restart by its policy takes them from here.
            let limitsPath = paths.container(container.id).limits
            let takeBack = {
                try? AtomicFile.write(old.jsonBytes(), to: limitsPath)
                try? applyWhileItRuns(old, to: current)
            }
            do {
                try AtomicFile.write(new.jsonBytes(), to: limitsPath)
                try applyWhileItRuns(new, to: current)
            } catch {
                takeBack()
                throw error
            }
            return { takeBack() }
        }
    }

    /// Gives limits that are written down already to whatever runs of a container now.
    ///
    /// It may end and be started again at any moment. A supervisor that has read other limits before says that the container runs
    /// and looks once more; so what is to be found out here is only what runs after they were written.
    private func applyWhileItRuns(_ limits: RuntimeSpecification.Linux.Resources, to container: Container) throws {
        for _ in 0..<Self.updateRounds {
            let state = try readState(paths.container(container.id))
            guard state.status == .running, let process = state.process else { return }
            do {
                return try cgroup(of: container).apply(limits)
            } catch {
                let now = try readState(paths.container(container.id))
                // The kernel does not want them; or the cgroup is gone with what ran in it.
                guard !process.isAlive || now.process != process else { throw error }
                usleep(1000)
            }
        }
    }

    /// How often a container may be found at its end, at distances of a millisecond: its supervisor is about to say so.
    private static let updateRounds = 10_000

    /// Changes a container's record.
    ///
    /// - Parameter body: changes what it is about, and says how that is taken back when the record cannot be written.
    func change(
        _ container: Container, _ body: (inout ContainerRecord, Container) throws -> () -> Void
    ) throws(EngineError) {
        try EngineError.wrapping {
            guard let lock = try lock(container.id) else { throw EngineError.noSuchContainer(container.name) }
            defer { lock.hold() }
            let paths = paths.container(container.id)
            guard let current = try repair(paths) else { throw EngineError.noSuchContainer(container.name) }
            var record = current.record
            let takeBack = try body(&record, current)
            do {
                try AtomicFile.write(
                    record.jsonBytes(), to: paths.record, isFlushed: !record.configuration.autoRemove)
            } catch {
                // What the record says is what holds.
                takeBack()
                throw error
            }
            tell("update", record)
        }
    }

    /// The limits of a container without its devices, which stay as they are.
    private func limits(of record: ContainerRecord) throws -> RuntimeSpecification.Linux.Resources {
        let facts = try HostFacts(gatheredFor: record.configuration)
        var resources = specificationInput(of: record, facts: facts).resources()
        resources.devices = []
        // On cgroup v2 the kernel would make room by killing.
        resources.memory?.checkBeforeUpdate = true
        return resources
    }
}
