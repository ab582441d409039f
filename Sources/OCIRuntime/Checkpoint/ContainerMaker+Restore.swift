internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

extension ContainerMaker {
    private static var log: String { "restore.log" }

    /// Makes the container from an image of criu's; on failure nothing of it stays.
    ///
    /// - Parameters:
    ///   - program: criu, if it was named.
    ///   - isDetached: nobody stays with its process.
    /// - Throws: `LaunchError`.
    func restore(
        _ wanted: CheckpointOptions, with program: String?, isDetached: Bool
    ) throws(LaunchError) -> MadeContainer {
        try ConsoleSocket.check(options.consoleSocket, hasTerminal: hasTerminal, isDetached: isDetached)
        let criu = try CRIU(program)
        if wanted.criu.securityProfile != nil || wanted.criu.securityMountContext != nil {
            try criu.require(.init(major: 3, minor: 16), "--lsm-profile and --lsm-mount-context")
        }
        let images = try ImageFolder.open(wanted.imagePath)
        let work = try ImageFolder.make(wanted.workPath ?? images.path)
        var request = wanted.criu
        request.inheritedDescriptors = try StreamNames.pipes(in: images)
        var beginning = try begin()
        do throws(LaunchError) {
            try CheckpointCheck.check(bundle.specification, cgroup: beginning.cgroup)
            let process = try restore(&beginning, request, criu, images, work)
            return MadeContainer(
                found: FoundContainer(folder, beginning.record, cgroups), process: process, bundle: bundle,
                warnings: warnings, lock: beginning.lock)
        } catch {
            try? ContainerRemoval.remove(FoundContainer(folder, beginning.record, cgroups), log: log)
            throw LaunchError("cannot restore container \(options.id): \(error)")
        }
    }

    private func restore(
        _ beginning: inout Beginning, _ given: CRIUOptions, _ criu: CRIU, _ images: borrowing ImageFolder,
        _ work: borrowing ImageFolder
    ) throws(LaunchError) -> LaunchedProcess {
        let specification = bundle.specification
        var request = given
        let stage = try prepareRoot(&request, images, work)
        try complete(&request, beginning.cgroup, criu)
        let handed = try CRIUNamespaces(specification.linux).join(&request, first: CRIUSession.firstHanded)
        defer { for number in handed { close(number) } }
        let session = try CRIUSession(
            criu.program, streams: .inherited, handing: handed, mountNamespace: stage.mountNamespace.rawValue)
        // What criu restores is born where criu is.
        try enter(&beginning, session.process)
        let console = try options.consoleSocket.map { path throws(LaunchError) in try ConsoleSocket.connect(to: path) }
        var terminal: Int32 = -1
        let first = beginning.record
        var last = first
        defer { beginning.record = last }
        let response = try session.send(CRIURequest(kind: .restore, options: request)) {
            (notification) throws(LaunchError) in
            switch notification.name {
            case "setup-namespaces": try setUp(first, notification.process ?? 0)
            case "post-restore": last = try finish(first, notification.process ?? 0)
            case "orphan-pts-master": terminal = fcntl(notification.terminal ?? -1, F_DUPFD_CLOEXEC, 3)
            default: break
            }
        }
        let master = terminal < 0 ? nil : FileDescriptor(owning: terminal)
        guard response.isSuccess, let pid = response.restoredProcess, pid > 0, last.process?.pid == pid else {
            throw work.failure(response, log: Self.log)
        }
        let pidfd: FileDescriptor
        do throws(SystemError) {
            pidfd = FileDescriptor(owning: try checked(nb_pidfd_open(pid), "open process", "\(pid)"))
        } catch {
            throw LaunchError(error)
        }
        let process = LaunchedProcess(pid: pid, pidfd: pidfd, terminal: master)
        if let console { try console.send(terminalOf: process) }
        return process
    }

