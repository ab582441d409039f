internal import CLinux
internal import Glibc
internal import ImageStore
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

/// A container's files as the container sees them.
///
/// Those of a running one are reached through the root of its first process, with all that is mounted there. Those of another
/// are put together for the occasion, in a mount namespace that only the calling thread has: whenever the thread ends, and be
/// it by `kill -9`, nothing of that is left.
struct ContainerView: ~Copyable {
    /// The root, whose paths nothing leads out of.
    let root: RootDirectory
    /// Keeps a container that does not run from being started or removed meanwhile.
    private let lock: FolderLock?

    /// The ids that its files have here.
    let ids: IDShift
    /// Its root user.
    var maker: FileMaker { FileMaker(user: ids.first, group: ids.first) }

    private init(root: consuming RootDirectory, lock: FolderLock?, ids: IDShift) {
        self.root = root
        self.lock = lock
        self.ids = ids
    }
}

extension ContainerView {
    private static let newMountNamespace = 0x20000

    /// Opens the view, on a thread that is used for nothing else afterwards, and makes that thread one of the container's root.
    ///
    /// - Throws: `EngineError`, `SystemError`.
    init(of container: Container, _ engine: Engine) throws {
        let (lock, current, ids) = try Self.look(at: container, engine)
        if current.isRunning, let process = current.state.process {
            let root = try Self.root(of: process, container)
            try FileMaker(user: ids.first, group: ids.first).become()
            // Its end would change nothing: the descriptor keeps the files.
            self.init(root: root, lock: nil, ids: ids)
        } else {
            self.init(root: try Self.assemble(current.record, ids, engine), lock: lock, ids: ids)
        }
    }

    /// Opens a view of the container's own files: its image's, and what it has changed of them.
    ///
    /// What is mounted over them, like volumes, is not part of it.
    ///
    /// - Throws: `EngineError`, `SystemError`.
    init(ofOwnFilesOf container: Container, _ engine: Engine) throws {
        let (lock, current, ids) = try Self.look(at: container, engine)
        if current.isRunning, let process = current.state.process {
            self.init(root: try Self.bareRoot(of: process, container), lock: nil, ids: ids)
        } else {
            let mount = try Self.overlay(of: current.record, try Self.userNamespace(of: current.record, engine), engine)
            self.init(root: RootDirectory(mount), lock: lock, ids: ids)
        }
    }

    /// The container as it is now, locked, and the ids of its files.
    private static func look(
        at container: Container, _ engine: Engine
    ) throws -> (lock: FolderLock, current: Container, ids: IDShift) {
        guard let lock = try engine.lock(container.id),
            let current = try engine.repair(engine.paths.container(container.id))
        else { throw EngineError.noSuchContainer(container.name) }
        let ids = current.idRange.map { IDShift(first: $0.firstID, count: $0.count) } ?? .none
        return (lock, current, ids)
    }

    /// Its files are mounted already, and cannot be mounted twice: the mount is cloned without those on it.
    private static func bareRoot(of process: ProcessIdentity, _ container: Container) throws -> RootDirectory {
        let namespace = try? FileDescriptor.open("/proc/\(process.pid)/ns/mnt")
        // Looks whether it is alive, and so was when the namespace was opened.
        let root = try root(of: process, container)
        guard let namespace else { throw ended(container) }
        let clone = nb_clone_bare_root(namespace.rawValue, root.descriptor.rawValue)
        return RootDirectory(FileDescriptor(owning: try checked(clone, "clone the files of container", container.name)))
    }

    private static func ended(_ container: Container) -> EngineError {
        .failure("container \(container.name) has just ended; try again")
    }

    private static func root(of process: ProcessIdentity, _ container: Container) throws -> RootDirectory {
        // Opened first and compared afterwards: if it is alive now, its pid meant it before.
        let ended = ended(container)
        let root: FileDescriptor
        do throws(SystemError) {
            root = try FileDescriptor.open("/proc/\(process.pid)/root", NB_O_PATH | O_DIRECTORY)
        } catch {
            throw error.errno == .noSuchFile || error.errno == .noSuchProcess ? ended : EngineError.system(error)
        }
        guard process.isAlive else { throw ended }
        return RootDirectory(root)
    }

    // MARK: - A container that does not run

    private static func assemble(_ record: ContainerRecord, _ ids: IDShift, _ engine: Engine) throws -> RootDirectory {
        let userNamespace = try userNamespace(of: record, engine)
        // The thread has its own view of this machine's mounts from here on; what is mounted later on the machine shows up.
        try checked(
            nb_syscall6(Int(SYS_unshare), newMountNamespace, 0, 0, 0, 0, 0), "make", "a mount namespace",
            hint: "it needs root")
        let host = try FileDescriptor.open("/", NB_O_PATH | O_DIRECTORY)
        try checked(
            nb_set_attributes(host.rawValue, 0, 0, NB_PROPAGATION_SLAVE, -1, 1), "separate", "the mounts of a thread")
        let mount = try overlay(of: record, userNamespace, engine)
        try checked(
            nb_attach(mount.rawValue, AT_FDCWD, engine.paths.container(record.id).runFolder),
            "mount the files of container", record.name)
        try FileMaker(user: ids.first, group: ids.first).become()
        try addMounts(of: record, to: mount, userNamespace, engine)
        if record.configuration.readOnly {
            try checked(
                nb_set_attributes(mount.rawValue, NB_MOUNT_READ_ONLY, 0, 0, -1, 0), "make read-only",
                "the files of container \(record.name)")
        }
        return RootDirectory(mount)
    }

