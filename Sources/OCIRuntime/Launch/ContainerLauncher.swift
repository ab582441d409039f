internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// From a ``LaunchRequest`` to a running first process: request → namespaces → steps.
struct ContainerLauncher {
    let request: LaunchRequest
    /// Nil: the container stays in the cgroup of its maker.
    let cgroup: Cgroup?
    /// The host's ids behind the container's.
    let ids: HostIDs
    let process: RuntimeSpecification.Process
    let linux: RuntimeSpecification.Linux
    /// What was asked for and could not be had, a line each.
    private(set) var warnings: [String] = []
    /// What the container's next run needs of this one, or of the container that it joins.
    private(set) var heldNamespaces: [HeldNamespace] = []
    /// The mounts of the image's layers, to be closed once the container runs.
    var layerMounts: [Int32] = []

    init(_ request: LaunchRequest, cgroup: Cgroup?) throws(LaunchError) {
        guard let process = request.specification.process, let linux = request.specification.linux else {
            throw LaunchError(
                "cannot start container \(request.id): its configuration has no process or no linux section")
        }
        self.request = request
        self.cgroup = cgroup
        self.process = process
        self.linux = linux
        ids = HostIDs(request.idMap, linux)
    }

    /// Starts the container in its cgroup.
    ///
    /// - Parameters:
    ///   - begun: what `Cgroup.begin` answered.
    ///   - streams: the container's ends of its streams; nil when it gets a terminal.
    ///   - initExecutable: this program, sealed, for `--init`.
    ///   - report: the socket where the engine hears of the namespaces, and over which it says that the interfaces are there;
    ///     nil: there is no engine.
    ///   - creation: what OCI's `create` adds; nil: the container is started at once.
    /// - Throws: `LaunchError`; nothing runs then, the cgroup is left to the caller.
    mutating func launch(
        in begun: consuming BegunCgroup?, streams: consuming StandardDescriptors?,
        initExecutable: consuming FileDescriptor? = nil, report: Int32? = nil, creation: Creation? = nil
    ) throws(LaunchError) -> LaunchedProcess {
        var plan = try NamespacePlan(linux.namespaces)
        // A small limit has no room for a network namespace; on v1 the child is not in that cgroup yet.
        if linux.resources?.memory?.limit != nil, cgroup?.layout.version(of: .memory) == .v2 { plan.makeAllAtBirth() }
        guard plan.hasMounts || !request.isFromEngine else {
            throw LaunchError("cannot start container \(request.id): it needs a mount namespace of its own")
        }
        let launch = try start(plan, cgroup: begun.unified)
        // The child makes its namespaces meanwhile.
        let entrance = try finish(begun)
        let filter = try seccompFilter()
        // The engine makes the interfaces while this process prepares the rest.
        if request.waitsForNetwork {
            try launch.awaitFirstSteps()
            try Self.announce(launch.pid, report)
            do throws(SystemError) {
                heldNamespaces = try HeldNamespace.ofNetwork(launch.pid, hasHostUsers: request.idMap == nil)
            } catch {
                throw LaunchError(error)
            }
        }
        let userNamespace = try launch.besidesFirstSteps { () throws(LaunchError) in
            try mapIDs(of: launch.pid, plan)
        }
        if request.waitsForFiles { try Self.awaitWord(report) }
        let rootMount = try plan.hasMounts ? mountRoot(userNamespace: userNamespace) : rootFolder()
        let root: RootDirectory
        do throws(SystemError) {
            root = RootDirectory(try rootMount.duplicate())
        } catch {
            throw LaunchError(error)
        }
        var processSteps = ProcessSteps(process: process, user: try user(in: root), seccomp: filter)
        let preference = process.oomScoreAdj == nil ? nil : OOMPreference()
        try launch.besidesFirstSteps { () throws(LaunchError) in try processSteps.applyLimits(to: launch.pid) }

        var list = StepList()
        addNamespaceSteps(plan, joining: entrance.joins, to: &list)
        let rootStep = list.add(
            plan.hasMounts ? NB_STEP_ATTACH_ROOT : NB_STEP_OPEN_ROOT, "attach the root file system")
        list.setDescriptor(rootMount, of: rootStep)
        if plan.newUser || plan.joinsUser { list.add(NB_STEP_BECOME_ROOT, "become root of the user namespace") }
        if plan.newNetwork { list.add(NB_STEP_LOOPBACK_UP, "bring the loopback interface up") }
        if plan.forks {
            // The engine may be about to look for the network namespace of the first child: that stays until the second executes.
            list.add(
                NB_STEP_FORK, mode: plan.joinedTime == nil ? 0 : UInt32(NB_OWN_MEMORY),
                flags: request.waitsForNetwork ? UInt64(CLONE_VFORK) : 0, "enter the PID namespace")
        }
        if let time = plan.joinedTime { try addJoin(time, to: &list) }
        try addMounts(to: &list, plan, userNamespace: userNamespace, root: root)
        try addDevices(to: &list, plan)
        list.add(NB_STEP_BARRIER, "wait for the network and the device rules")
        if let creation { try creation.addCreateContainerHooks(request.specification.hooks, to: &list) }
        addSysctls(to: &list)
        try addKernelSettings(to: &list)
        list.add(NB_STEP_SESSION, "start a session")
        let owner = ids.user(processSteps.user.uid)
        processSteps.addStreams(streams, owner: owner, hasConsoleDevice: true, to: &list)
        try addProtection(to: &list)
        list.add(plan.hasMounts ? NB_STEP_PIVOT : NB_STEP_CHROOT, "make the root file system the root")
        // Not before: pivot_root(2) takes no shared mount.
        if let propagation = linux.rootfsPropagation.flatMap(MountOptions.rootPropagation) {
            list.add(
                NB_STEP_TARGET_PROPAGATION, mode: propagation.recursive ? UInt32(NB_RECURSIVE) : 0,
                flags: propagation.kind, target: "/", "set the propagation of the root file system")
        }
        list.add(
            NB_STEP_WORKING_DIRECTORY, mode: 0, target: process.cwd, "change to the working directory \(process.cwd)")
        try processSteps.addIdentity(to: &list, creation, hooks: request.specification.hooks)
        if !processSteps.missingCapabilities.isEmpty {
            warnings.append(
                "this runtime does not have \(processSteps.missingCapabilities) and cannot give it to the container")
        }
        var program = try processSteps.program()
        if let executable = initExecutable.take() {
            program.executable = list.keep(executable)
            program.arguments = ["nestbox-init", "--"] + program.arguments
        }
        let launched = try launch.proceed(
            list, program, failure: creation?.failure ?? -1,
            meanwhile: { () throws(LaunchError) in
                try restrictDevices()
                try creation?.meanwhile(launch)
                if request.waitsForNetwork { try Self.awaitWord(report) }
            },
            atBarrier: { launch throws(LaunchError) in
                try setTimeOffsets(of: launch.containerPID)
                try NetworkDevices(linux.netDevices).move(into: launch.containerPID)
                try creation?.atBarrier(launch)
            },
            lettingGo: { launch throws(LaunchError) in
                try processSteps.applyScheduling(to: launch.containerPID)
                try creation?.lettingGo(launch)
            })
        // A process that waits for its start has no memory of its own yet.
        if creation?.gate == nil { preference?.restore() }
        return launched
    }

