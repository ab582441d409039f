internal import ContainerNetwork
internal import Glibc
internal import ImageStore
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

/// What a container is made from.
struct ResolvedImage: Sendable, Hashable {
    /// The digest of its configuration.
    var id: String
    var settings: ImageSettings
    /// Folders, topmost first.
    var layers: [String]
}

/// A container that is being made, locked, with what its start would otherwise look up again.
struct NewContainer {
    let record: ContainerRecord
    let input: SpecificationInput
    let lock: FolderLock
    /// Until the record says who uses them, nobody may remove the layers together with the image, or the volumes.
    fileprivate var holds: (layers: LayerHold?, volumes: [VolumeHold])

    /// Lets others, and this process, remove what it uses: its record says so by now, or it is taken back.
    mutating func letGo() {
        holds = (nil, [])
    }
}

extension Engine {
    /// Makes a container; it is not started.
    ///
    /// The record of a container without `--rm` is on the disk when this returns. One with `--rm` does not survive a reboot
    /// anyway, so nothing waits for the disk.
    /// - Throws: `EngineError`: `.invalidConfiguration`, `.nameInUse`, `.image`, …
    public func create(_ configuration: ContainerConfiguration) throws(EngineError) -> Container {
        try EngineError.wrapping {
            let new = try make(configuration)
            return Container(record: new.record, state: ContainerState())
        }
    }

    /// Makes a container from the image that its configuration names.
    func make(_ configuration: ContainerConfiguration) throws -> NewContainer {
        try written(try claim(configuration))
    }

    func make(_ configuration: ContainerConfiguration, from image: ResolvedImage) throws -> NewContainer {
        try written(try claim(configuration, from: image))
    }

    private func written(_ new: NewContainer) throws -> NewContainer {
        do {
            try write(new)
        } catch {
            discard(new)
            throw error
        }
        return new
    }

    /// Has what a container needs of others: its name, ids, project, addresses and volumes.
    ///
    /// Only ``write(_:)`` makes it one.
    func claim(_ configuration: ContainerConfiguration) throws -> NewContainer {
        let (image, hold) = try resolveImage(configuration)
        var new = try claim(try withBorrowedMounts(configuration), from: image)
        new.holds.layers = hold
        return new
    }

    /// Puts a container on the disk that has all it needs of others.
    func write(_ new: NewContainer) throws {
        let record = new.record
        let paths = paths.container(record.id)
        // With volumes they are there: what the image has at their place was copied by way of them.
        if record.volumes.isEmpty { try makeLayerFolders(of: record) }
        // From here on the record keeps the layers and volumes.
        try withExtendedLifetime(new.holds) {
            try AtomicFile.write(
                record.jsonBytes(), to: paths.record, isFlushed: !record.configuration.autoRemove)
        }
        tell("create", record)
    }

    private func resolveImage(_ configuration: ContainerConfiguration) throws -> (ResolvedImage, LayerHold) {
        do {
            let image = try images.image(named: configuration.image)
            try image.check(isFor: configuration.platform, name: configuration.image)
            let hold = try images.hold(image)
            let resolved = ResolvedImage(
                id: image.id.description, settings: ImageSettings(image.configuration.config ?? .init()),
                layers: try images.layerPaths(of: image))
            return (resolved, hold)
        } catch let error as EngineError {
            throw error
        } catch ImageStoreError.noImage {
            // By the name that was asked for, which can be pulled: what another command removes after the name was found is
            // known by its id alone.
            throw EngineError.noSuchImage(configuration.image)
        } catch {
            throw EngineError.image("\(error)")
        }
    }

