internal import CLinux
internal import Glibc
internal import LinuxSystem

/// `kill`: sends a signal to a container's first process, or to all.
enum KillCommand {
    static let command = Subcommand(options: [.flag("all", "a"), .value("regex", "r")]) {
        options, global throws(LaunchError) in
        let container = try options.container(global, most: 2)
        let signal = try SignalName.number(options.operands.count > 1 ? options.operands[1] : "SIGTERM")
        if options.has("all") {
            try signalAll(container, signal)
        } else {
            try send(signal, to: container)
        }
        return 0
    }

    private static func send(_ signal: Int32, to container: FoundContainer) throws(LaunchError) {
        let id = container.record.id
        guard let process = container.record.process, let pidfd = process.open() else {
            // Where the PID namespace is not its own, processes outlive the first one.
            if signal == SIGKILL, let cgroup = try container.cgroup(), (try? cgroup.isPopulated()) == true {
                return try killAll(cgroup, id)
            }
            throw LaunchError("cannot signal container \(id): container not running")
        }
        let result = nb_pidfd_send_signal(pidfd.rawValue, signal)
        guard result >= 0 else {
            throw LaunchError("cannot signal container \(id): \(Errno(-result).meaning) (\(Errno(-result).symbol))")
        }
    }

    private static func signalAll(_ container: FoundContainer, _ signal: Int32) throws(LaunchError) {
        guard let cgroup = try container.cgroup() else { return try send(signal, to: container) }
        if signal == SIGKILL { return try killAll(cgroup, container.record.id) }
        do throws(CgroupError) {
            for process in try cgroup.processes() { _ = kill(process, signal) }
        } catch {
            throw LaunchError("cannot signal container \(container.record.id): \(error)")
        }
    }

    private static func killAll(_ cgroup: Cgroup, _ id: String) throws(LaunchError) {
        do throws(CgroupError) {
            try cgroup.kill()
        } catch {
            throw LaunchError("cannot signal container \(id): \(error)")
        }
    }
}
