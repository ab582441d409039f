internal import Glibc

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
        var unified: Candidate?
        var v1: [CgroupController: Candidate] = [:]
        for line in mountInfo.split(separator: UInt8(ascii: "\n")) {
            guard let mount = CgroupMount(line) else { continue }
            let candidate = Candidate(mount)
            if mount.isUnified {
                if unified.map({ candidate.rank > $0.rank }) ?? true { unified = candidate }
            } else {
                for controller in mount.controllers
                where v1[controller].map({ candidate.rank > $0.rank }) ?? true {
                    v1[controller] = candidate
                }
            }
        }
        guard let unified else { throw .noUnifiedTree }
        self.init(
            unified: unified.mountPoint, v1: v1.mapValues(\.mountPoint), unifiedOptions: unified.options)
    }

    private struct Candidate {
        let mountPoint: String
        let options: [String]
        let rank: Int

        init(_ mount: CgroupMount) {
            mountPoint = mount.mountPoint
            options = mount.unifiedOptions
            rank = (mount.root == "/" ? 2 : 0) + (mount.mountPoint.hasPrefix("/sys/fs/cgroup") ? 1 : 0)
        }
    }
}

/// One line of `mountinfo` that mounts a cgroup filesystem.
private struct CgroupMount {
    let root: String
    let mountPoint: String
    let isUnified: Bool
    let controllers: [CgroupController]
    let unifiedOptions: [String]

    /// What the kernel takes as a mount option of cgroup2; a security module shows others beside them.
    private static let knownOptions: Set = [
        "nsdelegate", "favordynmods", "memory_localevents", "memory_recursiveprot", "memory_hugetlb_accounting",
        "pids_localevents",
    ]

    /// Nil for any other filesystem and for what is not a line of that form.
    init?(_ line: ArraySlice<UInt8>) {
        let fields = line.split(separator: UInt8(ascii: " "))
        // ID, parent, device, root, mount point, options, any number of tags, "-", type, source, super options.
        guard fields.count >= 9,
            let dash = fields.dropFirst(6).firstIndex(where: { $0.elementsEqual([UInt8(ascii: "-")]) }),
            dash + 2 < fields.endIndex
        else { return nil }
        let type = fields[dash + 1]
        isUnified = type.elementsEqual("cgroup2".utf8)
        guard isUnified || type.elementsEqual("cgroup".utf8) else { return nil }
        root = Self.unescaped(fields[3])
        mountPoint = Self.unescaped(fields[4])
        let options = fields.dropFirst(dash + 3).first?.split(separator: UInt8(ascii: ",")) ?? []
        let names = options.map { String(decoding: $0, as: UTF8.self) }
        controllers = isUnified ? [] : names.compactMap { CgroupController(rawValue: $0) }
        unifiedOptions = isUnified ? names.filter(Self.knownOptions.contains) : []
    }

    /// Space, tab, newline and backslash stand as three octal digits after a backslash.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> String {
        guard field.contains(UInt8(ascii: "\\")) else { return String(decoding: field, as: UTF8.self) }
        var bytes: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ (0x30...0x37).contains($0) }) {
                bytes.append(UInt8(truncatingIfNeeded: digits.reduce(0) { $0 * 8 + Int($1 - 0x30) }))
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
