internal import CLinux
internal import Glibc
public import LinuxSystem
internal import OCISpec

/// The process that stands behind one exec'd process: it starts it, holds its streams and passes on how it ends.
public struct ExecSession {
    private let request: ExecRequest

    /// The session of the process that `request` describes.
    public init(_ request: ExecRequest) {
        self.request = request
    }

    /// Starts the process and stays until its end.
    ///
    /// - Parameters:
    ///   - client: the connected socket of the client; nil: output is dropped.
    ///   - report: where the ``LaunchReport`` goes; closed behind it.
    /// - Returns: the exit status of this process.
    public func run(client: consuming FileDescriptor?, report: consuming FileDescriptor) -> Int32 {
        RuntimeProcess.detach()
        RuntimeProcess.holdSignals()
        do throws(LaunchError) {
            let cgroup: Cgroup
            do throws(CgroupError) {
                cgroup = try Cgroup(path: request.cgroupPath, layout: try CgroupLayout.detect())
            } catch {
                throw LaunchError("\(error)")
            }
            var launcher = ExecLauncher(request, cgroup: cgroup)
            var pipes =
                request.process.terminal
                ? StandardPipes.terminal()
                : try StandardPipes.make(openStdin: request.openStdin, hasHostUsers: request.idMap == nil)
            let process = try launcher.launch(streams: pipes.process.take())
            try pipes.adoptTerminal(of: process)
            try? report.writeAll(LaunchReport(pid: process.pid, warnings: launcher.warnings).jsonBytes())
            _ = consume report
            let relay = StreamRelay(pipes.supervisor, listener: nil, log: nil, closesInputWithClient: true)
            if let client { relay.attachStarter(client, sendsInput: request.openStdin) }
            serve(process, relay)
            return 0
        } catch {
            try? report.writeAll(LaunchReport(error).jsonBytes())
            return error.exitCode
        }
    }

    private func serve(_ process: borrowing LaunchedProcess, _ relay: StreamRelay) {
        if let signals = RuntimeProcess.signals() {
            let pidfd = process.pidfd.rawValue
            var nobody = Companions()
            relay.run(until: process.pidfd, signals: signals, &nobody) { _ = nb_pidfd_send_signal(pidfd, $0) }
        }
        let code = ChildProcess.exitCode(of: process.pid)
        let teller = EventTeller(
            folder: request.eventFolder, id: request.containerID, attributesPath: request.eventAttributesPath)
        teller?.tell("exec_die", [("execID", request.executionID), ("exitCode", "\(code)")])
        relay.finish(.exited(code: code, oomKilled: false))
    }
}
