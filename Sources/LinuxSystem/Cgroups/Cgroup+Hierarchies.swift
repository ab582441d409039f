internal import Glibc

extension Cgroup {
    /// A v1 hierarchy as a container sees it.
    public struct Hierarchy: Sendable, Hashable {
        /// The name of its folder in `/sys/fs/cgroup`, for example `cpu,cpuacct`.
        public let name: String
        /// Its controllers: the options to mount it by.
        public let controllers: [String]
        /// The cgroup's own folder in it.
        public let folder: String
    }

    /// The cgroup's own folder in the unified tree.
    public var unifiedFolder: String { unifiedPath }

    /// The v1 hierarchies that this cgroup has a group in.
    public var mountedHierarchies: [Hierarchy] {
        layout.v1MountPoints.compactMap { point in
            guard isThere(in: point) else { return nil }
            let controllers = CgroupController.allCases.filter { layout.v1[$0] == point }.map(\.rawValue)
            let name = point.split(separator: "/").last.map(String.init) ?? point
            return Hierarchy(name: name, controllers: controllers, folder: folderPath(in: point))
        }
    }
}
