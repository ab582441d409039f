internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// `exec`: starts one more process in a container.
enum ExecCommand {
    private static let options: [Option] = [
        .value("console-socket"), .value("pidfd-socket"), .value("cwd"), .value("env", "e"), .flag("tty", "t"),
        .value("user", "u"), .value("additional-gids", "g"), .value("process", "p"), .flag("detach", "d"),
        .value("pid-file"), .value("process-label"), .value("apparmor"), .flag("no-new-privs"), .value("cap", "c"),
        .value("preserve-fds"), .flag("ignore-paused"), .flag("no-subreaper"),
        .value("cgroup"),
    ]

    /// runc's status of an `exec` that failed.
    private static let status: Int32 = 255

    static let command = Subcommand(
        options: options, stopsAtOperand: true, startsProcess: true, failureStatus: status
    ) { options, global throws(LaunchError) in
        var words = options.rest
        guard let id = words.popFirst() else { throw LaunchError("container id cannot be empty: name the container") }
        let container = try FoundContainer(try ContainerFolder(id, root: global.root))
        try check(container, ignoresPause: options.has("ignore-paused"))
        let specification = try container.specification()
        var process = try ExecProcess.process(options, Array(words), specification)
        // What an option names must be there.
        if options["process"] != nil, let warning = UnknownCapabilities.remove(from: &process) {
            global.log.warning(warning)
        }
        try SpecificationCheck.check(process)
        let isDetached = options.has("detach")
        let path = options["console-socket"]
        try ConsoleSocket.check(path, hasTerminal: process.terminal, isDetached: isDetached)
        let console = try path.map { path throws(LaunchError) in try ConsoleSocket.connect(to: path) }

        var launcher = ExecLauncher(try request(container, specification, process), cgroup: try container.cgroup())
        launcher.subCgroups = try subCgroups(options, container)
        let launched = try launcher.launch(
            streams: process.terminal ? nil : try StandardDescriptors.inherited(),
            creation: try creation(options, container, specification.linux?.seccomp))
        if let console { try console.send(terminalOf: launched) }
        guard !isDetached else { return 0 }
        return try AttendedProcess(terminal: launched.terminal).wait(for: launched)
    }

    private static func subCgroups(
        _ options: Options, _ container: FoundContainer
    ) throws(LaunchError) -> SubCgroups? {
        let paths = options.all("cgroup")
        guard !paths.isEmpty else { return nil }
        _ = try container.requiredCgroup()
        do throws(CgroupError) {
            return try SubCgroups(paths)
        } catch {
            throw LaunchError("cannot use --cgroup: \(error)")
        }
    }

    private static func check(_ container: FoundContainer, ignoresPause: Bool) throws(LaunchError) {
        switch container.status() {
        case .stopped, .creating:
            throw LaunchError("cannot exec in a stopped container: \(container.record.id) is not running")
        case .paused where !ignoresPause:
            throw LaunchError(
                "cannot exec in a paused container: resume \(container.record.id), or use --ignore-paused")
        case .paused, .created, .running: break
        }
    }

    private static func request(
        _ container: FoundContainer, _ specification: RuntimeSpecification, _ process: RuntimeSpecification.Process
    ) throws(LaunchError) -> ExecRequest {
        guard let identity = container.record.process else {
            throw LaunchError("cannot exec in container \(container.record.id): it is not running")
        }
        var request = ExecRequest(
            containerID: container.record.id, specification: specification, process: process,
            containerProcess: identity, cgroupPath: container.record.cgroupPath ?? "")
        request.seccompCacheDirectory = ContainerFolder.seccompCache(in: container.folder.root)
        return request
    }

    private static func creation(
        _ options: Options, _ container: FoundContainer, _ profile: RuntimeSpecification.Linux.Seccomp?
    ) throws(LaunchError) -> Creation {
        Creation(
            preservedDescriptors: try InheritedDescriptors.count(options),
            lettingGo: { launch throws(LaunchError) in
                do throws(SystemError) {
                    try ProcessHandover.hand(
                        launch.containerPID, pidFile: options["pid-file"], socket: options["pidfd-socket"])
                } catch {
                    throw LaunchError("cannot exec in container \(container.record.id): \(error)")
                }
                try SeccompListener.hand(launch, profile, container.record.hookState(.running))
            })
    }
}
