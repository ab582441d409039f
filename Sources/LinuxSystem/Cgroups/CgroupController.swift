/// A resource controller, under its v1 name.
public enum CgroupController: String, Sendable, Hashable, CaseIterable {
    /// CPU time: quota, shares.
    case cpu
    /// CPU time accounting; a part of `cpu` on v2.
    case cpuacct
    /// CPUs and memory nodes.
    case cpuset
    /// Memory and swap.
    case memory
    /// Number of processes and threads.
    case pids
    /// Block devices; `io` on v2.
    case blkio
    /// Huge pages.
    case hugetlb
    /// RDMA.
    case rdma
    /// Freezing; no controller on v2, where every cgroup has `cgroup.freeze`.
    case freezer
    /// Device access by lists; replaced by BPF programs and never used here.
    case devices
    /// Packet class; v1 only.
    case netClass = "net_cls"
    /// Packet priority; v1 only.
    case netPriority = "net_prio"

    /// The controller's name in `cgroup.controllers` of v2; nil where v2 has none.
    var unifiedName: String? {
        switch self {
        case .cpu, .cpuset, .memory, .pids, .hugetlb, .rdma: rawValue
        case .blkio: "io"
        case .cpuacct, .freezer, .devices, .netClass, .netPriority: nil
        }
    }

    /// The controller to whose files a v2 file name such as `memory.high` belongs.
    init?(unifiedFile name: String) {
        let prefix = name.prefix { $0 != "." }
        guard let match = Self.allCases.first(where: { $0.unifiedName == String(prefix) }) else { return nil }
        self = match
    }
}

/// Which of the two interfaces a controller has on this machine.
public enum CgroupVersion: Sendable, Hashable {
    /// A hierarchy of its own, with v1 file names.
    case v1
    /// The unified tree.
    case v2
}
