internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Named and anonymous volumes: `volumes/<name>/_data`.
struct VolumeStore: Sendable {
    let paths: EnginePaths

    /// How long another container's copy into the same volume is waited for, in milliseconds: images hold gigabytes.
    private static let fillBound = 600_000

    /// Makes a volume unless it is there.
    ///
    /// `fill` puts into the new folder what it holds from the start.
    ///
    /// Who comes while it is being filled waits for the volume's lock. Until it is complete it has another name, so that a
    /// crash leaves no half a copy that the next container would take for the whole.
    func make(_ name: String, fill: (borrowing FileDescriptor) throws -> Void) throws {
        if exists(name) { return }
        let folder = paths.volume(name)
        try StoredFile.makeFolder(folder)
        guard let lock = try FolderLock.acquire(folder, within: Self.fillBound) else {
            throw EngineError.failure("cannot make volume \(name): another command is removing it; try again")
        }
        defer { lock.hold() }
        if exists(name) { return }
        let unfinished = folder + "/unfinished"
        try FileTree.remove(unfinished)
        try retrying("make folder", unfinished) { mkdir(unfinished, 0o755) }
        try retrying("change the mode of", unfinished) { chmod(unfinished, 0o755) }
        do {
            try fill(try FileDescriptor.open(unfinished, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
        } catch {
            try? FileTree.remove(unfinished)
            throw error
        }
        try retrying("rename to", paths.volumeData(name)) { rename(unfinished, paths.volumeData(name)) }
    }

    /// Whether there is such a volume.
    func exists(_ name: String) -> Bool { StoredFile.exists(paths.volumeData(name)) }

    /// Removes a volume with all that is in it; its absence is no failure.
    func remove(_ name: String) throws(SystemError) {
        try FileTree.remove(paths.volume(name))
    }

    /// Every volume's name, sorted.
    func names() throws(SystemError) -> [String] {
        try StoredFile.names(in: paths.volumes).filter { NameText.isName($0) && exists($0) }.sorted()
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
