internal import LinuxSystem

/// What a container uses now, and what it has used so far.
///
/// A number is nil where the kernel does not count it for this cgroup.
struct CgroupUsage: Sendable, Hashable {
    /// Bytes of memory without the file cache that the kernel can drop at once (its inactive part).
    var memory: UInt64?
    /// The memory limit in bytes; nil without one.
    var memoryLimit: UInt64?
    /// CPU time of user and system, in nanoseconds.
    var cpuNanoseconds: UInt64?
    /// Processes and threads.
    var pids: UInt64?
    /// Bytes read from block devices.
    var blockRead: UInt64?
    /// Bytes written to block devices.
    var blockWritten: UInt64?
}

extension CgroupUsage {
    /// Reads what is shown of a container that runs; nil when there is no such cgroup.
    ///
    /// Here and not beside ``Cgroup``: supervisors link that, and their memory is counted by the page.
    /// - Parameter isBrief: nothing but the processor time is wanted.
    init?(of cgroup: Cgroup, isBrief: Bool = false) {
        let layout = cgroup.layout
        if layout.version(of: .cpuacct) == .v1 {
            cpuNanoseconds = cgroup.number(of: "cpuacct.usage", .cpuacct)
        }
        // Counted for every cgroup that is there, whoever has the controller.
        if cpuNanoseconds == nil, let text = cgroup.text(of: "cpu.stat", in: layout.unified) {
            cpuNanoseconds = Self.number("usage_usec", in: text).map { $0 &* 1000 }
        }
        guard cpuNanoseconds != nil else { return nil }
        if isBrief { return }
        pids = cgroup.number(of: "pids.current", .pids)
        let isOld = layout.version(of: .memory) == .v1
        // v1 writes "unlimited" as the largest number of whole pages.
        let limit = cgroup.number(of: isOld ? "memory.limit_in_bytes" : "memory.max", .memory)
        memoryLimit = limit.flatMap { $0 >= UInt64(Int64.max) - 65_536 ? nil : $0 }
        if let current = cgroup.number(of: isOld ? "memory.usage_in_bytes" : "memory.current", .memory) {
            // Of the whole tree, as the usage is; on v2 every number is.
            let key = isOld ? "total_inactive_file" : "inactive_file"
            let text = cgroup.text(of: "memory.stat", .memory) ?? ""
            let (used, isNegative) = current.subtractingReportingOverflow(Self.number(key, in: text) ?? 0)
            memory = isNegative ? current : used
        }
        let isV1 = layout.version(of: .blkio) == .v1
        let file = isV1 ? "blkio.throttle.io_service_bytes_recursive" : "io.stat"
        // There is none where the container has no group of the controller.
        if let text = cgroup.text(of: file, .blkio) {
            (blockRead, blockWritten) = isV1 ? Self.blockBytesV1(text) : Self.blockBytesV2(text)
        }
    }

    /// The number behind a key at the beginning of a line.
    static func number(_ key: String, in text: String) -> UInt64? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) && $0.dropFirst(key.count).first == " " }
        return line.flatMap { UInt64($0.dropFirst(key.count + 1)) }
    }

    /// Lines such as `8:0 Read 4096`.
    static func blockBytesV1(_ text: String) -> (read: UInt64, written: UInt64) {
        var sum: (read: UInt64, written: UInt64) = (0, 0)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, let bytes = UInt64(words[2]) else { continue }
            if words[1] == "Read" { sum.read &+= bytes }
            if words[1] == "Write" { sum.written &+= bytes }
        }
        return sum
    }

    /// Lines such as `8:0 rbytes=4096 wbytes=0 rios=1 …`.
    static func blockBytesV2(_ text: String) -> (read: UInt64, written: UInt64) {
        var sum: (read: UInt64, written: UInt64) = (0, 0)
        for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            if word.hasPrefix("rbytes="), let bytes = UInt64(word.dropFirst(7)) { sum.read &+= bytes }
            if word.hasPrefix("wbytes="), let bytes = UInt64(word.dropFirst(7)) { sum.written &+= bytes }
        }
        return sum
    }
}
