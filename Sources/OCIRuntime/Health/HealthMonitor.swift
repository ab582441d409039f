internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The process that probes one container's health from time to time, beside its supervisor.
///
/// A container without a health check has none, and its supervisor none of this in its memory.
struct HealthMonitor {
    private let check: HealthCheck
    private let events: EventTeller?
    private let container: ProcessIdentity
    private var record = HealthRecord()

    /// The monitor of the container that `request` describes and whose first process is `container`.
    ///
    /// - Parameter goesOn: whether another monitor of the same run came before it and was killed: what that has found out holds
    ///   until there is something newer.
    init?(_ request: LaunchRequest, container: ProcessIdentity, goesOn: Bool) {
        guard let text = request.health, var check = try? HealthCheck(jsonBytes: Array(text.utf8)) else { return nil }
        check.probe.containerProcess = container
        self.check = check
        self.container = container
        events = request.teller
        if goesOn, let bytes = try? StoredFile.read(check.recordPath), let known = try? HealthRecord(jsonBytes: bytes) {
            record = known
        }
    }

    // MARK: - Beside a supervisor

    /// Starts the monitor of a container.
    ///
    /// - Parameters:
    ///   - request: the descriptor of the supervisor's own request.
    ///   - container: the container's first process.
    ///   - goesOn: whether it goes on where another one was killed.
    /// - Returns: its pid, or nil when it could not be started.
    static func spawn(request: Int32, container: ProcessIdentity, goesOn: Bool) -> pid_t? {
        let report = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard report >= 0 else { return nil }
        defer { close(report) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for number in [request, report] { posix_spawn_file_actions_adddup2(&actions, number, number) }
        var words: [UnsafeMutablePointer<CChar>?] = []
        for word in [
            "nestbox-runtime", "health", "--request-fd", "\(request)", "--report-fd", "\(report)", "--container",
            "\(container.pid):\(container.startTime)",
        ] { words.append(strdup(word)) }
        if goesOn { words.append(strdup("--go-on")) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        return posix_spawn(&pid, "/proc/self/exe", &actions, nil, &words, environ) == 0 ? pid : nil
    }

    /// Ends a monitor, so that it writes nothing any more.
    static func end(_ pid: pid_t?) {
        guard let pid else { return }
        kill(pid, SIGKILL)
        _ = ChildProcess.exitCode(of: pid)
    }

    // MARK: - Its life

    /// Probes until the container or the supervisor has ended.
    ///
    /// - Returns: the exit status of this process.
    mutating func run() -> Int32 {
        let supervisor = nb_pidfd_open(getppid())
        guard let process = container.open(), supervisor >= 0 else { return 0 }
        let begin = Self.now() - age
        write()
        while true {
            let isStarting = record.status == .starting && Self.now() - begin < check.startPeriod
            nb_release_memory()
            var entries = [
                pollfd(fd: process.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: supervisor, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&entries, 2, Int32(clamping: isStarting ? check.startInterval : check.interval))
            if count < 0, Errno.current == .interrupted { continue }
            guard count == 0 else { return 0 }
            guard let probe = probe() else { continue }
            let old = record.status
            // What began in the start period does not count, as in Docker.
            record.take(probe, retries: check.retries, counts: !isStarting)
            write()
            if record.status != old { events?.tell("health_status: \(record.status.rawValue)") }
        }
    }

    private func write() {
        try? AtomicFile.write(record.jsonBytes(), to: check.recordPath)
    }

    /// How long the container has run, in milliseconds.
    private var age: Int64 {
        let ticks = Int64(sysconf(Int32(_SC_CLK_TCK)))
        let start = Int64(clamping: container.startTime) * 1000 / max(ticks, 1)
        return max(Uptime.milliseconds() - start, 0)
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Probes once.
    ///
    /// - Returns: nil when the container is frozen: nothing can be said about it.
    private func probe() -> HealthRecord.Probe? {
        let start = WallClock.now().description
        let (code, output): (Int32, [UInt8])
        do throws(LaunchError) {
            let cgroup: Cgroup
            do throws(CgroupError) {
                cgroup = try Cgroup(path: check.probe.cgroupPath, layout: try CgroupLayout.detect())
                if try cgroup.isFrozen() { return nil }
            } catch {
                throw LaunchError("\(error)")
            }
            var launcher = ExecLauncher(check.probe, cgroup: cgroup)
            var pipes = try StandardPipes.make(openStdin: false, hasHostUsers: check.probe.idMap == nil)
            let process = try launcher.launch(streams: pipes.process.take())
            (code, output) = watch(process, pipes.supervisor.output.take(), pipes.supervisor.error.take())
        } catch {
            (code, output) = (-1, Array(error.description.utf8))
        }
        return HealthRecord.Probe(
            start: start, end: WallClock.now().description, exitCode: code,
            output: String(decoding: output, as: UTF8.self))
    }

    /// Waits for the end of a probe, and kills it when that takes too long.
    private func watch(
        _ process: borrowing LaunchedProcess, _ output: consuming FileDescriptor?, _ error: consuming FileDescriptor?
    ) -> (code: Int32, output: [UInt8]) {
        var collected: [UInt8] = []
        var streams = [output.rawValue ?? -1, error.rawValue ?? -1]
        for stream in streams { _ = fcntl(stream, F_SETFL, fcntl(stream, F_GETFL) | O_NONBLOCK) }
        let deadline = Self.now() + check.timeout
        while true {
            var entries = [pollfd(fd: process.pidfd.rawValue, events: Int16(POLLIN), revents: 0)]
            for stream in streams { entries.append(pollfd(fd: stream, events: Int16(POLLIN), revents: 0)) }
            let count = poll(&entries, nfds_t(entries.count), Int32(clamping: max(deadline - Self.now(), 0)))
            if count < 0, Errno.current == .interrupted { continue }
            for index in streams.indices where !Self.collect(streams[index], &collected) { streams[index] = -1 }
            if entries[0].revents != 0 { break }
            guard Self.now() < deadline else {
                _ = nb_pidfd_send_signal(process.pidfd.rawValue, SIGKILL)
                _ = ChildProcess.exitCode(of: process.pid)
                return (-1, Array("Health check exceeded timeout (\(check.timeout)ms)".utf8))
            }
        }
        for stream in streams { _ = Self.collect(stream, &collected) }
        return (ChildProcess.exitCode(of: process.pid), collected)
    }

    /// Reads what is there; false at the stream's end.
    ///
    /// What is beyond the limit is dropped.
    private static func collect(_ stream: Int32, _ collected: inout [UInt8]) -> Bool {
        guard stream >= 0 else { return true }
        var buffer = [UInt8](repeating: 0, count: HealthRecord.Probe.outputLimit)
        // Not until it is empty: a probe may write without end.
        let count = read(stream, &buffer, buffer.count)
        guard count > 0 else { return count < 0 }
        let room = HealthRecord.Probe.outputLimit - collected.count
        collected += buffer[..<min(count, room)]
        return true
    }
}
