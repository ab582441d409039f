internal import LinuxSystem
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
            let cgroup = current.isRunning ? try cgroup(of: current) : nil
            let takeBack = {
                try? cgroup?.apply(old)
                try? AtomicFile.write(old.jsonBytes(), to: limitsPath)
            }
            do {
                try AtomicFile.write(new.jsonBytes(), to: limitsPath)
                try cgroup?.apply(new)
            } catch {
                takeBack()
                throw error
            }
            return { takeBack() }
        }
    }

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
