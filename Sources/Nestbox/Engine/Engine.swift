internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec
public import ImageStore

/// A container engine: everything below one root folder.
///
/// No daemon stands behind it.
///
/// It holds no state of containers, so any number of them, in any number of processes, may work on the same root
/// at once. Calls block; none is tied to a thread.
public struct Engine: Sendable {
    /// What it was made with.
    public let configuration: EngineConfiguration
    /// The images below its root.
    public let images: ImageStore
    let paths: EnginePaths
    let cgroupLayout = KnownCgroupLayout()
    private let reaper = ChildReaper()
    private let sealedRuntime = SealedRuntime()
    private let spareRuntime = SpareRuntime()

    var names: LinkTable { LinkTable(folder: paths.names, owners: [paths.containers]) }
    var idRanges: IDRangeLeases { IDRangeLeases(paths: paths) }
    var projects: ProjectLeases { ProjectLeases(paths: paths) }
    var volumeStore: VolumeStore { VolumeStore(paths: paths) }

    /// An engine for a root.
    ///
    /// Folders are made when something is put in them.
    ///
    /// - Throws: `EngineError` when the root cannot be used.
    public init(configuration: EngineConfiguration = EngineConfiguration()) throws(EngineError) {
        self.configuration = configuration
        paths = EnginePaths(root: configuration.root, runRoot: configuration.runRoot)
        let root = paths.root
        images = try EngineError.wrapping { try ImageStore(root: root) }
    }

    /// The container that `name` stands for: a complete id, a name, or the beginning of just one id; in this order.
    ///
    /// - Throws: `EngineError.noSuchContainer`, `.ambiguousContainer`.
    public func container(_ name: String) throws(EngineError) -> Container {
        try EngineError.wrapping {
            let id = try resolve(name)
            guard let container = try examine(id) else { throw EngineError.noSuchContainer(name) }
            // While a container is being renamed it holds two names, and its record says which of them is its own.
            let bare = name.hasPrefix("/") ? String(name.dropFirst()) : name
            guard container.name == bare || id.hasPrefix(bare) else { throw EngineError.noSuchContainer(name) }
            if container.isRunning { keepFirewall() }
            return container
        }
    }

    /// The id that `name` stands for.
    func resolve(_ name: String) throws -> String {
        let bare = name.hasPrefix("/") ? String(name.dropFirst()) : name
        if ContainerID.isComplete(bare), StoredFile.exists(paths.containers + "/" + bare) { return bare }
        // Only valid names become part of a path.
        if NameText.isName(bare), let id = names.holder(of: bare), ContainerID.isComplete(id) { return id }
        guard ContainerID.isHexadecimal(bare), bare.utf8.count < 64 else { throw EngineError.noSuchContainer(name) }
        let matches = try StoredFile.names(in: paths.containers).filter {
            $0.hasPrefix(bare) && ContainerID.isComplete($0)
        }
        guard matches.count < 2 else { throw EngineError.ambiguousContainer(prefix: bare, matches: matches.sorted()) }
        guard let id = matches.first else { throw EngineError.noSuchContainer(name) }
        return id
    }

    /// What starts `nestbox-runtime`.
    func runtime() throws(EngineError) -> RuntimeLauncher {
        RuntimeLauncher(path: try runtimePath(), reaper: reaper, sealed: sealedRuntime)
    }

    /// A supervisor that gets ready while this process finds out what it is to do; nil: it is started when that is known, and
    /// whatever is wrong is said then.
    func supervisorAhead() -> StartedAhead? {
        spareRuntime.take() ?? (try? runtime().startAhead(RuntimeLauncher.supervisor))
    }

    /// Has a supervisor ready for the next start, without waiting for it.
    ///
    /// For a process that goes on: who starts one container after another does not wait for its loading. It ends with this
    /// process, or unused after half a minute.
    func keepSpareRuntime() {
        WorkerThreads.submit { failure in
            guard failure == nil, let started = try? runtime().startAhead(RuntimeLauncher.supervisor) else { return }
            spareRuntime.keep(started)
        }
    }

    /// The path of `nestbox-runtime`.
    func runtimePath() throws(EngineError) -> String {
        let variable = getenv("NESTBOX_RUNTIME").map { String(cString: $0) }
        if let path = configuration.runtime ?? variable, !path.isEmpty {
            guard access(path, X_OK) == 0 else { throw .noRuntime(searched: [path]) }
            return path
        }
        let searched = Self.places(of: "nestbox-runtime")
        for candidate in searched where access(candidate, X_OK) == 0 { return candidate }
        throw .noRuntime(searched: searched)
    }
    /// Where a program of ours may be, the most likely place first.
    static func places(of program: String) -> [String] {
        var folders: [String] = []
        if let own = StoredFile.link("/proc/self/exe"), let slash = own.lastIndex(of: "/") {
            folders += [String(own[..<slash]), own[..<slash] + "/../libexec"]
        }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        // Relative entries are passed over: what is in the working folder is not ours to trust.
        folders += path.split(separator: ":").filter { $0.hasPrefix("/") }.map(String.init)
        folders += ["/usr/local/libexec", "/usr/libexec"]
        return folders.map { "\($0)/\(program)" }
    }
}
