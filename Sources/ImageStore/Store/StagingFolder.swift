internal import Glibc
internal import LinuxSystem
internal import OCISpec
internal import Synchronization

/// A folder below `tmp` that belongs to one running command: whoever holds its flock owns it.
final class StagingFolder: Sendable {
    /// A note of what a command is about to rename out of its staging folder; see ``StagingFolder/note(_:)``.
    static let noteFile = "becoming-visible"

    let store: StoreFolder
    /// The path below the store's root.
    let path: String
    let descriptor: FileDescriptor
    private let counter = Atomic(0)
    private let imageTrial = Mutex<Bool?>(nil)

    /// Makes a new folder and owns it.
    ///
    /// - Throws: `SystemError`.
    init(_ store: StoreFolder) throws(SystemError) {
        self.store = store
        // With the store's lock held nobody can take the folder for an abandoned one before it is locked.
        let lock = try store.lock()
        var path = ""
        var attempt = 0
        repeat {
            attempt += 1
            path = "tmp/\(getpid())-\(attempt)"
            if mkdirat(store.descriptor.rawValue, path, 0o700) == 0 { break }
            guard Errno.current == .exists else { throw SystemError("create", "\(store.path)/\(path)", .current) }
        } while true
        self.path = path
        descriptor = try store.descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let number = descriptor.rawValue
        try retrying("lock", path) { flock(number, LOCK_EX | LOCK_NB) }
        _ = consume lock
    }

    private init(_ store: StoreFolder, path: String, owning descriptor: consuming FileDescriptor) {
        self.store = store
        self.path = path
        self.descriptor = descriptor
    }

    /// Whether layers can be kept as images; found out once.
    var canMountImages: Bool {
        imageTrial.withLock { known in
            let answer = known ?? tryMountingImage()
            known = answer
            return answer
        }
    }

    /// A name in this folder that was not given before.
    func newName(_ stem: String) -> String {
        "\(stem)-\(counter.add(1, ordering: .relaxed).newValue)"
    }

    /// Renames something of this folder to its place in the store.
    ///
    /// - Throws: `SystemError`.
    func publish(_ name: String, as target: String) throws(SystemError) {
        try retrying("rename into place", "\(store.path)/\(target)") {
            renameat(descriptor.rawValue, name, store.descriptor.rawValue, target)
        }
    }

    /// Writes a small file in this folder and flushes it, then renames it into its place in the store.
    ///
    /// - Throws: `SystemError`.
    func write(_ bytes: [UInt8], as target: String) throws(SystemError) {
        let name = newName("file")
        try write(bytes, to: name)
        try publish(name, as: target)
    }

    /// Writes a small file in this folder and flushes it.
    ///
    /// - Throws: `SystemError`.
    func write(_ bytes: [UInt8], to name: String) throws(SystemError) {
        let file = try descriptor.open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
        try file.writeAll(bytes)
        let number = file.rawValue
        try retrying("flush", "\(path)/\(name)") { fsync(number) }
    }

    /// Writes down which paths of the store are about to appear before the record that refers to them does.
    ///
    /// Should the command die in between, whoever finds this folder removes those of them that no image refers to.
    /// - Throws: `SystemError`.
    func note(_ paths: [String]) throws(SystemError) {
        try write(JSONValue.array(paths.map { .string($0) }).serialized(), to: Self.noteFile)
    }

    /// Takes something out of the store; it is gone when this folder is.
    ///
    /// - Throws: `SystemError`.
    func take(_ path: String) throws(SystemError) {
        let name = newName("taken")
        do {
            try retrying("remove", "\(store.path)/\(path)") {
                renameat(store.descriptor.rawValue, path, descriptor.rawValue, name)
            }
        } catch  where error.errno == .noSuchFile {}
    }

    /// Removes the folder with all that is left in it, as its owner.
    ///
    /// - Throws: `SystemError`.
    func remove() throws(SystemError) {
        var remover = TreeRemover(scratch: descriptor.rawValue)
        try remover.removeScratch()
        try removeName()
    }

    /// The same for one that was abandoned when it was opened: meanwhile its owner may have removed it after all, and the name
    /// may be another's.
    ///
    /// - Throws: `SystemError`.
    private func removeAbandoned() throws(SystemError) {
        var remover = TreeRemover(scratch: descriptor.rawValue)
        try remover.removeScratch()
        // With the store's lock held nobody makes another.
        let lock = try store.lock()
        if store.isStill(descriptor, path) { try removeName() }
        _ = consume lock
    }

    private func removeName() throws(SystemError) {
        if unlinkat(store.descriptor.rawValue, path, AT_REMOVEDIR) != 0, Errno.current != .noSuchFile {
            throw SystemError("remove", "\(store.path)/\(path)", .current)
        }
    }
}

extension StagingFolder {
    /// Removes what commands that died have left.
    ///
    /// - Parameter referenced: the layers and blobs, as paths, that the images refer to now.
    /// - Throws: `SystemError`.
    static func removeAbandoned(
        in store: StoreFolder, referenced: () throws -> Set<String>
    ) throws {
        let names = try store.names(in: "tmp")
        if names.isEmpty { return }
        let lock = try store.lock()
        var abandoned: [StagingFolder] = []
        for name in names {
            let path = "tmp/\(name)"
            guard let descriptor = try? store.descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else {
                // Only folders are made here; anything else is nobody's.
                unlinkat(store.descriptor.rawValue, path, 0)
                continue
            }
            guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else { continue }
            let folder = StagingFolder(store, path: path, owning: descriptor)
            abandoned.append(folder)
            guard let note = try? folder.descriptor.open(noteFile, O_RDONLY | O_NOFOLLOW).readAll(),
                let paths = try? [String](jsonBytes: note),
                // With a damaged record nobody can tell; then a later collection finds them.
                let kept = try? referenced()
            else { continue }
            for path in paths where !kept.contains(path) { try folder.take(path) }
        }
        _ = consume lock
        for folder in abandoned { try folder.removeAbandoned() }
    }
}
