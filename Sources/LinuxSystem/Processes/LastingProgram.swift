internal import CLinux
internal import Glibc

/// A program of the host that goes on whatever becomes of the process that starts it.
///
/// It is born with default signals, without an environment, with nothing open but what it is given, and outside of the caller's
/// cgroup: under systemd that is the caller's service or session, with whose end all that is in it is killed. No process may move
/// there later, as that would wait for an RCU grace period.
public struct LastingProgram: Sendable {
    /// What is executed, an absolute path.
    public var path: String
    /// Its arguments, the name it is called by among them.
    public var arguments: [String]
    /// What it has as descriptors 0, 1 and 2; none: the caller's.
    public var streams: [Int32] = []
    /// Descriptors that it has under the same numbers.
    public var kept: [Int32] = []

    /// A program with the caller's streams and nothing else.
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
        let copies = try HeldCopies(streams)
        let words = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let cgroup = Self.outsideOfOwn()?.release() ?? -1
        defer { if cgroup >= 0 { close(cgroup) } }
        let result = start(path, words, [nil], copies.numbers, kept, cgroup: cgroup, stack)
        return Int32(truncatingIfNeeded: try checked(result, "start", path))
    }

    private func start(
        _ path: UnsafePointer<CChar>, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        _ environment: UnsafePointer<UnsafeMutablePointer<CChar>?>, _ streams: UnsafePointer<Int32>,
        _ kept: UnsafePointer<Int32>, cgroup: Int32, _ stack: UnsafeMutableRawPointer
    ) -> Int {
        var value = nb_spawn(
            path: path, arguments: arguments, environment: environment, descriptors: streams,
            descriptor_count: Int32(self.streams.count), kept: kept, kept_count: Int32(self.kept.count),
            mount_namespace: -1, cgroup: cgroup)
        return nb_spawn(&value, stack)
    }

    /// The root of the unified tree, where this process is not in it: the only cgroup that is always there and is nobody's.
    private static func outsideOfOwn() -> FileDescriptor? {
        guard let groups = try? StoredFile.readText("/proc/self/cgroup"),
            let own = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::") }), own != "0::/",
            let layout = try? CgroupLayout.detect()
        else { return nil }
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
