internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// From an ``ExecRequest`` to a process in a running container: in its cgroup, all its namespaces and its root.
struct ExecLauncher {
    let request: ExecRequest
    /// Nil: the container has none of its own.
    let cgroup: Cgroup?
    /// Cgroups below that one, if it is to enter such.
    var subCgroups: SubCgroups?
    private(set) var warnings: [String] = []

    init(_ request: ExecRequest, cgroup: Cgroup?) {
        self.request = request
        self.cgroup = cgroup
    }

    /// How long one step of the handshake may take, in milliseconds: the container may freeze what joins it.
    private static let bound: Int32 = 60_000

    private static let namespaces: [(name: String, flag: UInt64)] = [
        ("user", UInt64(CLONE_NEWUSER)), ("mnt", UInt64(CLONE_NEWNS)), ("pid", UInt64(CLONE_NEWPID)),
        ("net", UInt64(CLONE_NEWNET)), ("ipc", UInt64(CLONE_NEWIPC)), ("uts", UInt64(CLONE_NEWUTS)),
        ("cgroup", UInt64(CLONE_NEWCGROUP)),
    ]

    /// Starts the process.
    ///
    /// - Parameter creation: what OCI's `exec` adds; nil: the process lives no longer than this one.
    /// - Throws: `LaunchError`; nothing runs then.
    mutating func launch(
        streams: consuming StandardDescriptors?, creation: Creation? = nil
    ) throws(LaunchError) -> LaunchedProcess {
        guard let container = request.containerProcess.open() else {
            throw isNotRunning
        }
        let filter =
            request.privileged
            ? nil
            : try SeccompChoice(
                profile: request.specification.linux?.seccomp, isDefault: request.defaultSeccomp,
                capabilities: request.specification.process?.capabilities, cache: request.seccompCacheDirectory
            ).filter()
        let entrance: CgroupEntrance?
        let isFrozen: Bool
        do throws(CgroupError) {
            isFrozen = try cgroup?.isFrozen() ?? false
            if let subCgroups, let cgroup {
                entrance = try cgroup.openEntrance(below: subCgroups)
            } else {
                entrance = try cgroup?.openEntrance(orOf: request.containerProcess.pid)
            }
        } catch {
            throw failure("\(error)", isGone: false)
        }
        // A process that joins a frozen cgroup stops before it has executed anything (runc 2105).
        guard !isFrozen else {
            throw LaunchError(
                "cannot execute in container \(request.containerID): it is frozen; thaw it, or restart it")
        }
        let pid = request.containerProcess.pid
        let root: RootDirectory
        let flags: UInt64
        let joinsTime: Bool
        do throws(SystemError) {
            flags = try Self.foreignNamespaces(of: pid)
            joinsTime = try Self.isInOtherTime(pid)
            root = try RootDirectory(path: "/proc/\(pid)/root")
        } catch {
            // It may be just ending: its namespaces go first.
            throw failure("\(error)", isGone: error.errno == .noSuchFile)
        }
        // What was read under this pid was the container's only if it still has it.
        guard request.containerProcess.isAlive else { throw isNotRunning }
        let user: ContainerUser
        if let name = request.user {
            user = try ContainerUser(requested: name, additionalGroups: request.additionalGroups, in: root)
        } else {
            user = ContainerUser(request.process.user, in: root)
        }
        try user.check(within: request.idMap)
        var steps = ProcessSteps(process: request.process, user: user, seccomp: filter)

        var entry = StepList()
        entry.add(NB_STEP_NEXT_LIST, "wait for the runtime")
        let launch = try Launch(
            entry, namespaces: 0, cgroup: entrance.unified, forks: true, separatesMemory: joinsTime, bound: Self.bound)
        try steps.applyInitialAffinity(to: launch.pid)
        let preference = request.process.oomScoreAdj == nil ? nil : OOMPreference()
        try steps.applyLimits(to: launch.pid)
        var list = StepList()
        for descriptor in entrance.joins {
            list.add(NB_STEP_WRITE, fd: descriptor, source: "0", "enter the cgroup \(request.cgroupPath)")
        }
        list.add(NB_STEP_OWN_DESCRIPTORS, "take the descriptors over")
        list.add(NB_STEP_JOIN_NAMESPACES, fd: container.rawValue, flags: flags, "join the container's namespaces")
        list.add(NB_STEP_FORK, mode: joinsTime ? UInt32(NB_OWN_MEMORY) : 0, "enter the PID namespace")
        if joinsTime {
            list.add(
                NB_STEP_JOIN_NAMESPACES, fd: container.rawValue, flags: NamespacePlan.flag(.time),
                "join the container's time namespace")
        }
        try addRoot(root, flags, to: &list)
        if flags & UInt64(CLONE_NEWUSER) != 0 { list.add(NB_STEP_BECOME_ROOT, "become root of the user namespace") }
        list.add(NB_STEP_SESSION, "start a session")
        let owner = HostIDs(request.idMap, request.specification.linux).user(user.uid)
        steps.addStreams(streams, owner: owner, hasConsoleDevice: false, to: &list)
        list.add(
            NB_STEP_WORKING_DIRECTORY, target: request.process.cwd,
            "change to the working directory \(request.process.cwd)")
        try steps.addIdentity(to: &list, creation)
        let launched = try launch.proceed(
            list, try steps.program(),
            lettingGo: { launch throws(LaunchError) in
                try steps.applyScheduling(to: launch.containerPID, isExec: true)
                try creation?.lettingGo(launch)
            })
        preference?.restore()
        return launched
    }

