internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

extension Engine {
    /// The containers that satisfy the filters, the newest first.
    ///
    /// - Parameters:
    ///   - all: whether those that do not run are among them. A filter by status or exit code implies it.
    ///   - filters: conditions; those of one kind are alternatives.
    ///   - damaged: hears of each container with a record that cannot be read. It is not in the list, unless only what it has of networks
    ///     is unknown, and keeps no other from it.
    /// - Throws: `EngineError` when the root cannot be read.
    public func list(
        all: Bool = false, filters: [ContainerFilter] = [], damaged: (EngineError) -> Void = { _ in }
    ) throws(EngineError) -> [Container] {
        try EngineError.wrapping {
            let boot = BootID()
            let asksForStatus = filters.contains { filter in
                switch filter {
                case .status, .exited: true
                default: false
                }
            }
            // Whoever only looks is not kept from it.
            try? finishRemovals()
            var result: [Container] = []
            var running: [Container] = []
            for id in try StoredFile.names(in: paths.containers) where ContainerID.isComplete(id) {
                let container: Container
                do {
                    // One that goes away while the list is made is passed over.
                    guard let examined = try examine(id, boot: boot) else { continue }
                    container = examined
                } catch let error as EngineError {
                    guard case .damagedRecord = error else { throw error }
                    damaged(error)
                    continue
                }
                if container.isRunning { running.append(container) }
                guard all || asksForStatus || container.isActive else { continue }
                if ContainerFilter.matches(container, filters) { result.append(container) }
            }
            try removeStaleLinks()
            try settleNetworks(of: running, damaged: damaged)
            // Texts of one width sort as the moments do; ids decide between containers of the same nanosecond.
            return result.sorted { ($0.created, $0.id) > ($1.created, $1.id) }
        }
    }

    /// All readable records, without looking at what runs.
    func records() throws -> [ContainerRecord] {
        try StoredFile.names(in: paths.containers).compactMap { id in
            guard ContainerID.isComplete(id) else { return nil }
            return try? ContainerRecord.read(paths.container(id))
        }
    }

    /// The ids of the containers whose files lie over a layer, or that were made from an image.
    ///
    /// - Throws: `EngineError`.
    public func containers(usingImage id: String) throws(EngineError) -> [String] {
        try EngineError.wrapping { try records().filter { $0.imageID == id }.map(\.id) }
    }
}
