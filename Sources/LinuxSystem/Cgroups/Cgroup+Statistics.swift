/// What a container uses right now.
///
/// A number is nil where the kernel does not offer it.
public struct CgroupStatistics: Sendable, Hashable {
    /// Bytes of memory, page cache included.
    public var memoryCurrent: UInt64?
    /// The most bytes of memory so far; on v2 since kernel 5.19.
    public var memoryPeak: UInt64?
    /// The memory limit in bytes; nil without one.
    public var memoryLimit: UInt64?
    /// CPU time of user and system, in nanoseconds.
    ///
    /// On v1 only where the cgroup has a `cpuacct` group.
    public var cpuNanoseconds: UInt64?
    /// Processes and threads.
    public var pidsCurrent: UInt64?
}

extension Cgroup {
    /// How many processes the kernel has killed for want of memory in this cgroup; 0 when there is no such cgroup.
    ///
    /// - Throws: `CgroupError.read`.
    public func oomKillCount() throws(CgroupError) -> Int {
        let file = layout.version(of: .memory) == .v1 ? "memory.oom_control" : "memory.events"
        guard let folder = try openFolder(of: .memory), let text = try folder.read(file) else { return 0 }
        return keyedNumber("oom_kill", in: text) ?? 0
    }

    /// Reads the counters that exist.
    ///
    /// - Throws: `CgroupError.read`.
    public func statistics() throws(CgroupError) -> CgroupStatistics {
        var result = CgroupStatistics()
        if let folder = try openFolder(of: .memory) {
            let v1 = layout.version(of: .memory) == .v1
            result.memoryCurrent = try folder.number(v1 ? "memory.usage_in_bytes" : "memory.current")
            result.memoryPeak = try folder.number(v1 ? "memory.max_usage_in_bytes" : "memory.peak")
            let limit = try folder.number(v1 ? "memory.limit_in_bytes" : "memory.max")
            // v1 writes "unlimited" as the largest number of whole pages.
            result.memoryLimit = limit.flatMap { $0 >= UInt64(Int64.max) - 65_536 ? nil : $0 }
        }
        if let folder = try openFolder(of: .pids) { result.pidsCurrent = try folder.number("pids.current") }
        if layout.version(of: .cpuacct) == .v1, let folder = try openFolder(of: .cpuacct) {
            result.cpuNanoseconds = try folder.number("cpuacct.usage")
        } else if let folder = try openFolder(in: layout.unified) {
            // The unified tree counts CPU time for every cgroup, whoever has the cpu controller.
            result.cpuNanoseconds = keyedNumber("usage_usec", in: try folder.read("cpu.stat") ?? "")
                .map { UInt64(clamping: $0).multipliedReportingOverflow(by: 1000).partialValue }
        }
        return result
    }

    func openFolder(of controller: CgroupController) throws(CgroupError) -> CgroupFolder? {
        try openFolder(in: layout.mountPoint(of: controller))
    }

    private func openFolder(in mountPoint: String) throws(CgroupError) -> CgroupFolder? {
        do {
            return try CgroupFolder(path: folderPath(in: mountPoint), cgroup: path)
        } catch .folder(_, _, .noSuchFile, _) {
            return nil
        }
    }
}

extension CgroupFolder {
    /// The file's number; nil when there is no such file, or a word such as `max` in it.
    fileprivate borrowing func number(_ file: String) throws(CgroupError) -> UInt64? {
        try read(file).flatMap { UInt64($0) }
    }
}