    private func claim(_ configuration: ContainerConfiguration, from image: ResolvedImage) throws -> NewContainer {
        try configuration.validate()
        let userNamespace = try UserNamespaceChoice(configuration)
        let partner = try partner(userNamespace)
        let task = try record(ofTask: userNamespace)
        let facts = try HostFacts(gatheredFor: configuration)
        let lock = try makeFolder()
        let id = lock.name
        let paths = paths.container(id)
        var claimed: (name: String?, range: IDRange?, project: UInt32?, endpoints: [Endpoint]) = (nil, nil, nil, [])
        do {
            let name = try claimName(configuration.name, for: id)
            claimed.name = name
            var record = ContainerRecord(
                id: id, name: name, created: Timestamp.nowText(),
                configuration: configuration, imageID: image.id, settings: image.settings,
                layers: image.layers.map { relativeToRoot($0) }, joined: partner?.id, volumes: [],
                cgroupPath: cgroupPath(of: id))
            if let task {
                record.idRange = task.idRange
            } else if let partner {
                record.idRange = partner.idRange
            } else if userNamespace == .own {
                claimed.range = try idRanges.lease(to: id)
                record.idRange = claimed.range
            }
            if let size = configuration.storageSize {
                claimed.project = try leaseProject(to: id, size: size)
                record.projectID = claimed.project
            }
            claimed.endpoints = try leaseEndpoints(configuration.network.requests, for: id)
            record.endpoints = claimed.endpoints
            let volumes = try makeVolumes(of: record, paths, image) { try makeLayerFolders(of: record) }
            record.volumes = volumes.uses
            let input = specificationInput(of: record, facts: facts)
            // Made here once for its errors: what cannot work is refused now and not at the start. The namespaces of another
            // container are only known then.
            let output = try input.withJoinedNamespaces(of: partner, process: nil)
                .withNamespaces(of: task.map { self.paths.task($0.name) }).specification()
            if let process = output.specification.process { try checkRights(process, of: record) }
            return NewContainer(record: record, input: input, lock: lock, holds: (nil, volumes.holds))
        } catch {
            releaseEndpoints(claimed.endpoints, of: id)
            discard(
                id, claimed.name, claimed.range, claimed.project,
                anonymousVolumes: (try? AnonymousVolumeList.read(paths)) ?? [])
            throw error
        }
    }

    /// The container whose namespaces are joined.
    private func partner(_ choice: UserNamespaceChoice) throws -> Container? {
        guard case .container(let name) = choice else { return nil }
        return try container(name)
    }

    /// The task whose namespaces are joined.
    private func record(ofTask choice: UserNamespaceChoice) throws -> TaskNetwork? {
        guard case .task(let name) = choice else { return nil }
        return try taskNetwork(name)
    }

    /// Makes a container folder of a new id and locks it.
    ///
    /// Its lock is what tells a folder being filled from remains.
    private func makeFolder() throws -> FolderLock {
        for _ in 0..<16 {
            let id = try ContainerID.random()
            let folder = paths.containers + "/" + id
            try StoredFile.makeFolder(folder)
            // Between the two calls another command may have taken the empty folder for remains and removed it.
            let lock = try FolderLock.acquire(folder)
            if let lock { return lock }
        }
        throw EngineError.failure("cannot make a container folder in \(paths.containers): others keep removing it")
    }

    private func claimName(_ given: String?, for id: String) throws -> String {
        if let given {
            let name = try ContainerName.validated(given)
            try claim(name, for: id)
            return name
        }
        var number = ContainerName.number(of: id)
        for attempt in 0..<64 {
            let name = ContainerName.generated(from: number, attempt: attempt)
            if try names.claim(name, for: id) == .claimed { return name }
            number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        }
        throw EngineError.failure("cannot make up a container name that is not in use; give one with --name")
    }

    /// overlayfs wants the upper and the work folder to belong to whoever is root of the container's user namespace.
    private func makeLayerFolders(of record: ContainerRecord) throws(SystemError) {
        let paths = paths.container(record.id)
        let owner = record.idRange?.firstID ?? 0
        for (folder, mode) in [(paths.upper, 0o755), (paths.work, 0o700)] as [(String, mode_t)] {
            try retrying("make folder", folder) { mkdir(folder, mode) }
            if owner != 0 { try retrying("change the owner of", folder) { chown(folder, owner, owner) } }
            // Both to the same: overlayfs renames from one to the other, which between projects it could not.
            if let project = record.projectID { try ProjectQuota.assign(project, to: folder) }
        }
        // The mode of upper is the container's "/": it must not depend on the caller's umask.
        try retrying("change the mode of", paths.upper) { chmod(paths.upper, 0o755) }
    }