    private var isNotRunning: LaunchError {
        LaunchError("cannot execute in container \(request.containerID): it is not running")
    }

    /// Why nothing can be executed: of a container that has ended meanwhile, that is the reason.
    private func failure(_ reason: String, isGone: Bool) -> LaunchError {
        guard !isGone, request.containerProcess.isAlive else { return isNotRunning }
        return LaunchError("cannot execute in container \(request.containerID): \(reason)")
    }

    /// The container's root: that of its mount namespace, or where that is this process's own, the folder that it has for a root.
    private func addRoot(
        _ root: borrowing RootDirectory, _ flags: UInt64, to list: inout StepList
    ) throws(LaunchError) {
        let step = list.add(NB_STEP_OPEN_ROOT, "open the container's root")
        guard flags & UInt64(CLONE_NEWNS) == 0 else { return }
        do throws(SystemError) {
            list.setDescriptor(try root.descriptor.duplicate(), of: step)
        } catch {
            throw LaunchError("cannot execute in container \(request.containerID): \(error)")
        }
        list.add(NB_STEP_CHROOT, "make the container's root the root")
    }

    /// Whether a process, once it has executed its program, is in another time namespace than this one.
    private static func isInOtherTime(_ pid: Int32) throws(SystemError) -> Bool {
        var (mine, theirs) = (stat(), stat())
        // A kernel without time namespaces.
        guard stat("/proc/self/ns/time", &mine) == 0 else { return false }
        let other = "/proc/\(pid)/ns/time"
        try retrying("stat", other) { stat(other, &theirs) }
        return mine.st_ino != theirs.st_ino
    }

    /// The namespaces of a process that are not this process's own: joining one's own user namespace is an error.
    private static func foreignNamespaces(of pid: Int32) throws(SystemError) -> UInt64 {
        var flags: UInt64 = 0
        for namespace in namespaces {
            let (own, other) = ("/proc/self/ns/\(namespace.name)", "/proc/\(pid)/ns/\(namespace.name)")
            var (mine, theirs) = (stat(), stat())
            try retrying("stat", own) { stat(own, &mine) }
            try retrying("stat", other) { stat(other, &theirs) }
            if mine.st_ino != theirs.st_ino { flags |= namespace.flag }
        }
        return flags
    }
}
