internal import CLinux
internal import Glibc
public import LinuxSystem
internal import OCISpec

/// The process that stands behind one container: it starts it, holds its streams, writes its log, reaps it and records
/// its end.
///
/// It outlives the command that started it.
public enum Supervisor {
    /// A started container and what its supervisor needs for it.
    private struct Supervised: ~Copyable {
        let process: LaunchedProcess
        let relay: StreamRelay
        let cgroup: Cgroup
        let warnings: [String]
        let network: NetworkTenure
    }

    /// Starts the container that `request` describes, stays until its end, and cleans up.
    ///
    /// - Parameters:
    ///   - client: the connected socket of the client that starts the container; nil: nobody is attached.
    ///   - report: where the ``LaunchReport`` goes; closed behind it.
    /// - Returns: the exit status of this process.
    public static func run(
        _ request: consuming LaunchRequest, client: consuming FileDescriptor?, report: consuming FileDescriptor
    ) -> Int32 {
        RuntimeProcess.detach()
        var record = ContainerRecord(request)
        let supervised: Supervised
        do throws(LaunchError) {
            supervised = try start(request, closesInputWithClient: client != nil, report)
        } catch {
            NetworkTenure.send(NetworkTenure(request).end())
            record.failed(error)
            // Whoever abandoned the start knows why.
            if error != .abandoned { try? report.writeAll(LaunchReport(error).jsonBytes()) }
            return error.exitCode
        }
        record.started(supervised.process.pid)
        try? report.writeAll(LaunchReport(pid: supervised.process.pid, warnings: supervised.warnings).jsonBytes())
        _ = consume report
        let sendsInput = request.openStdin
        if let client { supervised.relay.attachStarter(client, sendsInput: sendsInput) }
        // What only the start needed is not kept for as long as the container lives.
        _ = consume request
        supervise(supervised, &record)
        return 0
    }

    private static func cgroup(_ request: LaunchRequest) throws(LaunchError) -> Cgroup {
        do throws(CgroupError) {
            return try Cgroup(path: request.cgroupPath, layout: try CgroupLayout.detect())
        } catch {
            throw LaunchError("\(error)")
        }
    }

    // MARK: - Start

    private static func start(
        _ request: LaunchRequest, closesInputWithClient: Bool, _ report: borrowing FileDescriptor
    ) throws(LaunchError) -> Supervised {
        let cgroup = try cgroup(request)
        var launcher = try ContainerLauncher(request, cgroup: cgroup)
        let entrance = try create(cgroup, request)
        do throws(LaunchError) {
            let isTerminal = request.specification.process?.terminal ?? false
            var pipes =
                isTerminal
                ? StandardPipes.terminal()
                : try StandardPipes.make(openStdin: request.openStdin, hasHostUsers: request.idMap == nil)
            let (listener, log) = (try listen(at: request.socketPath), try openLog(request))
            let process = try launcher.launch(
                entrance: entrance, streams: pipes.process.take(), initExecutable: try initExecutable(request),
                report: report)
            try pipes.adoptTerminal(of: process)
            let relay = StreamRelay(
                pipes.supervisor, listener: FileDescriptor(owning: listener), log: log,
                closesInputWithClient: closesInputWithClient)
            return Supervised(
                process: process, relay: relay, cgroup: cgroup, warnings: launcher.warnings,
                network: NetworkTenure(request))
        } catch {
            try? cgroup.killAndWait()
            try? cgroup.remove()
            throw error
        }
    }

    private static func create(_ cgroup: Cgroup, _ request: LaunchRequest) throws(LaunchError) -> CgroupEntrance {
        do throws(CgroupError) {
            return try cgroup.create(resources: request.specification.linux?.resources)
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

    private static func openLog(_ request: LaunchRequest) throws(LaunchError) -> JSONFileLog? {
        guard let path = request.logPath else { return nil }
        do throws(SystemError) {
            return try JSONFileLog(path: path, limit: request.logSize.map(Int.init), files: request.logFiles)
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

    // MARK: - Life and end

    private static func supervise(_ supervised: borrowing Supervised, _ record: inout ContainerRecord) {
        let pidfd = supervised.process.pidfd.rawValue
        let stopSignal = record.stopSignal
        if let signals = RuntimeProcess.signals() {
            supervised.relay.run(until: supervised.process.pidfd, signals: signals) { signal in
                if signal == SIGTERM { _ = nb_pidfd_send_signal(pidfd, stopSignal) }
            }
        }
        let code = ChildProcess.exitCode(of: supervised.process.pid)
        let end = WallClock.now()
        // Processes outlive the first one where the PID namespace is the host's.
        try? supervised.cgroup.killAndWait()
        // Before anybody hears of the end: the ports can be had again then.
        let messages = supervised.network.end()
        let isOutOfMemory = ((try? supervised.cgroup.oomKillCount()) ?? 0) > 0
        try? supervised.cgroup.remove()
        record.ended(code: code, oomKilled: isOutOfMemory, at: end)
        supervised.relay.finish(.exited(code: code, oomKilled: isOutOfMemory))
        NetworkTenure.send(messages)
        // Nobody comes to tidy up behind a container that removes itself.
        if record.removesItself { try? supervised.cgroup.removeEmptyParents() }
    }
}
