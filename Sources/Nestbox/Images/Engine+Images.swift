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
            var inUse: Set<Digest> = []
            var users: [String: [String]] = [:]
            for record in try records() {
                users[record.imageID, default: []].append(record.id)
                if let image = try? Digest(record.imageID) { inUse.insert(image) }
                // `…/layers/DIGEST/diff`
                for layer in record.layers {
                    let parts = layer.split(separator: "/")
                    if parts.count >= 2, let diffID = try? Digest("sha256:\(parts[parts.count - 2])") {
                        inUse.insert(diffID)
                    }
                }
            }
            if force, let image = try? images.image(named: name), image.references.count < 2 {
                let running = try (users[image.id.description] ?? []).filter { try examine($0)?.isRunning ?? false }
                guard running.isEmpty else { throw EngineError.imageInUse(name: name, containers: running.sorted()) }
            }
            do {
                return try images.remove(name, force: force, inUse: inUse)
            } catch ImageStoreError.inUse(let name, let reason) {
                let id = try? images.image(named: name).id.description
                guard let id, let containers = users[id], !containers.isEmpty else {
                    throw EngineError.image("cannot remove image \(name): \(reason)")
                }
                throw EngineError.imageInUse(name: name, containers: containers.sorted())
            }
        }
    }
}
