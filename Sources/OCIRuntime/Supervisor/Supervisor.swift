internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The process that stands behind one container: it starts it, holds its streams, writes its log, reaps it and records
/// its end.
///
/// It outlives the command that started it.
final class Supervisor {
    private let process: LaunchedProcess
    private let relay: StreamRelay
    private let cgroup: Cgroup
    private let network: NetworkTenure
    private let files: RestartFiles
    private var record: ContainerRecord
    private var restart: Restart
    private var companions: Companions

    /// A container that runs.
    ///
    /// Nothing of `request` is kept but what the container's end needs.
    init(
        _ started: consuming StartedContainer, _ request: borrowing LaunchRequest, _ network: NetworkTenure,
        _ record: consuming ContainerRecord, _ restart: consuming Restart
    ) {
        restart.hold(started.namespaces)
        companions = Companions(request)
        companions.start(record.process, restart)
        files = RestartFiles(request)
        relay = started.relay
        cgroup = started.cgroup
        process = started.process
        self.network = network
        self.record = record
        self.restart = restart
    }

    /// Looks after the container until its end, and starts it again when that is wanted.
    func run() {
        guard supervise() else { return }
        var failure: String?
        if restart.pause(files) {
            do throws(SystemError) { try restart.execute() } catch { failure = error.description }
        }
        let messages = network.end()
        companions.willEnd(isRemoved: record.removesItself)
        record.gaveUp(failure)
        NetworkTenure.send(messages)
        record.finishRemoval()
    }

    /// Looks after the container until its end.
    ///
    /// - Returns: whether it is to be started again.
    private func supervise() -> Bool {
        let pidfd = process.pidfd.rawValue
        let stopSignal = record.stopSignal
        var isStopping = false
        if let signals = RuntimeProcess.signals() {
            relay.run(until: process.pidfd, signals: signals, &companions) { signal in
                guard signal == SIGTERM else { return }
                isStopping = true
                _ = nb_pidfd_send_signal(pidfd, stopSignal)
            }
        }
        let code = ChildProcess.exitCode(of: process.pid)
        let (end, age) = (WallClock.now(), record.age)
        // First, so that no probe enters the cgroup any more.
        companions.end()
        var isOutOfMemory = ((try? cgroup.oomKillCount()) ?? 0) > 0
        // Processes outlive the first one where the PID namespace is the host's.
        let isEmpty = cgroup.removeIfEmpty()
        if !isEmpty { try? cgroup.killAndWait() }
        let isRestarted = !isStopping && restart.isDue(files, after: code, ranFor: age)
        // Before anybody hears of the end: the ports can be had again then.
        let messages = isRestarted ? [] : network.end()
        if !isEmpty {
            if !isOutOfMemory { isOutOfMemory = ((try? cgroup.oomKillCount()) ?? 0) > 0 }
            try? cgroup.remove()
        }
        companions.tell(ofEnd: code, oomKilled: isOutOfMemory, ranFor: age)
        if isRestarted {
            record.restarts(code: code, oomKilled: isOutOfMemory, at: end, count: restart.count)
        } else {
            companions.willEnd(isRemoved: record.removesItself)
            record.ended(code: code, oomKilled: isOutOfMemory, at: end)
        }
        relay.finish(.exited(code: code, oomKilled: isOutOfMemory), waitsForStarter: !isRestarted)
        NetworkTenure.send(messages)
        guard !isRestarted else { return true }
        record.finishRemoval()
        // Nobody comes to tidy up behind a container that removes itself.
        if record.removesItself { try? cgroup.removeEmptyParents() }
        return false
    }
}
