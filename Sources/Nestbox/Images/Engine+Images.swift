public import ImageStore
public import OCISpec

extension Engine {
    /// Loads every image of an archive (`ImageStore.load`).
    ///
    /// - Parameters:
    ///   - source: the archive.
    ///   - platform: which variant to take where there are several.
    ///   - progress: called on this thread, about once for every MiB.
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func loadImages(
        from source: ImageSource, platform: Platform = .host, progress: (ImageProgress) -> Void = { _ in }
    ) throws -> [LoadedImage] {
        let loaded = try images.load(from: source, platform: platform, progress: progress)
        for image in loaded { tell("load", image.id, image.references.first) }
        return loaded
    }

    /// Makes an image from an archive of a root file system (`ImageStore.importRoot`).
    ///
    /// - Parameters:
    ///   - source: the archive.
    ///   - reference: the image's name; nil for none.
    ///   - changes: what its configuration says, in this order.
    ///   - message: what its history says.
    ///   - platform: what it runs on.
    ///   - progress: called on this thread, about once for every MiB.
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func importImage(
        from source: ImageSource, reference: ImageReference? = nil, changes: [ChangeInstruction] = [],
        message: String? = nil, platform: Platform = .host, progress: (ImageProgress) -> Void = { _ in }
    ) throws -> Image {
        let image = try images.importRoot(
            from: source, reference: reference, changes: changes, message: message, platform: platform,
            progress: progress)
        tell("import", image.id, reference)
        return image
    }

    /// Gives an image one more name; another image that had it loses it.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    public func tagImage(_ name: String, as reference: ImageReference) throws {
        try images.tag(name, as: reference)
        if let image = try? images.image(named: reference.description) { tell("tag", image.id, reference) }
    }

    /// Says to whoever follows events that an image has come from a registry.
    public func tellPulled(_ image: Image, as reference: ImageReference) { tell("pull", image.id, reference) }

    /// Says to whoever follows events that an image has gone to a registry.
    public func tellPushed(_ image: Image, as reference: ImageReference) { tell("push", image.id, reference) }

    /// Something has happened to an image.
    private func tell(_ action: String, _ id: Digest, _ reference: ImageReference?) {
        tell("image", action, id.description, ["name": .string(reference?.familiar ?? id.description)])
    }

    private func tell(_ removal: ImageRemoval, of name: String) {
        for reference in removal.untagged {
            tell("image", "untag", removal.deleted?.description ?? name, ["name": .string(reference.familiar)])
        }
        if let id = removal.deleted { tell("delete", id, nil) }
    }

    /// Removes a name of an image, and with its last name the image; layers stay for as long as a container uses them.
    ///
    /// - Parameters:
    ///   - name: a name, an id, or the beginning of just one id.
    ///   - force: also when containers that do not run were made from it, or when an id has several names.
    /// - Throws: `EngineError.imageInUse`, `.image`.
    @discardableResult
    public func removeImage(_ name: String, force: Bool = false) throws(EngineError) -> ImageRemoval {
        try EngineError.wrapping {
            // Also when there is nothing to remove: an earlier removal may have been killed before this.
            defer { try? unmountRemovedLayers() }
            let users = Dictionary(grouping: try records(), by: \.imageID).mapValues { $0.map(\.id) }
            if force, let image = try? images.image(named: name), image.references.count < 2 {
                let running = try (users[image.id.description] ?? []).filter { try examine($0)?.isActive ?? false }
                guard running.isEmpty else { throw EngineError.imageInUse(name: name, containers: running.sorted()) }
            }
            do {
                let removal = try images.remove(name, force: force, inUse: Self.digests(neededBy: records()))
                tell(removal, of: name)
                return removal
            } catch ImageStoreError.inUse(let name, let reason) {
                // Asked again: one may have been made meanwhile.
                let id = try? images.image(named: name).id.description
                let containers = try records().filter { $0.imageID == id }.map(\.id)
                guard !containers.isEmpty else {
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
            defer { try? unmountRemovedLayers() }
            // What a crash left of containers must not keep images.
            _ = try list(all: true)
            let used = Self.digests(neededBy: try completeRecords())
            var removals: [ImageRemoval] = []
            var failures: [EngineError] = []
            // Parts of layers that no pull has brought to their end.
            if filters.isEmpty, let removal = try images.removePartialLayers() { removals.append(removal) }
            for image in try images.images() where (all || image.references.isEmpty) && !used.contains(image.id) {
                let labels = image.configuration.config?.labels ?? [:]
                guard filters.allSatisfy({ $0.holds(for: labels, created: image.created) }) else { continue }
                do {
                    let removal = try images.removeUnused(image.id, isDangling: !all) {
                        Self.digests(neededBy: try completeRecords())
                    }
                    if let removal {
                        removals.append(removal)
                        tell(removal, of: image.id.description)
                    }
                } catch {
                    failures.append(EngineError(error))
                }
            }
            return (removals, failures)
        }
    }

    /// The images that containers were made from, and the layers that their files lie over: what else works on the images' store
    /// must leave them alone.
    ///
    /// - Throws: `EngineError.damagedRecord` when a container cannot be asked.
    public func digestsInUse() throws(EngineError) -> Set<Digest> {
        try EngineError.wrapping { Self.digests(neededBy: try completeRecords()) }
    }

    /// As above for these containers.
    static func digests(neededBy records: [ContainerRecord]) -> Set<Digest> {
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
