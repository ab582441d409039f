internal import Glibc
public import LinuxSystem
internal import OCIRuntime
internal import OCISpec

extension Engine {
    /// Connects to the streams of a running container; speak `StreamPacket`s over the socket.
    ///
    /// - Throws: `EngineError`: `.notRunning`, `.paused`, …
    public func attach(
        _ container: Container, wantsOutput: Bool = true, sendsInput: Bool = false
    ) throws(EngineError) -> FileDescriptor {
        try EngineError.wrapping {
            let current = try running(container)
            guard !current.isPaused else { throw EngineError.paused(container: current.id) }
            let socket = try StreamSocket.connect(to: paths.container(current.id).attachSocket)
            try StreamSocket.send(.hello(wantsOutput: wantsOutput, sendsInput: sendsInput), to: socket)
            tell("attach", current.record)
            return socket
        }
    }

    /// Starts one more process in a running container, in all its namespaces and its cgroup.
    ///
    /// - Returns: the process, and the socket to its streams unless it is detached.
    /// - Throws: `EngineError`: `.notRunning`, `.paused`; `.startFailed` with exit code 125, 126 or 127.
    public func execute(
        _ exec: ExecConfiguration, in container: Container
    ) throws(EngineError) -> StartedProcess {
        try EngineError.wrapping {
            let current = try running(container)
            // What joins a frozen cgroup stops before it has executed anything.
            guard !current.isPaused else { throw EngineError.paused(container: current.id) }
            guard let process = current.state.process else {
                throw EngineError.notRunning(container: current.id, status: "it has just exited")
            }
            var request = try execRequest(exec, in: current, process: process)
            request.executionID = try ContainerID.random()
            request.eventFolder = paths.events
            request.eventAttributesPath = paths.container(current.id).eventAttributes
            let details = [("execID", request.executionID)]
            let command = String(exec.command.joined(separator: " ").prefix(1024))
            tell("exec_create: \(command)", current.record, details)
            let started = try runtime().run("exec", request: request.jsonBytes(), attached: !exec.detach)
            tell("exec_start: \(command)", current.record, details)
            return started
        }
    }

    func execRequest(
        _ exec: ExecConfiguration, in container: Container, process: ProcessIdentity
    ) throws -> ExecRequest {
        guard !exec.command.isEmpty else { throw EngineError.invalidConfiguration("no command to execute; give one") }
        let record = container.record
        var facts = HostFacts()
        facts.kernel = KernelVersion.running()
        var input = specificationInput(of: record, facts: facts)
        // Whose namespaces the container joined does not matter any more: they are entered through its own process.
        switch record.configuration.network {
        case .container, .task: input.configuration.network = .none
        case .host, .none, .networks: break
        }
        input.configuration.pid = Self.withoutPartner(record.configuration.pid)
        input.configuration.ipc = Self.withoutPartner(record.configuration.ipc)
        input.configuration.uts = Self.withoutPartner(record.configuration.uts)
        input.configuration.cgroupns = Self.withoutPartner(record.configuration.cgroupns)
        // What the host must have for them was checked when the container was made.
        input.configuration.devices = []
        input.configuration.ulimits = []
        input.configuration.tty = exec.tty
        input.terminalSize = exec.terminalSize
        let output = try input.specification()
        var specification = output.specification
        var own = specification.process ?? .init(args: exec.command, cwd: "/")
        own.args = exec.command
        var environment = EnvironmentList(own.env)
        for entry in exec.environment { environment.apply(entry) }
        own.env = environment.entries
        if let folder = exec.workingDirectory {
            own.cwd = EnginePaths.normalised(folder.hasPrefix("/") ? folder : input.workingDirectory + "/" + folder)
        }
        own.rlimits = record.configuration.ulimits.map {
            .init(type: "RLIMIT_" + $0.name.uppercased(), hard: $0.hard, soft: $0.soft)
        }
        if exec.privileged { own.capabilities = SpecificationInput.processCapabilities(.supported()) }
        try checkRights(own, of: record)
        specification.process?.rlimits = own.rlimits
        var request = ExecRequest(
            containerID: record.id, specification: specification, process: own, containerProcess: process,
            cgroupPath: record.cgroupPath)
        request.defaultSeccomp = output.usesDefaultSeccomp
        request.user = exec.user ?? record.configuration.user ?? record.settings.user
        if request.user?.isEmpty == true { request.user = "0" }
        request.additionalGroups = exec.user == nil ? record.configuration.groupAdd : []
        request.idMap = record.idRange.map { IDMap(hostID: $0.firstID, count: $0.count) }
        request.openStdin = exec.interactive
        request.detach = exec.detach
        request.privileged = exec.privileged
        request.seccompCacheDirectory = paths.seccompCache
        return request
    }

    private static func withoutPartner(_ mode: NamespaceMode) -> NamespaceMode {
        mode == .host ? .host : .private
    }
}