    /// What both the configuration and this machine say.
    private func complete(_ request: inout CRIUOptions, _ cgroup: Cgroup?, _ criu: CRIU) throws(LaunchError) {
        request.isRestore = true
        request.logFile = Self.log
        request.configurationFile = CheckpointOptions.configurationFile(bundle.specification.annotations)
        request.networkLock = request.networkLock ?? criu.defaultNetworkLock
        switch cgroup {
        case .some(let cgroup): request.cgroupRoot = "/\(cgroup.path)"
        case .none: request.cgroupMode = .ignore
        }
    }

    /// The root file system with all places for mounts, and what is to be bound there.
    private func prepareRoot(
        _ request: inout CRIUOptions, _ images: borrowing ImageFolder, _ work: borrowing ImageFolder
    ) throws(LaunchError) -> CRIUStage {
        let path = Bundle.absolute(bundle.rootfs)
        let root: RootDirectory
        do throws(SystemError) {
            root = try RootDirectory(path: path)
        } catch {
            throw LaunchError("cannot use the root file system: \(error)")
        }
        try MountPlaces(bundle.specification).make(in: root)
        request.externalMounts = try ExternalMounts(bundle.specification).restored(in: root, path: path)
        // Nobody else sees it there: the container's folder is one that is the runtime's own.
        request.root = Bundle.absolute(folder.path)
        do throws(SystemError) {
            let mount = FileDescriptor(
                owning: try checked(nb_clone_tree(root.descriptor.rawValue, "", 1), "clone", path))
            let stage = try CRIUStage.make(
                root: mount, place: request.root, images: images, work: work, bundle.specification.linux ?? .init())
            request.imageFolder = stage.imageFolder.rawValue
            request.workFolder = stage.workFolder.rawValue
            return stage
        } catch {
            throw LaunchError("cannot use the root file system: \(error)")
        }
    }

    /// Puts criu into the container's cgroup, whose device rules count from now on.
    private func enter(_ beginning: inout Beginning, _ process: Int32) throws(LaunchError) {
        guard let cgroup = beginning.cgroup else { return }
        _ = try ContainerLauncher(beginning.request, cgroup: cgroup).finish(beginning.begun.take())
        do throws(CgroupError) {
            try cgroup.add(process: process)
            try cgroup.restrictDevices(beginning.request.specification.linux?.resources?.devices ?? [])
        } catch {
            throw LaunchError("\(error)")
        }
    }

    /// The namespaces are there, with nothing in them yet.
    private func setUp(_ record: RuntimeRecord, _ process: Int32) throws(LaunchError) {
        let linux = bundle.specification.linux ?? .init()
        if linux.namespaces.contains(where: { $0.type == .network && $0.isNew }) {
            do throws(SystemError) {
                let namespace = try FileDescriptor.open("/proc/\(process)/ns/net")
                try checked(nb_loopback_up_in(namespace.rawValue), "bring up", "the loopback interface")
            } catch {
                throw LaunchError(error)
            }
        }
        try NetworkDevices(linux.netDevices).move(into: process)
        guard let hooks = bundle.specification.hooks else { return }
        let state = record.hookState(.creating)
        try HookRunner.run(hooks.prestart, "prestart", state, pid: process)
        try HookRunner.run(hooks.createRuntime, "createRuntime", state, pid: process)
    }

    /// The processes are there, and go on when criu hears that this went well.
    private func finish(_ record: RuntimeRecord, _ process: Int32) throws(LaunchError) -> RuntimeRecord {
        try ExternalMounts(bundle.specification).protect(process)
        var record = record
        record.process = ProcessIdentity(pid: process)
        record.streams = hasTerminal ? [] : StandardDescriptors.names(of: "self")
        do throws(SystemError) {
            try record.write(to: folder)
            try ProcessHandover.hand(process, pidFile: options.pidFile, socket: nil)
        } catch {
            throw LaunchError(error)
        }
        return record
    }
}
