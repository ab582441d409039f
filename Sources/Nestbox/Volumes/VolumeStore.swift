internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Named and anonymous volumes: `volumes/<name>/_data`, and beside it `volume.json`.
///
/// A volume is there from the moment that its files have their name, and until they lose it. What a crash leaves of one that was
/// being made or removed has another name: the next maker of that volume, or the next command about volumes, removes it.
struct VolumeStore: Sendable {
    let paths: EnginePaths

    /// How long another container's copy into the same volume is waited for, in milliseconds: images hold gigabytes.
    private static let fillBound = 600_000
    /// How often a volume is made again that others remove at once.
    private static let attempts = 1000

    /// Makes a volume unless it is there, and keeps it from being removed for as long as the answer lives.
    ///
    /// Who comes while it is being filled waits for it.
    ///
    /// - Parameters:
    ///   - name: its name, which is a good one.
    ///   - labels: what a new one gets; one that is there keeps its own.
    ///   - isFlushed: what is noted of a new one must survive a power cut once this returns.
    ///   - fill: puts into the folder what it holds from the start; nil: the first container that uses it will.
    @discardableResult
    func make(
        _ name: String, labels: [String: String] = [:], isFlushed: Bool = false,
        fill: ((borrowing FileDescriptor) throws -> Void)?
    ) throws -> VolumeHold {
        for _ in 0..<Self.attempts {
            if !exists(name) {
                try makeMissing(name, labels, isFlushed: isFlushed, fill)
            } else if let fill, StoredFile.exists(paths.volumeUnused(name)) {
                try fillUnused(name, fill)
            }
            // Before the hold, or while a folder without a lock was empty, others may have removed it.
            if let hold = try VolumeHold.acquire(paths.volume(name), within: Self.fillBound), exists(name) {
                return hold
            }
        }
        throw EngineError.failure("cannot make volume \(name): other commands keep removing it; try again")
    }

    /// Makes a volume, or finds that somebody else has; does nothing when the folder was removed meanwhile.
    private func makeMissing(
        _ name: String, _ labels: [String: String], isFlushed: Bool,
        _ fill: ((borrowing FileDescriptor) throws -> Void)?
    ) throws {
        let folder = paths.volume(name)
        try StoredFile.makeFolder(folder)
        guard let lock = try FolderLock.acquire(folder, within: Self.fillBound) else { return }
        defer { lock.hold() }
        if exists(name) { return }
        let record = VolumeRecord(created: WallClock.now(), labels: labels)
        do {
            // Both mean nothing before the files have their name, so they need no rename.
            try StoredFile.write(
                paths.volumeRecord(name), String(decoding: record.jsonBytes(), as: UTF8.self), mode: 0o600)
            if fill == nil {
                try StoredFile.write(paths.volumeUnused(name), "", mode: 0o600)
            } else {
                try StoredFile.remove(paths.volumeUnused(name))
            }
            if isFlushed { try flush(paths.volumeRecord(name)) }
            try fillUnfinished(name) { if let fill { try fill($0) } }
            try publish(name)
        } catch {
            try? FileTree.remove(folder)
            throw error
        }
        if isFlushed {
            try flush(folder)
            try flush(paths.volumes)
        }
    }

    /// Fills a volume that no container has used yet, unless somebody has put files there by the host's path.
    private func fillUnused(_ name: String, _ fill: (borrowing FileDescriptor) throws -> Void) throws {
        guard let lock = try FolderLock.acquire(paths.volume(name), within: Self.fillBound) else { return }
        defer { lock.hold() }
        guard exists(name), StoredFile.exists(paths.volumeUnused(name)) else { return }
        try fillUnfinished(name, fill)
        do {
            // An empty folder gives way to the full one in one step; one with files, or with a mount on it, stays.
            try publish(name)
        } catch  where [.notEmpty, .exists, .busy].contains(error.errno) {
            try FileTree.remove(paths.volumeUnfinished(name))
        }
        // Last: for as long as this is there no container has the volume's folder mounted, so that it may be exchanged.
        try StoredFile.remove(paths.volumeUnused(name))
    }

