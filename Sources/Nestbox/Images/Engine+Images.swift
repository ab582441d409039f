public import ImageStore
internal import OCISpec

extension Engine {
    /// Removes a name of an image, and with its last name the image; layers stay for as long as a container uses them.
    ///
    /// - Parameters:
    ///   - name: a name, an id, or the beginning of just one id.
    ///   - force: also when containers that do not run were made from it, or when an id has several names.
    /// - Throws: `EngineError.imageInUse`, `.image`.
    @discardableResult
    public func removeImage(_ name: String, force: Bool = false) throws(EngineError) -> ImageRemoval {
        try EngineError.wrapping {
            let users = Dictionary(grouping: try records(), by: \.imageID).mapValues { $0.map(\.id) }
            if force, let image = try? images.image(named: name), image.references.count < 2 {
                let running = try (users[image.id.description] ?? []).filter { try examine($0)?.isRunning ?? false }
                guard running.isEmpty else { throw EngineError.imageInUse(name: name, containers: running.sorted()) }
            }
            do {
                return try images.remove(name, force: force, inUse: Self.digests(neededBy: records()))
            } catch ImageStoreError.inUse(let name, let reason) {
                let id = try? images.image(named: name).id.description
                guard let id, let containers = users[id], !containers.isEmpty else {
                    throw EngineError.image("cannot remove image \(name): \(reason)")
                }
                throw EngineError.imageInUse(name: name, containers: containers.sorted())
            }
        }
    }

    /// Removes images that no container was made from; those that a container is just being made from have one.
    ///
    /// - Parameters:
    ///   - all: whether those with names go, too.
    ///   - filters: conditions on what goes; all must hold. An image was made when its configuration says so.
    /// - Returns: what each removal did, and why what could not be removed is still there.
    /// - Throws: `EngineError`; `.damagedRecord` when a container cannot be asked.
    public func pruneImages(
        all: Bool = false, filters: [PruneFilter] = []
    ) throws(EngineError) -> (removals: [ImageRemoval], failures: [EngineError]) {
        try EngineError.wrapping {
            // What a crash left of containers must not keep images.
            _ = try list(all: true)
            let used = Self.digests(neededBy: try completeRecords())
            var removals: [ImageRemoval] = []
            var failures: [EngineError] = []
            for image in try images.images() where (all || image.references.isEmpty) && !used.contains(image.id) {
                let labels = image.configuration.config?.labels ?? [:]
                guard filters.allSatisfy({ $0.holds(for: labels, created: image.created) }) else { continue }
                do {
                    let removal = try images.removeUnused(image.id, isDangling: !all) {
                        Self.digests(neededBy: try completeRecords())
                    }
                    if let removal { removals.append(removal) }
                } catch {
                    failures.append(EngineError(error))
                }
            }
            return (removals, failures)
        }
    }

    /// The images that containers were made from, and the layers that their files lie over.
    private static func digests(neededBy records: [ContainerRecord]) -> Set<Digest> {
        var result: Set<Digest> = []
        for record in records {
            if let image = try? Digest(record.imageID) { result.insert(image) }
            // `…/layers/DIGEST/diff`
            for layer in record.layers {
                let parts = layer.split(separator: "/")
                if parts.count >= 2, let diffID = try? Digest("sha256:\(parts[parts.count - 2])") {
                    result.insert(diffID)
                }
            }
        }
        return result
    }
}
