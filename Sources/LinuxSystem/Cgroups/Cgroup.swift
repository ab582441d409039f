internal import CLinux
internal import Glibc
internal import OCISpec

/// One container's cgroup: a folder of the same path in the unified tree and, on a hybrid machine, in the v1 hierarchies
/// of the controllers that it needs.
///
/// The unified tree does the killing, freezing, tracking and device access; limits go wherever the controller is.
/// A cgroup that was killed is never entered again by `CLONE_INTO_CGROUP` (the kernel would kill the newcomer), so
/// ``create(resources:)`` always starts from fresh folders.
public struct Cgroup: Sendable, Hashable {
    let location: CgroupPath
    /// The hierarchies that it lives in.
    public let layout: CgroupLayout

    /// The path below the root of every hierarchy, without a slash at its ends.
    public var path: String { location.description }

    /// Names a cgroup; nothing is read or made.
    ///
    /// - Parameter path: parts of `[A-Za-z0-9_.-]` between slashes, no `..`; a leading slash means nothing.
    /// - Throws: `CgroupError.invalidPath`.
    public init(path: String, layout: CgroupLayout) throws(CgroupError) {
        location = try CgroupPath(path)
        self.layout = layout
    }

    /// The folder in the unified tree.
    var unifiedPath: String { folderPath(in: layout.unified) }

    func folderPath(in mountPoint: String) -> String { "\(mountPoint)/\(location)" }

    /// Whether there is a cgroup of its path in the hierarchy that is mounted there.
    func isThere(in mountPoint: String) -> Bool {
        folderPath(in: mountPoint).withCString { access($0, F_OK) } == 0
    }

    /// Controllers that every container has: its memory is always counted (and its OOM kills), and so are its processes.
    static let standardControllers: [CgroupController] = [.memory, .pids]

    static func joinHint(_ errno: Errno) -> String? {
        switch errno {
        case .noSuchProcess: "the process has ended"
        case .busy: "the cgroup hands controllers to its sub-cgroups and can hold no process itself"
        case .notSupported: "the cgroup is part of a threaded sub-tree"
        case Errno(ENODEV): "the cgroup was removed meanwhile"
        case .accessDenied, .notPermitted: "run as root"
        case Errno(ENOSPC): "cpuset.cpus or cpuset.mems of the group is empty"
        default: nil
        }
    }
}

// MARK: - Entering

extension Cgroup {
    /// Opens the folder in the unified tree, for `CLONE_INTO_CGROUP`.
    ///
    /// - Throws: `CgroupError.folder` when it does not exist.
    public func openUnified() throws(CgroupError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(unifiedPath, NB_O_PATH | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            throw .folder(operation: "open", folder: unifiedPath, errno: error.errno, hint: nil)
        }
    }

    /// Opens what a new process needs to enter an existing cgroup, for example for exec.
    ///
    /// - Parameter first: the container's first process. Where the cgroup hands controllers on to sub-cgroups, it can hold no
    ///   process itself, and the new one goes where the first has gone (as a systemd does).
    /// - Throws: `CgroupError.folder` when it does not exist.
    public func openEntrance(orOf first: Int32? = nil) throws(CgroupError) -> CgroupEntrance {
        let unified = try openUnified(orOf: first)
        var descriptors: [Int32] = []
        for point in layout.v1MountPoints {
            // A hierarchy in which the cgroup needs no group of its own has no such folder.
            guard let descriptor = try openTasks(in: point) else { continue }
            descriptors.append(descriptor)
        }
        return CgroupEntrance(unified: unified, joinDescriptors: descriptors)
    }

    private func openUnified(orOf first: Int32?) throws(CgroupError) -> FileDescriptor {
        guard let folder = first.flatMap(subCgroup) else { return try openUnified() }
        do {
            return try FileDescriptor.open(folder, NB_O_PATH | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            throw .folder(operation: "open", folder: folder, errno: error.errno, hint: nil)
        }
    }

    /// The folder of the sub-cgroup that a process is in; nil where the cgroup itself can be entered, or the process is
    /// elsewhere.
    private func subCgroup(of process: Int32) -> String? {
        let controllers = (try? StoredFile.readText("\(unifiedPath)/cgroup.subtree_control")) ?? nil
        guard let controllers, controllers.contains(where: { !$0.isWhitespace }) else { return nil }
        let groups = (try? StoredFile.readText("/proc/\(process)/cgroup")) ?? nil
        let own = "0::/\(path)/"
        let lines = groups?.parts(UInt8(ascii: "\n")) ?? []
        guard let below = lines.lazy.compactMap({ $0.dropping(prefix: own) }).first else { return nil }
        return below.pathComponents.contains("..") ? nil : "\(unifiedPath)/\(below)"
    }

    func openTasks(in mountPoint: String) throws(CgroupError) -> Int32? {
        let folder = folderPath(in: mountPoint)
        do {
            return try FileDescriptor.open("\(folder)/tasks", O_WRONLY | O_NOFOLLOW).release()
        } catch  where error.errno == .noSuchFile {
            return nil
        } catch {
            throw .folder(operation: "open tasks of", folder: folder, errno: error.errno, hint: nil)
        }
    }

    /// Moves a running process, all its threads, into the cgroup: the unified one and every v1 group that exists.
    ///
    /// Each start of such a move waits for an RCU grace period (some milliseconds): new processes enter by
    /// ``CgroupEntrance``.
    /// - Throws: `CgroupError.join`; `.folder` when the cgroup does not exist.
    public func add(process: Int32) throws(CgroupError) {
        let entered = try attemptJoin(process, folder: unifiedPath)
        guard entered else { throw .folder(operation: "enter", folder: unifiedPath, errno: .noSuchFile, hint: nil) }
        for point in layout.v1MountPoints { _ = try attemptJoin(process, folder: folderPath(in: point)) }
    }

    /// False when there is no such folder.
    func attemptJoin(_ process: Int32, folder path: String) throws(CgroupError) -> Bool {
        let folder: CgroupFolder
        do {
            folder = try CgroupFolder(path: path, cgroup: self.path)
        } catch .folder(_, _, .noSuchFile, _) {
            return false
        }
        guard let errno = folder.attemptWrite(String(process), to: "cgroup.procs") else { return true }
        throw .join(process: process, folder: path, errno: errno, hint: Self.joinHint(errno))
    }

    /// Every process of the cgroup and its sub-cgroups, as this process's PID namespace numbers them.
    ///
    /// - Throws: `CgroupError`.
    public func processes() throws(CgroupError) -> [Int32] {
        var result: [Int32] = []
        try CgroupTree.visit(path: unifiedPath, cgroup: path) { folder throws(CgroupError) in
            result += try folder.processes()
        }
        return result
    }
}