    private func fillUnfinished(_ name: String, _ fill: (borrowing FileDescriptor) throws -> Void) throws {
        let unfinished = paths.volumeUnfinished(name)
        try FileTree.remove(unfinished)
        try retrying("make folder", unfinished) { mkdir(unfinished, 0o755) }
        try retrying("change the mode of", unfinished) { chmod(unfinished, 0o755) }
        do {
            try fill(try FileDescriptor.open(unfinished, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
        } catch {
            try? FileTree.remove(unfinished)
            throw error
        }
    }

    private func publish(_ name: String) throws(SystemError) {
        try retrying("rename to", paths.volumeData(name)) {
            rename(paths.volumeUnfinished(name), paths.volumeData(name))
        }
    }

    private func flush(_ path: String) throws(SystemError) {
        let file = try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW)
        let number = file.rawValue
        try retrying("flush", path) { fsync(number) }
    }

    /// Whether there is such a volume.
    func exists(_ name: String) -> Bool { StoredFile.exists(paths.volumeData(name)) }

    /// Removes a volume with all that is in it; its absence is no failure.
    func remove(_ name: String) throws(SystemError) {
        try FileTree.remove(paths.volume(name))
    }

    /// Removes a volume whose lock the caller has alone.
    ///
    /// It is gone at once, before its first file is: whoever dies in between leaves no half of a volume that could be mounted.
    ///
    /// - Returns: how many bytes its files had.
    func removeLocked(_ name: String) throws(SystemError) -> Int64 {
        let unfinished = paths.volumeUnfinished(name)
        try FileTree.remove(unfinished)
        do {
            try retrying("remove", paths.volumeData(name)) { rename(paths.volumeData(name), unfinished) }
        } catch  where error.errno == .noSuchFile {}
        let size = TreeSize.bytes(below: unfinished)
        try FileTree.remove(paths.volume(name))
        return size
    }

    /// Removes what dead commands have left of volumes that they were making or removing.
    ///
    /// Best effort: what cannot be removed now is found again.
    func removeRemains() throws(SystemError) {
        for name in try StoredFile.names(in: paths.volumes) where NameText.isName(name) && !exists(name) {
            // Who makes or removes it right now holds its lock.
            guard let lock = try? FolderLock.tryAcquire(paths.volume(name)) else { continue }
            defer { lock.hold() }
            if !exists(name) { try? remove(name) }
        }
    }

    /// Every volume's name, sorted.
    func names() throws(SystemError) -> [String] {
        try StoredFile.names(in: paths.volumes).filter { NameText.isName($0) && exists($0) }.sorted()
    }

    /// The volume of this name; nil when there is none.
    func volume(_ name: String) throws(SystemError) -> Volume? {
        guard NameText.isName(name), exists(name) else { return nil }
        // A power cut may leave the record of a volume that a container has brought empty: it had no labels.
        let bytes = try StoredFile.read(paths.volumeRecord(name))
        if let bytes, let record = try? VolumeRecord(jsonBytes: bytes, limits: JSONLimits(bytes: StoredFile.limit)) {
            return Volume(
                name: name, created: record.created, labels: record.labels, mountpoint: paths.volumeData(name),
                isAnonymous: record.labels[Volume.anonymousLabel] != nil)
        }
        var status = stat()
        guard lstat(paths.volume(name), &status) == 0 else { return nil }
        let changed = Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: UInt32(status.st_mtim.tv_nsec))
        return Volume(
            name: name, created: changed ?? .unixEpoch, labels: [:], mountpoint: paths.volumeData(name),
            isAnonymous: ContainerID.isComplete(name))
    }
}

/// The anonymous volumes that a container's creator is about to make, written down before: a creator that dies half-way leaves
/// no volume that nobody knows of.
enum AnonymousVolumeList {
    private static func path(_ paths: ContainerPaths) -> String { paths.folder + "/anonymous-volumes.json" }

    static func write(_ names: [String], _ paths: ContainerPaths) throws(SystemError) {
        try AtomicFile.write(names.jsonBytes(), to: path(paths))
    }

    /// The names; none when there is no list.
    static func read(_ paths: ContainerPaths) throws -> [String] {
        guard let bytes = try StoredFile.read(path(paths)) else { return [] }
        return try [String](jsonBytes: bytes).filter { ContainerID.isComplete($0) }
    }
}
