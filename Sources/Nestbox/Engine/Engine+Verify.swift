public import ImageStore
internal import LinuxSystem
internal import OCISpec

/// What became of damages.
public struct StoreRepair: Sendable {
    /// What is as it should be again.
    public var repaired: [StoreDamage] = []
    /// What the store holds now, with what is still damaged.
    public var report: StoreReport
    /// Why that is so, as far as it is known.
    public var reasons: [StoreObject: String] = [:]
}

extension Engine {
    /// Looks whether images, layers, and the repositories of the own registry are whole; see `ImageStore.verify`.
    ///
    /// - Throws: `EngineError`; `.damagedRecord` when it is not known what a container needs.
    public func verify() throws(EngineError) -> StoreReport {
        try EngineError.wrapping { try images.verify(uses: storeUses) }
    }

    /// Mends what ``verify()`` has found, as far as that is possible.
    ///
    /// Layers that containers run on stay as they are.
    ///
    /// - Parameters:
    ///   - report: what was found.
    ///   - fetch: brings content from registries, as much of it as they have.
    /// - Throws: `EngineError`, what `fetch` throws.
    public func repair(_ report: StoreReport, fetch: ([BlobOrigin]) throws -> Void) throws -> StoreRepair {
        var result = StoreRepair(report: report)
        let origins = report.origins
        if !origins.isEmpty { try fetch(origins) }
        // What is whole by now makes other things possible: a layer can be compared, and unpacked again.
        for _ in 0..<3 {
            let before = result.report.damages
            result.reasons = try images.repair(before, uses: storeUses, whileIdle: whileIdle)
            let objects = Set(report.damages.map(\.object)).union(before.map(\.object))
            result.report.damages = try images.verify(objects, uses: storeUses).damages
            if result.report.isWhole || result.report.damages == before { break }
        }
        try unmountRemovedLayers()
        let left = Set(result.report.damages.map(\.object))
        result.repaired = report.damages.filter { !left.contains($0.object) }
        return result
    }

    /// What containers need of the store.
    private func storeUses() throws -> [StoreUse] {
        try completeRecords().map { record in
            StoreUse(
                user: "container \(record.name)", image: try? Digest(record.imageID), layers: Self.layers(of: record))
        }
    }

    private static func layers(of record: ContainerRecord) -> Set<Digest> {
        digests(neededBy: [record]).subtracting([try? Digest(record.imageID)].compactMap { $0 })
    }

    /// Carries something out while no container runs on a layer, and none can be started.
    ///
    /// - Returns: nil, or which one does.
    private func whileIdle(_ layer: Digest, _ body: () throws -> Void) throws -> String? {
        var locks: [FolderLock] = []
        defer { for lock in locks { lock.hold() } }
        let boot = BootID()
        for record in try completeRecords() where Self.layers(of: record).contains(layer) {
            let paths = paths.container(record.id)
            guard let lock = try FolderLock.tryAcquire(paths.folder) else {
                // It may just have gone away.
                if !StoredFile.exists(paths.folder) { continue }
                return "another command works on container \(record.name); try again"
            }
            locks.append(lock)
            if let container = try repair(paths, boot: boot), container.isActive {
                return "container \(record.name) runs on it; stop it, and repair again"
            }
        }
        try body()
        return nil
    }
}
