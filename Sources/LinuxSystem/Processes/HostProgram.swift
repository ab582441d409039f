internal import CLinux
internal import Glibc
internal import OCISpec

/// A program of the host that is to be started, with default signals and nothing open but what it is given.
public struct HostProgram: Sendable {
    /// What is executed, an absolute path.
    public var path: String
    /// Its arguments, the name it is called by among them.
    public var arguments: [String]
    /// Its environment, `NAME=VALUE` each.
    public var environment: [String] = []
    /// What it has as descriptors 0, 1, 2 and so on; none: the caller's first three.
    public var descriptors: [Int32] = []
    /// Descriptors that it has beside those, under the same numbers.
    public var kept: [Int32] = []
    /// The mount namespace to run in; -1: the caller's.
    public var mountNamespace: Int32 = -1
    /// Whether it goes on whatever becomes of the caller's cgroup, by being born outside of that where the kernel lets it.
    ///
    /// Under systemd that cgroup is the caller's service or session, with whose end all that is in it is killed. Nothing moves there
    /// later, as that would wait for an RCU grace period.
    public var leavesCgroup = false

    /// A program with the caller's streams, and nothing else of the caller's.
    public init(_ path: String, _ arguments: [String]) {
        self.path = path
        self.arguments = arguments
    }

    /// Starts it as a child.
    ///
    /// The caller's memory is shared until it is executed: a large process starts it as fast as a small one, and no Swift code
    /// runs in between.
    /// - Returns: its pid.
    /// - Throws: `SystemError` also when it cannot be executed.
    public func spawn() throws(SystemError) -> Int32 {
        guard let stack = nb_stack_allocate() else { throw SystemError("start", path, Errno(ENOMEM)) }
        defer { nb_stack_free(stack) }
        let copies = try HeldCopies(descriptors)
        let (words, variables) = (arguments.map { strdup($0) } + [nil], environment.map { strdup($0) } + [nil])
        defer { for word in words + variables { free(word) } }
        let cgroup = leavesCgroup ? Self.outsideOfOwn()?.release() ?? -1 : -1
        defer { if cgroup >= 0 { close(cgroup) } }
        let result = start(path, words, variables, copies.numbers, kept, cgroup: cgroup, stack)
        return Int32(truncatingIfNeeded: try checked(result, "start", path))
    }

    private func start(
        _ path: UnsafePointer<CChar>, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        _ environment: UnsafePointer<UnsafeMutablePointer<CChar>?>, _ descriptors: UnsafePointer<Int32>,
        _ kept: UnsafePointer<Int32>, cgroup: Int32, _ stack: UnsafeMutableRawPointer
    ) -> Int {
        var value = nb_spawn(
            path: path, arguments: arguments, environment: environment, descriptors: descriptors,
            descriptor_count: Int32(self.descriptors.count), kept: kept, kept_count: Int32(self.kept.count),
            mount_namespace: mountNamespace, cgroup: cgroup)
        return nb_spawn(&value, stack)
    }

    /// The root of the unified tree, where this process is not in it: the only cgroup that is always there and is nobody's.
    private static func outsideOfOwn() -> FileDescriptor? {
        guard let groups = try? StoredFile.readText("/proc/self/cgroup"),
            let own = groups.split(separator: "\n").first(where: { $0.begins(with: "0::") }), own != "0::/",
            let layout = try? CgroupLayout.detect()
        else { return nil }
        // In a cgroup namespace what looks like it is a cgroup as any other, which could have no controllers for others then.
        guard !StoredFile.exists("\(layout.unified)/cgroup.type") else { return nil }
        return try? FileDescriptor.open(layout.unified, NB_O_PATH | O_DIRECTORY)
    }
}

/// Copies of descriptors, above all the numbers that they are to have.
private struct HeldCopies: ~Copyable {
    private(set) var numbers: [Int32] = []

    init(_ originals: [Int32]) throws(SystemError) {
        for number in originals {
            let copy = try retrying("duplicate", "descriptor \(number)") {
                fcntl(number, F_DUPFD_CLOEXEC, max(3, Int32(originals.count)))
            }
            numbers.append(copy)
        }
    }

    deinit {
        for number in numbers { close(number) }
    }
}
