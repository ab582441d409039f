internal import CLinux
internal import Glibc
public import LinuxSystem
internal import OCISpec

/// The process that stands behind one container: it starts it, holds its streams, writes its log, reaps it and records
/// its end.
///
/// It outlives the command that started it.
public struct Supervisor {
    private let request: LaunchRequest

    /// The supervisor of the container that `request` describes.
    public init(_ request: LaunchRequest) {
        self.request = request
    }

    /// A started container and what its supervisor needs for it.
    private struct Supervised: ~Copyable {
        let process: LaunchedProcess
        let relay: StreamRelay
        let warnings: [String]
    }

    /// Starts the container, stays until its end, and cleans up.
    ///
    /// - Parameters:
    ///   - client: the connected socket of the client that starts the container; nil: nobody is attached.
    ///   - report: where the ``LaunchReport`` goes; closed behind it.
    /// - Returns: the exit status of this process.
    public func run(client: consuming FileDescriptor?, report: consuming FileDescriptor) -> Int32 {
        RuntimeProcess.detach()
        var state = ContainerState(status: .created, bootID: BootClock.identifier())
        state.supervisor = ProcessIdentity(pid: getpid())
        let cgroup: Cgroup
        let supervised: Supervised
        do throws(LaunchError) {
            cgroup = try Self.cgroup(request)
            supervised = try start(cgroup, closesInputWithClient: client != nil)
        } catch {
            recordFailure(error, &state)
            try? report.writeAll(LaunchReport(error).jsonBytes())
            return error.exitCode
        }
        state.status = .running
        state.process = ProcessIdentity(pid: supervised.process.pid)
        state.startedAt = WallClock.now().description
        record(state)
        try? report.writeAll(LaunchReport(pid: supervised.process.pid, warnings: supervised.warnings).jsonBytes())
        _ = consume report
        if let client { supervised.relay.attachStarter(client, sendsInput: request.openStdin) }
        supervise(supervised, cgroup, &state)
        return 0
    }

    private static func cgroup(_ request: LaunchRequest) throws(LaunchError) -> Cgroup {
        do throws(CgroupError) {
            return try Cgroup(path: request.cgroupPath, layout: try CgroupLayout.detect())
        } catch {
            throw LaunchError("\(error)")
        }
    }

    /// A file that cannot be written must not end the container: readers find its supervisor by the socket then.
    private func record(_ state: ContainerState) {
        try? AtomicFile.write(state.jsonBytes(), to: request.statePath)
    }

    /// The container could not be started: it stays `created`, with the reason.
    private func recordFailure(_ error: LaunchError, _ state: inout ContainerState) {
        state.error = error.description
        state.exitCode = error.exitCode
        state.supervisor = nil
        end(state)
    }

    /// Records the container's last state, or removes it altogether.
    private func end(_ state: ContainerState) {
        unlink(socketPath)
        if request.removeOnExit.isEmpty { record(state) } else { Removal.removeAll(request.removeOnExit) }
    }

    private var socketPath: String { "\(request.stateDirectory)/attach.sock" }

    // MARK: - Start

    private func start(_ cgroup: Cgroup, closesInputWithClient: Bool) throws(LaunchError) -> Supervised {
        var launcher = try ContainerLauncher(request, cgroup: cgroup)
        let entrance = try create(cgroup)
        do throws(LaunchError) {
            let isTerminal = request.specification.process?.terminal ?? false
            var pipes = isTerminal ? StandardPipes.terminal() : try StandardPipes.make(openStdin: request.openStdin)
            let (listener, log) = (try listen(), try openLog())
            let process = try launcher.launch(
                entrance: entrance, streams: pipes.process.take(), initExecutable: try initExecutable())
            try pipes.adoptTerminal(of: process)
            let relay = StreamRelay(
                pipes.supervisor, listener: FileDescriptor(owning: listener), log: log,
                closesInputWithClient: closesInputWithClient)
            return Supervised(process: process, relay: relay, warnings: launcher.warnings)
        } catch {
            try? cgroup.killAndWait()
            try? cgroup.remove()
            throw error
        }
    }

    private func create(_ cgroup: Cgroup) throws(LaunchError) -> CgroupEntrance {
        do throws(CgroupError) {
            return try cgroup.create(resources: request.specification.linux?.resources)
        } catch {
            throw LaunchError("\(error)")
        }
    }

    private func listen() throws(LaunchError) -> Int32 {
        do throws(SystemError) {
            return try StreamSocket.listen(at: socketPath).release()
        } catch {
            throw LaunchError(error)
        }
    }

    private func openLog() throws(LaunchError) -> JSONFileLog? {
        guard let path = request.logPath else { return nil }
        do throws(SystemError) {
            return try JSONFileLog(path: path)
        } catch {
            throw LaunchError(error)
        }
    }

    private func initExecutable() throws(LaunchError) -> FileDescriptor? {
        guard request.initProcess else { return nil }
        do throws(SystemError) {
            return try SealedExecutable.running()
        } catch {
            throw LaunchError(error)
        }
    }

    // MARK: - Life and end

    private func supervise(_ supervised: borrowing Supervised, _ cgroup: Cgroup, _ state: inout ContainerState) {
        let pidfd = supervised.process.pidfd.rawValue
        let stopSignal = request.stopSignal
        if let signals = RuntimeProcess.signals() {
            supervised.relay.run(until: supervised.process.pidfd, signals: signals) { signal in
                if signal == SIGTERM { _ = nb_pidfd_send_signal(pidfd, stopSignal) }
            }
        }
        let code = ChildProcess.exitCode(of: supervised.process.pid)
        state.finishedAt = WallClock.now().description
        state.status = .exited
        state.exitCode = code
        state.process = nil
        state.supervisor = nil
        // Processes outlive the first one where the PID namespace is the host's.
        try? cgroup.killAndWait()
        state.oomKilled = ((try? cgroup.oomKillCount()) ?? 0) > 0
        try? cgroup.remove()
        end(state)
        supervised.relay.finish(.exited(code: code, oomKilled: state.oomKilled))
    }
}