    // MARK: - Namespaces and ids

    private mutating func start(_ plan: NamespacePlan, cgroup: Int32) throws(LaunchError) -> Launch {
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { _ = FileDescriptor(owning: descriptor) } }
        for join in plan.joins {
            descriptors.append(try open(join).release())
        }
        // What was opened under its pid was the other container's only if that still runs (the pid may be another's now).
        if let joined = request.joinedProcess, !joined.isAlive {
            throw LaunchError("cannot join the namespaces of process \(joined.pid): it has ended; start its container")
        }
        if request.joinedProcess != nil {
            for (index, join) in plan.joins.enumerated() {
                let copy = fcntl(descriptors[index], F_DUPFD_CLOEXEC, 3)
                if copy >= 0 { heldNamespaces.append(HeldNamespace(kind: join.kind, descriptor: copy)) }
            }
        }
        let launch = try Launch(
            plan.entrySteps(descriptors), namespaces: plan.cloneFlags, cgroup: cgroup, forks: plan.forks,
            separatesMemory: plan.joinedTime != nil)
        // The descriptors may go then.
        if !descriptors.isEmpty { try launch.awaitFirstSteps() }
        return launch
    }

    private func open(_ join: NamespacePlan.Join) throws(LaunchError) -> FileDescriptor {
        do throws(SystemError) {
            return try FileDescriptor.open(join.path)
        } catch {
            throw LaunchError("cannot join the \(join.kind.rawValue) namespace \(join.path): \(error)")
        }
    }

    private func addJoin(_ join: NamespacePlan.Join, to list: inout StepList) throws(LaunchError) {
        let step = list.add(
            NB_STEP_JOIN_NAMESPACES, flags: NamespacePlan.flag(join.kind),
            "join the \(join.kind.rawValue) namespace \(join.path)")
        list.setDescriptor(try open(join), of: step)
    }

    /// Writes the id maps of a new user namespace and opens it; opens a joined one; nil for the host's.
    private func mapIDs(of pid: Int32, _ plan: NamespacePlan) throws(LaunchError) -> FileDescriptor? {
        guard plan.newUser || plan.joinsUser else { return nil }
        do throws(SystemError) {
            if plan.newUser {
                try write(mappings(linux.uidMappings), to: "/proc/\(pid)/uid_map")
                try write(mappings(linux.gidMappings), to: "/proc/\(pid)/gid_map")
            }
            return try FileDescriptor.open("/proc/\(pid)/ns/user")
        } catch {
            throw LaunchError("cannot map the container's ids: \(error)")
        }
    }

    private func mappings(_ given: [RuntimeSpecification.IDMapping]) -> String {
        if given.isEmpty, let map = request.idMap { return "0 \(map.hostID) \(map.count)" }
        return given.map { "\($0.containerID) \($0.hostID) \($0.size)" }.joined(separator: "\n")
    }

    private func write(_ text: String, to path: String) throws(SystemError) {
        try FileDescriptor.open(path, O_WRONLY).writeAll(Array(text.utf8))
    }

    private func addNamespaceSteps(_ plan: NamespacePlan, joining tasks: [Int32], to list: inout StepList) {
        for descriptor in tasks {
            list.add(NB_STEP_WRITE, fd: descriptor, source: "0", "enter the cgroup \(request.cgroupPath)")
        }
        list.add(NB_STEP_OWN_DESCRIPTORS, "take the descriptors over")
        if plan.unshareFlags != 0 { list.add(NB_STEP_UNSHARE, flags: plan.unshareFlags, "make the namespaces") }
        if plan.newCgroup {
            list.add(NB_STEP_UNSHARE, flags: UInt64(CLONE_NEWCGROUP), "make the cgroup namespace")
        }
        if plan.newTime { list.add(NB_STEP_UNSHARE, flags: NamespacePlan.flag(.time), "make the time namespace") }
        if plan.hasUTS, let hostname = request.specification.hostname {
            list.add(NB_STEP_HOSTNAME, source: hostname, "set the host name to \(hostname)")
        }
        if plan.hasUTS, let domainname = request.specification.domainname {
            list.add(NB_STEP_DOMAINNAME, source: domainname, "set the domain name to \(domainname)")
        }
        guard plan.hasMounts else { return }
        list.add(NB_STEP_PROPAGATION, flags: UInt64(MS_REC) | separation, "separate the mounts from the host's")
    }

    /// Nothing that is mounted in the container is mounted on the host; the other way round only where that was asked for.
    var separation: UInt64 {
        let propagation = linux.rootfsPropagation.flatMap(MountOptions.rootPropagation)
        let isSlave = propagation.map { $0.kind == NB_PROPAGATION_SLAVE || $0.kind == NB_PROPAGATION_SHARED } ?? false
        return isSlave ? NB_PROPAGATION_SLAVE : NB_PROPAGATION_PRIVATE
    }

    // MARK: - Network

    private static func announce(_ pid: Int32, _ report: Int32?) throws(LaunchError) {
        guard let report else { return }
        let bytes = LaunchReport(namespaces: pid).jsonBytes()
        while true {
            let count = Glibc.write(report, bytes, bytes.count)
            if count == bytes.count { return }
            guard count < 0, Errno.current == .interrupted else { throw .abandoned }
        }
    }

    /// Waits until the engine has done its part: first the files, then the interfaces.
    private static func awaitWord(_ report: Int32?) throws(LaunchError) {
        guard let report else { return }
        var byte: UInt8 = 0
        while true {
            let count = Glibc.read(report, &byte, 1)
            if count == 1 { return }
            guard count < 0, Errno.current == .interrupted else { throw .abandoned }
        }
    }

    // MARK: - Devices

    private func restrictDevices() throws(LaunchError) {
        do throws(CgroupError) {
            try cgroup?.restrictDevices(linux.resources?.devices ?? [])
        } catch {
            throw LaunchError("\(error)")
        }
    }

    // MARK: - Users, seccomp

    private func user(in root: borrowing RootDirectory) throws(LaunchError) -> ContainerUser {
        let user = try namedUser(in: root)
        try user.check(within: request.idMap)
        return user
    }

    private func namedUser(in root: borrowing RootDirectory) throws(LaunchError) -> ContainerUser {
        if let user = request.user {
            return try ContainerUser(requested: user, additionalGroups: request.additionalGroups, in: root)
        }
        var user = ContainerUser(process.user, in: root)
        if !request.additionalGroups.isEmpty {
            user.additionalGroups += try ContainerUser(
                "\(user.uid):\(user.gid)", additionalGroups: request.additionalGroups, in: root
            ).additionalGroups
        }
        return user
    }

    private func seccompFilter() throws(LaunchError) -> SeccompFilter? {
        try SeccompChoice(
            profile: linux.seccomp, isDefault: request.defaultSeccomp, capabilities: process.capabilities,
            cache: request.seccompCacheDirectory
        ).filter()
    }

    // MARK: - Protection

    private func addProtection(to list: inout StepList) throws(LaunchError) {
        if !linux.maskedPaths.isEmpty {
            let null: FileDescriptor
            do throws(SystemError) {
                null = try NullDevice.readOnlyMount()
            } catch {
                throw LaunchError(error)
            }
            for path in linux.maskedPaths { list.add(NB_STEP_MASK, fd: null.rawValue, target: path, "mask \(path)") }
            _ = list.keep(null)
        }
        for path in linux.readonlyPaths {
            list.add(NB_STEP_READ_ONLY, target: path, "make \(path) read-only")
        }
        list.add(
            NB_STEP_MAKE_DIRECTORY, mode: 0o755, target: process.cwd, "make the working directory \(process.cwd)")
        if request.specification.root?.readonly ?? false {
            list.add(
                NB_STEP_ATTRIBUTES, flags: NB_MOUNT_READ_ONLY, target: "/", "make the root file system read-only")
        }
    }

    private func addSysctls(to list: inout StepList) {
        for (name, value) in linux.sysctl.sorted(by: { $0.key < $1.key }) {
            let path = name.contains("/") ? name : name.split(separator: ".").joined(separator: "/")
            list.add(NB_STEP_SYSCTL, source: value, target: path, "set the sysctl \(name) to \(value)")
        }
    }

    mutating func warn(_ text: String) {
        warnings.append(text)
    }
}
