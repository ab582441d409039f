internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// A container that was just started.
struct StartedContainer: ~Copyable {
    let process: LaunchedProcess
    let relay: StreamRelay
    let cgroup: Cgroup
    let warnings: [String]
    let namespaces: [HeldNamespace]
    /// What only the start needed.
    let layerMounts: [Int32]
}

extension Supervisor {
    /// Starts the container that `request` describes.
    ///
    /// Returns before the container's life begins, so that what only its start needed is not on the stack for as long as it
    /// lasts.
    /// - Parameters:
    ///   - client: the connected socket of the client that starts the container; nil: nobody is attached.
    ///   - report: where the ``LaunchReport`` goes; closed behind it.
    ///   - restart: how often the container was started again before, and how it is.
    /// - Returns: the container's supervisor, or the exit status of this process.
    @inline(never)
    static func start(
        _ request: consuming LaunchRequest, client: consuming FileDescriptor?, report: consuming FileDescriptor,
        _ restart: consuming Restart
    ) -> (supervisor: Supervisor?, status: Int32) {
        RuntimeProcess.detach()
        RuntimeProcess.holdSignals()
        var record = ContainerRecord(request, restarts: restart.count, lastCode: restart.lastCode)
        // Before a restart changes the request: the network is the first run's.
        let network = NetworkTenure(request)
        let isRestart = restart.isRestart
        let knownLimits = isRestart ? FileVersion(request.limitsPath) : nil
        restart.apply(to: &request)
        let started: StartedContainer
        do throws(LaunchError) {
            started = try start(
                request, closesInputWithClient: client != nil, isRestart: isRestart, report)
        } catch {
            NetworkTenure.send(network.end())
            record.failed(error, isRestart: isRestart)
            // Whoever abandoned the start knows why.
            if error != .abandoned { try? report.writeAll(LaunchReport(error).jsonBytes()) }
            record.finishRemoval()
            return (nil, error.exitCode)
        }
        record.started(started.process.pid)
        restart.applyLateLimits(from: request.limitsPath, to: started.cgroup, unless: knownLimits)
        // From here on whoever comes knows by the record what runs. Had the engine died before, only the lock would keep them from
        // starting it once more. A restart has none: its record has said all the time that somebody is at work on it.
        if let lock = request.lockDescriptor, !isRestart {
            close(lock)
            restart.forget(lock)
        }
        try? report.writeAll(LaunchReport(pid: started.process.pid, warnings: started.warnings).jsonBytes())
        for mount in started.layerMounts { close(mount) }
        if let client { started.relay.attachStarter(client, sendsInput: request.openStdin) }
        return (Supervisor(started, request, network, record, restart), 0)
    }

    private static func cgroup(_ request: LaunchRequest) throws(LaunchError) -> Cgroup {
        do throws(CgroupError) {
            return try Cgroup(path: request.cgroupPath, layout: try CgroupLayout.detect())
        } catch {
            throw LaunchError("\(error)")
        }
    }

    private static func start(
        _ request: LaunchRequest, closesInputWithClient: Bool, isRestart: Bool,
        _ report: borrowing FileDescriptor
    ) throws(LaunchError) -> StartedContainer {
        let cgroup = try cgroup(request)
        var launcher = try ContainerLauncher(request, cgroup: cgroup)
        let begun = try begin(cgroup, request)
        do throws(LaunchError) {
            let isTerminal = request.specification.process?.terminal ?? false
            var pipes =
                isTerminal
                ? StandardPipes.terminal()
                : try StandardPipes.make(openStdin: request.openStdin, hasHostUsers: request.idMap == nil)
            let (listener, log) = (
                try listen(at: request.socketPath), try OutputLog.open(request, isRestart: isRestart)
            )
            let process = try launcher.launch(
                in: begun, streams: pipes.process.take(), initExecutable: try initExecutable(request),
                report: report.rawValue)
            try pipes.adoptTerminal(of: process)
            let relay = StreamRelay(
                pipes.supervisor, listener: FileDescriptor(owning: listener), log: log,
                closesInputWithClient: closesInputWithClient)
            return StartedContainer(
                process: process, relay: relay, cgroup: cgroup, warnings: launcher.warnings,
                namespaces: launcher.heldNamespaces, layerMounts: launcher.layerMounts)
        } catch {
            try? cgroup.killAndWait()
            try? cgroup.remove()
            throw error
        }
    }

    private static func begin(_ cgroup: Cgroup, _ request: LaunchRequest) throws(LaunchError) -> BegunCgroup {
        do throws(CgroupError) {
            var resources = request.specification.linux?.resources
            // Restricted by the launcher, while the container is being made.
            resources?.devices = []
            return try cgroup.begin(resources: resources)
        } catch {
            throw LaunchError("\(error)")
        }
    }

    private static func listen(at path: String) throws(LaunchError) -> Int32 {
        do throws(SystemError) {
            return try StreamSocket.listen(at: path).release()
        } catch {
            throw LaunchError(error)
        }
    }

    private static func initExecutable(_ request: LaunchRequest) throws(LaunchError) -> FileDescriptor? {
        guard request.initProcess else { return nil }
        do throws(SystemError) {
            return try SealedExecutable.running()
        } catch {
            throw LaunchError(error)
        }
    }
}