    /// A user namespace with the container's ids; nil when it lives in the host's.
    private static func userNamespace(of record: ContainerRecord, _ engine: Engine) throws -> FileDescriptor? {
        guard let range = record.idRange else { return nil }
        let request = NamespaceRequest(idMap: IDMap(hostID: range.firstID, count: range.count))
        var number: Int32 = -1
        _ = try engine.runtime().run(
            "namespaces", request: request.jsonBytes(), attached: false,
            makeInterfaces: { pid in number = try FileDescriptor.open("/proc/\(pid)/ns/user").release() })
        guard number >= 0 else { throw EngineError.failure("cannot make a user namespace for \(record.name)") }
        return FileDescriptor(owning: number)
    }

    private static func overlay(
        of record: ContainerRecord, _ userNamespace: borrowing FileDescriptor?, _ engine: Engine
    ) throws -> FileDescriptor {
        let paths = engine.paths.container(record.id)
        var layers: [Int32] = []
        defer { for layer in layers { close(layer) } }
        let lower = try MountPointLayer.added(to: engine.layerFolders(of: record), at: engine.paths.mountPoints)
        for path in lower {
            let folder = try FileDescriptor.open(path, NB_O_PATH | O_DIRECTORY)
            guard let namespace = userNamespace.number else {
                layers.append(folder.release())
                continue
            }
            layers.append(try clone(of: folder, path, isRecursive: false, namespace, mustMap: true).release())
        }
        let upper = try FileDescriptor.open(paths.upper, NB_O_PATH | O_DIRECTORY)
        let work = try FileDescriptor.open(paths.work, NB_O_PATH | O_DIRECTORY)
        try StoredFile.makeFolder(paths.runFolder)
        // A run that was broken off has left its mark.
        if record.configuration.autoRemove { VolatileOverlay.forget(work: paths.work) }
        let mount = nb_mount_overlay(layers, layers.count, upper.rawValue, work.rawValue, 0, 0, paths.runFolder)
        return FileDescriptor(owning: try checked(mount, "mount the layers of container", record.name))
    }

    private static func clone(
        of file: borrowing FileDescriptor, _ path: String, isRecursive: Bool, _ userNamespace: Int32?, mustMap: Bool
    ) throws(SystemError) -> FileDescriptor {
        let depth: Int32 = isRecursive ? 1 : 0
        let clone = FileDescriptor(owning: try checked(nb_clone_tree(file.rawValue, "", depth), "clone", path))
        try checked(
            nb_set_attributes(clone.rawValue, 0, 0, NB_PROPAGATION_PRIVATE, -1, depth), "separate the mounts of", path)
        if let userNamespace {
            let result = nb_set_attributes(clone.rawValue, 0, 0, 0, userNamespace, depth)
            // As at a start: what cannot be ID-mapped is mounted as it is.
            if mustMap { try checked(result, "map the ids of", path) }
        }
        return clone
    }

    /// Volumes, bind mounts and the files in /etc, in the order of a start; memory is only there while it runs.
    private static func addMounts(
        of record: ContainerRecord, to root: borrowing FileDescriptor, _ userNamespace: borrowing FileDescriptor?,
        _ engine: Engine
    ) throws {
        let folders = try VolumeFolders(of: record, engine.paths)
        let facts = try HostFacts(gatheredFor: record.configuration)
        let input = folders.applied(to: engine.specificationInput(of: record, facts: facts))
        let asked = Set(record.configuration.mounts.map(\.target) + input.volumes.keys)
        let files = [input.files.resolv, input.files.hostname, input.files.hosts]
        for mount in try input.mounts() where mount.type == "bind" {
            guard let source = mount.source, asked.contains(mount.destination) || files.contains(source) else {
                continue
            }
            // Never started: the files of /etc are not there. A bind's missing source is made, or told of, by a start.
            guard access(source, F_OK) == 0 else { continue }
            try add(mount, source, to: root, userNamespace)
        }
        withExtendedLifetime(folders) {}
    }

    private static func add(
        _ mount: RuntimeSpecification.Mount, _ source: String, to root: borrowing FileDescriptor,
        _ userNamespace: borrowing FileDescriptor?
    ) throws(SystemError) {
        let file = try FileDescriptor.open(source, NB_O_PATH)
        let isFolder = try file.status().st_mode & S_IFMT == S_IFDIR
        let clone = try clone(
            of: file, source, isRecursive: mount.options.contains("rbind"), userNamespace.number, mustMap: false)
        let isDeep = mount.options.contains("rro")
        if isDeep || mount.options.contains("ro") {
            try checked(
                nb_set_attributes(clone.rawValue, NB_MOUNT_READ_ONLY, 0, 0, -1, isDeep ? 1 : 0), "make read-only",
                source)
        }
        let links = Int32(NB_LINKS_MAX)
        let place =
            isFolder
            ? nb_make_directories_in_root(root.rawValue, mount.destination, 0o755, links)
            : nb_make_file_in_root(root.rawValue, mount.destination, 0o644, links)
        let target = FileDescriptor(owning: try checked(place, "make the mount's target", mount.destination))
        try checked(nb_attach(clone.rawValue, target.rawValue, ""), "mount \(source) on", mount.destination)
    }
}

extension Optional where Wrapped == FileDescriptor, Wrapped: ~Copyable {
    /// The number of the descriptor, if there is one; it stays owned by it.
    fileprivate var number: Int32? {
        switch self {
        case .some(let descriptor): descriptor.rawValue
        case .none: nil
        }
    }
}
