internal import Glibc
internal import LinuxSystem

/// The folder that everything is in that the command line knows of one container: `ROOT/ID`, on tmpfs.
///
/// A container is there from the moment on when its `state.json` is; a folder without one is what a killed command has left,
/// and the next `create` of that name uses it.
struct ContainerFolder {
    let root: String
    let id: String

    /// The folder of compiled seccomp programs; no container can have this name.
    static func seccompCache(in root: String) -> String { "\(root)/@seccomp" }

    var path: String { "\(root)/\(id)" }
    var recordPath: String { "\(path)/state.json" }
    /// The configuration as it was when the container was made.
    var configurationPath: String { "\(path)/config.json" }
    /// The FIFO at which the container's process waits for its start.
    var gatePath: String { "\(path)/start" }
    /// What the process writes when it could not be started.
    var failurePath: String { "\(path)/failure" }

    /// The folder of a container.
    ///
    /// - Throws: `LaunchError` when the id could be no name of a folder of the root's own.
    init(_ id: String, root: String) throws(LaunchError) {
        let isWord = id.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isWord, !id.isEmpty, id != ".", id != "..", id.utf8.count <= 255 else {
            throw LaunchError("invalid container ID format: \(id); use letters, digits, _ + - . only")
        }
        self.root = root
        self.id = id
    }

    /// Makes the folder of a new container and locks it.
    ///
    /// - Throws: `LaunchError` when there is such a container.
    func make() throws(LaunchError) -> FolderLock {
        do throws(SystemError) {
            try StoredFile.makeFolder(path, mode: 0o700, parents: 0o711)
            try checkOwners()
            guard let lock = try FolderLock.tryAcquire(path) else {
                throw SystemError("make", path, .exists, hint: "another command is at work on this container")
            }
            guard !StoredFile.exists(recordPath) else {
                throw SystemError("make", path, .exists, hint: "container with given ID already exists")
            }
            for name in try StoredFile.names(in: path) { try StoredFile.remove("\(path)/\(name)") }
            return lock
        } catch {
            throw LaunchError("cannot create container \(id): \(error)")
        }
    }

    /// Waits for the lock of a container that is there.
    ///
    /// - Throws: `LaunchError`.
    func lock() throws(LaunchError) -> FolderLock {
        do throws(SystemError) {
            try checkOwners()
            if let lock = try FolderLock.acquire(path) { return lock }
        } catch {
            throw LaunchError("cannot use container \(id): \(error)")
        }
        throw doesNotExist
    }

    /// Refuses a folder that another user has made, or could put something into: its records name what to kill, its
    /// configuration names hooks, and a link would lead to what is somebody else's.
    ///
    /// A folder that is not there is nobody's.
    /// - Throws: `SystemError`.
    func checkOwners() throws(SystemError) {
        try checkOwner(of: root, isShared: true)
        try checkOwner(of: path, isShared: false)
    }

    private func checkOwner(of folder: String, isShared: Bool) throws(SystemError) {
        var status = stat()
        let flags = isShared ? 0 : AT_SYMLINK_NOFOLLOW
        guard folder.withCString({ fstatat(AT_FDCWD, $0, &status, flags) }) == 0 else { return }
        guard FolderOwner.isOwn(status, isShared: isShared) else {
            throw SystemError(
                "use", folder, .notPermitted,
                hint: "it must be a folder of your own that nobody else may write to; choose another --root")
        }
    }

    /// Removes the folder; the record goes last, so that whatever is left can still be removed by its name.
    func remove() throws(SystemError) {
        for path in [gatePath, failurePath, configurationPath, recordPath] { try StoredFile.remove(path) }
        for name in try StoredFile.names(in: path) { try StoredFile.remove("\(path)/\(name)") }
        try retrying("remove", path) { path.withCString { rmdir($0) } }
    }

    /// The error of a container that is not there, in runc's words: its callers look for them.
    var doesNotExist: LaunchError { LaunchError("container \(id) does not exist") }
}
