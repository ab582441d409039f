internal import Glibc
internal import LinuxSystem
internal import OCIRuntime

extension Engine {
    /// What a running container uses now, read from the kernel's own files.
    ///
    /// The container is taken as it was found: whoever reads again and again needs no other look at it.
    ///
    /// - Parameters:
    ///   - container: the container.
    ///   - isBrief: only the processor time is wanted, for ``ContainerStatistics/cpuPercentage(since:)``; the rest is 0.
    /// - Throws: `EngineError.notRunning`, …
    public func statistics(
        of container: Container, isBrief: Bool = false
    ) throws(EngineError) -> ContainerStatistics {
        try EngineError.wrapping {
            guard container.isRunning, let process = container.state.process else {
                throw EngineError.notRunning(container: container.id, status: container.status)
            }
            let cgroup = try cgroup(of: container)
            var moment = timespec()
            clock_gettime(CLOCK_MONOTONIC, &moment)
            guard let usage = CgroupUsage(of: cgroup, isBrief: isBrief) else {
                throw EngineError.notRunning(container: container.id, status: "it has just exited")
            }
            let total = UInt64(max(1, sysconf(Int32(_SC_PHYS_PAGES)))) * UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
            var result = ContainerStatistics(
                moment: UInt64(moment.tv_sec) * 1_000_000_000 + UInt64(moment.tv_nsec),
                cpuNanoseconds: usage.cpuNanoseconds ?? 0, memory: usage.memory ?? 0,
                memoryLimit: min(usage.memoryLimit ?? total, total), networkReceived: 0, networkSent: 0,
                blockRead: usage.blockRead ?? 0, blockWritten: usage.blockWritten ?? 0, processes: usage.pids ?? 0)
            if isBrief { return result }
            if container.configuration.network.hasInterfaces, let bytes = NetworkCounters(of: process) {
                (result.networkReceived, result.networkSent) = (bytes.received, bytes.sent)
            }
            if usage.blockRead == nil {
                let bytes = BlockCounters(of: try cgroup.processes())
                (result.blockRead, result.blockWritten) = (bytes.read, bytes.written)
            }
            return result
        }
    }

    /// Looks at containers and at what they use, the newest first.
    ///
    /// Unlike ``list(all:filters:damaged:)`` it sees to nothing that a crash has left of networks: it is made for being called every
    /// second. Containers whose records cannot be read are left out.
    /// - Parameters:
    ///   - ids: complete ids of the containers; those that are gone are left out. Nil: every container.
    ///   - all: whether those that do not run are among them. Those that were asked for always are.
    ///   - isBrief: only the processor times are wanted.
    ///   - known: an earlier answer, not older than a moment: what ran then and still does is not looked at again, and has the
    ///     name and limits that it had then.
    /// - Throws: `EngineError` when the root cannot be read.
    public func samples(
        of ids: [String]? = nil, all: Bool = false, isBrief: Bool = false, known: [ContainerSample] = []
    ) throws(EngineError) -> [ContainerSample] {
        try EngineError.wrapping {
            let boot = BootID()
            let chosen = try ids ?? StoredFile.names(in: paths.containers).filter(ContainerID.isComplete)
            let running = Dictionary(known.map { ($0.container.id, $0.container) }) { first, _ in first }
            let containers = try chosen.compactMap { id -> Container? in
                if let container = running[id], container.isRunning, container.state.process?.isAlive == true {
                    return container
                }
                do {
                    return try examine(id, boot: boot)
                } catch EngineError.damagedRecord {
                    return nil
                }
            }
            let samples = containers.filter { all || ids != nil || $0.isRunning }.compactMap { container in
                let statistics = container.isRunning ? try? statistics(of: container, isBrief: isBrief) : nil
                // One that ends at this moment is not among those that run any more.
                if container.isRunning, statistics == nil, !all, ids == nil { return nil as ContainerSample? }
                return ContainerSample(container: container, statistics: statistics)
            }
            return samples.sorted { ($0.container.created, $0.container.id) > ($1.container.created, $1.container.id) }
        }
    }
}

extension NetworkMode {
    /// Whether there are interfaces that count the container's own traffic.
    fileprivate var hasInterfaces: Bool {
        switch self {
        case .host, .none: false
        default: true
        }
    }
}

/// What went over the interfaces of a process's network namespace, as its own ends count.
struct NetworkCounters {
    private(set) var received: UInt64 = 0
    private(set) var sent: UInt64 = 0

    /// Nil when the process has ended.
    init?(of process: ProcessIdentity) {
        guard let text = try? StoredFile.readText("/proc/\(process.pid)/net/dev"), process.isAlive else { return nil }
        self.init(text)
    }

    /// From the text of `/proc/PID/net/dev`: two lines of titles, then one for each interface.
    init(_ text: String) {
        for line in text.split(separator: "\n").dropFirst(2) {
            // The name may hold anything but a slash, a blank and a colon (dev_valid_name).
            guard let colon = line.firstIndex(of: ":") else { continue }
            let fields = line[line.index(after: colon)...].split(separator: " ")
            guard line[..<colon].drop(while: { $0 == " " }) != "lo", fields.count >= 9 else { continue }
            received &+= UInt64(fields[0]) ?? 0
            sent &+= UInt64(fields[8]) ?? 0
        }
    }
}

/// What processes have read from block devices and written to them.
///
/// For containers without a cgroup that counts it. The kernel adds what a process did to its parent's when that has waited for it, so only
/// that of processes is missing whose parent is outside the container, or does not wait.
struct BlockCounters {
    private(set) var read: UInt64 = 0
    private(set) var written: UInt64 = 0

    init(of processes: [Int32]) {
        for process in processes {
            guard let text = try? StoredFile.readText("/proc/\(process)/io") else { continue }
            add(text)
        }
    }

    /// Adds what the text of `/proc/PID/io` says.
    mutating func add(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let bytes = UInt64(words[1]) else { continue }
            if words[0] == "read_bytes:" { read &+= bytes }
            if words[0] == "write_bytes:" { written &+= bytes }
        }
    }
}
