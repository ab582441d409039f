internal import LinuxSystem
internal import Synchronization

extension Engine {
    /// A container's cgroup.
    func cgroup(of container: Container) throws(CgroupError) -> Cgroup {
        try Cgroup(path: container.cgroupPath, layout: try cgroupLayout.value())
    }
}

/// Where this machine's cgroups are, looked up when it is first needed and once only.
final class KnownCgroupLayout: Sendable {
    private let known = Mutex<CgroupLayout?>(nil)

    func value() throws(CgroupError) -> CgroupLayout {
        if let known = known.withLock(\.self) { return known }
        let layout = try CgroupLayout.detect()
        known.withLock { $0 = layout }
        return layout
    }
}
