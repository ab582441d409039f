internal import Glibc
internal import OCISpec

/// Where this machine's cgroup hierarchies are: everything on the unified tree (pure v2), or controllers on v1
/// hierarchies beside a unified tree (hybrid).
public struct CgroupLayout: Sendable, Hashable {
    /// The mount point of the unified tree.
    public let unified: String
    /// The mount points of v1 hierarchies; empty on a pure v2 machine.
    ///
    /// Co-mounted controllers share one.
    public let v1: [CgroupController: String]
    /// The mount options that belong to the unified tree as a whole, `nsdelegate` and the like.
    ///
    /// Every mount from the initial cgroup namespace sets them for the machine anew, so one that does not repeat them takes
    /// them away.
    public let unifiedOptions: [String]

    /// Describes a layout that was found elsewhere.
    public init(unified: String, v1: [CgroupController: String] = [:], unifiedOptions: [String] = []) {
        self.unified = unified
        self.v1 = v1
        self.unifiedOptions = unifiedOptions
    }

    /// Whether some controllers are on v1 hierarchies.
    public var isHybrid: Bool { !v1.isEmpty }

    /// The interface of a controller.
    ///
    /// On a hybrid machine, a controller that has no v1 hierarchy may be on the
    /// unified tree (hugetlb often is).
    public func version(of controller: CgroupController) -> CgroupVersion {
        v1[controller] == nil ? .v2 : .v1
    }

    /// The mount point under which the controller's files are.
    func mountPoint(of controller: CgroupController) -> String {
        v1[controller] ?? unified
    }

    /// Every v1 mount point once, in a fixed order.
    var v1MountPoints: [String] {
        var points: [String] = []
        for controller in CgroupController.allCases {
            if let point = v1[controller], !points.contains(point) { points.append(point) }
        }
        return points
    }

    /// Reads `/proc/self/mountinfo` once.
    ///
    /// - Throws: `CgroupError.layout` when it cannot be read, `.noUnifiedTree` on a machine with v1 hierarchies only.
    public static func detect() throws(CgroupError) -> CgroupLayout {
        let text: [UInt8]
        do {
            text = try FileDescriptor.open("/proc/self/mountinfo").readAll()
        } catch {
            throw .layout(error)
        }
        return try CgroupLayout(mountInfo: text)
    }

    /// Finds the hierarchies in the text of a `mountinfo` file (proc_pid_mountinfo(5)).
    ///
    /// Of several mounts of one hierarchy, one that shows the whole of it wins, then one below `/sys/fs/cgroup`, then
    /// the first.
    /// - Throws: `CgroupError.noUnifiedTree` when no cgroup2 filesystem is among the mounts.
    public init(mountInfo: [UInt8]) throws(CgroupError) {
        // No lists of lists, no dictionary of what was found: each kind of list that is made at run time takes as long to set up as
        // all the reading here, and this runs at every start.
        var mounts: [CgroupMount] = []
        var rest = mountInfo[...]
        while !rest.isEmpty {
            if let mount = CgroupMount(rest.takeField(endedBy: UInt8(ascii: "\n"))) { mounts.append(mount) }
        }
        guard let unified = CgroupMount.best(of: mounts, where: { $0.isUnified }) else { throw .noUnifiedTree }
        var v1: [CgroupController: String] = [:]
        for controller in CgroupController.allCases {
            v1[controller] = CgroupMount.best(of: mounts) { $0.controllers.contains(controller) }?.mountPoint
        }
        self.init(unified: unified.mountPoint, v1: v1, unifiedOptions: unified.unifiedOptions)
    }
}

/// One line of `mountinfo` that mounts a cgroup filesystem.
private struct CgroupMount {
    let mountPoint: String
    let isUnified: Bool
    private(set) var controllers: [CgroupController] = []
    private(set) var unifiedOptions: [String] = []
    private let rank: Int

    /// What the kernel takes as a mount option of cgroup2; a security module shows others beside them.
    private static let knownOptions = [
        "nsdelegate", "favordynmods", "memory_localevents", "memory_recursiveprot", "memory_hugetlb_accounting",
        "pids_localevents",
    ]

    /// Nil for any other filesystem and for what is not a line of that form.
    init?(_ line: ArraySlice<UInt8>) {
        guard Self.mayBeCgroup(line) else { return nil }
        // ID, parent, device, root, mount point, options, any number of tags, "-", type, source, super options.
        let space = UInt8(ascii: " ")
        var rest = line
        for _ in 0..<3 { _ = rest.takeField(endedBy: space) }
        let root = rest.takeField(endedBy: space)
        mountPoint = MountInfoText.unescaped(rest.takeField(endedBy: space))
        _ = rest.takeField(endedBy: space)
        while !rest.takeField(endedBy: space).elementsEqual("-".utf8) {
            guard !rest.isEmpty else { return nil }
        }
        let type = rest.takeField(endedBy: space)
        isUnified = type.elementsEqual("cgroup2".utf8)
        guard isUnified || type.elementsEqual("cgroup".utf8), !rest.isEmpty else { return nil }
        rank = (root.elementsEqual("/".utf8) ? 2 : 0) + (mountPoint.begins(with: "/sys/fs/cgroup") ? 1 : 0)
        _ = rest.takeField(endedBy: space)
        var options = rest.takeField(endedBy: space)
        while !options.isEmpty {
            let name = String(decoding: options.takeField(endedBy: UInt8(ascii: ",")), as: UTF8.self)
            if isUnified {
                if Self.knownOptions.contains(name) { unifiedOptions.append(name) }
            } else if let controller = CgroupController(rawValue: name) {
                controllers.append(controller)
            }
        }
    }

    /// The first of those that rank highest.
    static func best(of mounts: [CgroupMount], where isFit: (CgroupMount) -> Bool) -> CgroupMount? {
        var best: CgroupMount?
        for mount in mounts where isFit(mount) {
            if let found = best, found.rank >= mount.rank { continue }
            best = mount
        }
        return best
    }

    /// Most lines are of other filesystems: taking them apart would take longer than all the rest.
    private static func mayBeCgroup(_ line: ArraySlice<UInt8>) -> Bool {
        let mark: StaticString = " - cgroup"
        let length = mark.utf8CodeUnitCount
        return line.withUnsafeBytes { bytes in
            guard var place = bytes.baseAddress else { return false }
            let end = place + bytes.count
            while let found = memchr(place, Int32(UInt8(ascii: "-")), end - place) {
                let dash = UnsafeRawPointer(found)
                if end - dash >= length - 1, memcmp(dash, mark.utf8Start + 1, length - 1) == 0 { return true }
                place = dash + 1
            }
            return false
        }
    }
}

extension ArraySlice<UInt8> {
    /// What stands before the next such byte, or the end; it is taken, and the byte with it.
    fileprivate mutating func takeField(endedBy separator: UInt8) -> ArraySlice<UInt8> {
        let end = firstIndex(of: separator) ?? endIndex
        let field = self[startIndex..<end]
        self = self[(end < endIndex ? end + 1 : end)...]
        return field
    }
}