    private func relativeToRoot(_ path: String) -> String {
        path.hasPrefix(paths.root + "/") ? String(path.dropFirst(paths.root.utf8.count + 1)) : path
    }

    /// The layers' folders in the store as absolute paths, topmost first.
    func layers(of record: ContainerRecord) -> [String] {
        record.layers.map { $0.hasPrefix("/") ? $0 : paths.root + "/" + $0 }
    }

    func specificationInput(of record: ContainerRecord, facts: HostFacts) -> SpecificationInput {
        var input = SpecificationInput(
            id: record.id, configuration: record.configuration, image: record.settings, facts: facts,
            idRange: record.idRange, files: paths.container(record.id))
        for use in record.volumes { input.volumes[use.target] = paths.volumeData(use.name) }
        return input
    }

    /// Undoes the creation of a container that was not written, and what there is of its start.
    func discard(_ new: NewContainer) {
        let record = new.record
        try? removeCgroup(of: record)
        try? withdrawNetwork(of: record.id)
        try? FileTree.remove(paths.container(record.id).runFolder)
        releaseEndpoints(record.endpoints, of: record.id)
        let range = record.ownsIDRange ? record.idRange : nil
        discard(record.id, record.name, range, record.projectID, anonymousVolumes: record.anonymousVolumes)
    }

    /// Undoes a creation that failed.
    ///
    /// Best effort: what cannot be removed now is remains, and removed by the next command.
    private func discard(
        _ id: String, _ name: String?, _ range: IDRange?, _ project: UInt32?, anonymousVolumes: [String]
    ) {
        let paths = paths.container(id)
        if let name { try? names.release(name, of: id) }
        for name in anonymousVolumes { try? volumeStore.remove(name) }
        try? FileTree.remove(paths.folder)
        // Last, as nobody else may have the ids while files have them.
        if let range { try? idRanges.release(range, of: id) }
        if let project { try? projects.release(project, of: id) }
    }
}

extension SpecificationInput {
    /// With the namespaces of a task.
    func withNamespaces(of task: TaskPaths?) -> SpecificationInput {
        guard let task else { return self }
        var result = self
        result.joined[.network] = task.networkNamespace
        result.joined[.user] = task.userNamespace
        return result
    }

    /// With the namespaces of the container that this one joins: of the running `process`, or of nobody in particular when
    /// the configuration is only checked.
    func withJoinedNamespaces(of partner: Container?, process: ProcessIdentity?) -> SpecificationInput {
        guard let partner else { return self }
        let folder = "/proc/\(process.map { String($0.pid) } ?? "self")/ns/"
        var result = self
        for (kind, mode, file) in [
            (.pid, configuration.pid, "pid"), (.ipc, configuration.ipc, "ipc"), (.uts, configuration.uts, "uts"),
            (.cgroup, configuration.cgroupns, "cgroup"),
        ] as [(RuntimeSpecification.Linux.Namespace.Kind, NamespaceMode, String)] {
            if case .container = mode { result.joined[kind] = folder + file }
        }
        if case .container = configuration.network { result.joined[.network] = folder + "net" }
        if partner.idRange != nil { result.joined[.user] = folder + "user" }
        return result
    }
}

extension Image {
    /// Refuses an image that was made for another platform than the one asked for.
    fileprivate func check(isFor wanted: Platform?, name: String) throws(EngineError) {
        let own = configuration.platform
        guard let wanted, !wanted.runs(own) else { return }
        throw .image(
            "image \(name.escapedForMessage) is for \(own), not for \(wanted); load one that is, or leave --platform out"
        )
    }
}
