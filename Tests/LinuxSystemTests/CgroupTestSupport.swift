import Glibc
import LinuxSystem
import OCISpec
import Testing

/// A shell that waits for a line on its standard input before it runs `script`, so that a test can put it somewhere
/// first.
final class WaitingShell {
    let process: Int32
    private var gate: Int32
    private var status: Int32?

    init(_ script: String) throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        gate = ends[1]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        let arguments = ["/bin/sh", "-c", "read go\n" + script]
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var path: UnsafeMutablePointer<CChar>? = strdup("PATH=/usr/bin:/bin")
        defer { free(path) }
        var environment: [UnsafeMutablePointer<CChar>?] = [path, nil]
        path = environment[0]
        var child: pid_t = 0
        let result = posix_spawn(&child, "/bin/sh", &actions, nil, &pointers, &environment)
        try #require(result == 0)
        process = child
    }

    deinit {
        _ = kill(process, SIGKILL)
        _ = wait()
        if gate >= 0 { close(gate) }
    }

    /// Lets the script run.
    func go() {
        guard gate >= 0 else { return }
        _ = write(gate, "\n", 1)
        close(gate)
        gate = -1
    }

    /// The exit code, or minus the signal's number.
    func wait() -> Int32 {
        if let status { return status }
        var raw: Int32 = 0
        while waitpid(process, &raw, 0) < 0, errno == EINTR {}
        let result = raw & 0x7f == 0 ? (raw >> 8) & 0xff : -(raw & 0x7f)
        status = result
        return result
    }

    func run() -> Int32 {
        go()
        return wait()
    }
}

enum CgroupTestMachine {
    static let layout = try? CgroupLayout.detect()

    /// Root, and cgroups that this process may write to.
    static let isUsable =
        geteuid() == 0 && (layout.map { access($0.unified, W_OK) == 0 } ?? false)

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func text(_ path: String) -> String? {
        guard let file = try? FileDescriptor.open(path), var bytes = try? file.readAll() else { return nil }
        if bytes.last == 0x0a { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// All folders of this name below any cgroup mount.
    static func remains(of path: String) -> [String] {
        guard let layout else { return [] }
        return (Array(layout.v1.values) + [layout.unified]).map { "\($0)/\(path)" }.filter(exists)
    }
}

/// Makes a cgroup of a fresh name, hands it to `body` and removes everything afterwards, whatever happened.
func withCgroup(
    _ name: String = #function, _ body: (Cgroup) throws -> Void
) throws {
    let parent = "nestbox-test-\(getpid())"
    let leaf = name.filter { $0.isLetter || $0.isNumber }
    let cgroup = try Cgroup(path: "\(parent)/\(leaf)", layout: try CgroupLayout.detect())
    let result = Result { try body(cgroup) }
    try? cgroup.thaw()
    try? cgroup.killAndWait(within: .seconds(5))
    try cgroup.remove(within: .seconds(5))
    #expect(CgroupTestMachine.remains(of: cgroup.path) == [])
    try cgroup.removeEmptyParents()
    try result.get()
}
