internal import CLinux
internal import Glibc
internal import LinuxSystem

/// A process that was started and has executed its program.
struct LaunchedProcess: ~Copyable {
    /// The pid in this process's PID namespace.
    let pid: Int32
    /// The same, safe against reuse of the pid.
    let pidfd: FileDescriptor
    /// The master of the terminal that the process got, if it got one.
    let terminal: FileDescriptor?
}

/// A child between its clone3 and its execve.
///
/// It first carries out the list that it was born with (joining namespaces), then waits; ``proceed(_:)`` gives it the
/// list that makes the container, which can be written only now: it holds descriptors that need the child's user
/// namespace.
final class Launch {
    private let launch: UnsafeMutablePointer<nb_launch>
    private let socket: FileDescriptor
    private var childSocket: Int32
    private let first: StepList
    private var second: StepList?
    /// The child's pid: the one whose namespaces and limits can be reached through procfs.
    let pid: Int32
    private let pidfd: FileDescriptor
    private var isDone = false
    /// The most that one answer of the child may take, in milliseconds; -1: no bound.
    private let bound: Int32
    private var hasTimedOut = false

    /// Starts a child that carries out `steps`, which end with `NB_STEP_NEXT_LIST`.
    ///
    /// - Parameters:
    ///   - cgroup: the unified cgroup to be born in, or -1.
    ///   - bound: the most that one answer of the child may take, in milliseconds; -1: no bound.
    /// - Throws: `LaunchError`.
    init(
        _ steps: consuming StepList, namespaces: UInt64, cgroup: Int32, forks: Bool, bound: Int32 = -1
    ) throws(LaunchError) {
        var steps = steps
        self.bound = bound
        let ends: (first: Int32, second: Int32)
        do throws(SystemError) {
            ends = try DescriptorPair.packetSockets().release()
        } catch {
            throw LaunchError(error)
        }
        launch = .allocate(capacity: 1)
        launch.initialize(to: nb_launch())
        launch.pointee.clone_flags = namespaces
        launch.pointee.cgroup = cgroup
        launch.pointee.sync_parent = ends.first
        launch.pointee.sync_child = ends.second
        launch.pointee.executable = -1
        launch.pointee.forks = forks ? 1 : 0
        launch.pointee.steps = UnsafePointer(steps.frozen())
        launch.pointee.step_count = steps.steps.count
        let result = nb_launch(launch)
        socket = FileDescriptor(owning: ends.first)
        childSocket = ends.second
        first = steps
        pid = Int32(truncatingIfNeeded: result)
        pidfd = FileDescriptor(owning: launch.pointee.pidfd)
        guard result > 0 else {
            isDone = true
            throw LaunchError(
                SystemError(
                    "create the namespaces of", "the container", Errno(Int32(-result)), hint: Self.cloneHint(result)))
        }
        guard receive().message == UInt8(ascii: "R") else { throw failure() }
    }

    deinit {
        abandon()
        nb_launch_free(launch)
        launch.deallocate()
    }

    /// Ends a child that has not executed its program.
    private func abandon() {
        if !isDone {
            _ = nb_pidfd_send_signal(pidfd.rawValue, SIGKILL)
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && Errno.current == .interrupted {}
            isDone = true
        }
        closeChildSocket()
    }

    private func closeChildSocket() {
        guard childSocket >= 0 else { return }
        _ = close(childSocket)
        childSocket = -1
    }

    /// What the child executes.
    struct Program {
        /// Absolute paths to try in turn.
        var candidates: [String]
        var arguments: [String]
        var environment: [String]
        /// An open program instead of a path, or -1.
        var executable: Int32 = -1
    }

    /// Lets the child carry out `steps` and execute `program`.
    ///
    /// - Parameter meanwhile: called while the child is at work; it waits at `NB_STEP_BARRIER` for the end of that.
    /// - Throws: `LaunchError`; the child has ended then.
    func proceed(
        _ steps: consuming StepList, _ program: Program, meanwhile: () throws(LaunchError) -> Void = {}
    ) throws(LaunchError) -> LaunchedProcess {
        var steps = steps
        launch.pointee.candidates = UnsafePointer(steps.strings(program.candidates))
        launch.pointee.arguments = UnsafePointer(steps.strings(program.arguments))
        launch.pointee.environment = UnsafePointer(steps.strings(program.environment))
        launch.pointee.executable = program.executable
        launch.pointee.steps = UnsafePointer(steps.frozen())
        launch.pointee.step_count = steps.steps.count
        second = consume steps
        let number = socket.rawValue
        guard send(number, [UInt8(0)], 1, Int32(MSG_NOSIGNAL)) == 1 else { throw failure() }
        do throws(LaunchError) {
            try meanwhile()
        } catch {
            // The child's own failure is the reason for what others could not do with it any more.
            throw launch.pointee.outcome.error == 0 ? error : failure(of: program)
        }
        var terminal: Int32 = -1
        while true {
            let (message, descriptor) = receive()
            if message == UInt8(ascii: "F") {
                // The child has its own descriptors now: from here on its end closes when it executes or ends.
                closeChildSocket()
            } else if message == UInt8(ascii: "T") {
                terminal = descriptor
            } else if message == UInt8(ascii: "B") {
                guard send(number, [UInt8(0)], 1, Int32(MSG_NOSIGNAL)) == 1 else { break }
            } else {
                break
            }
        }
        let master = terminal < 0 ? nil : FileDescriptor(owning: terminal)
        guard launch.pointee.outcome.error == 0, childSocket < 0 else { throw failure(of: program) }
        return try launched(terminal: master)
    }

    /// The process that has executed: the child, or the one that it forked.
    private func launched(terminal: consuming FileDescriptor?) throws(LaunchError) -> LaunchedProcess {
        isDone = true
        let forked = launch.pointee.outcome.pid
        do throws(SystemError) {
            guard forked > 0 else {
                return LaunchedProcess(pid: pid, pidfd: try pidfd.duplicate(), terminal: terminal)
            }
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && Errno.current == .interrupted {}
            let descriptor = FileDescriptor(
                owning: try checked(nb_pidfd_open(forked), "open process", String(forked)))
            return LaunchedProcess(pid: forked, pidfd: descriptor, terminal: terminal)
        } catch {
            throw LaunchError(error)
        }
    }

    /// The child's next message; 0 when there will be none: it has executed its program, has ended, or the time is over.
    private func receive() -> (message: UInt8, descriptor: Int32) {
        guard isMessageComing() else { return (0, -1) }
        var message: CChar = 0
        var descriptor: Int32 = -1
        let count = nb_receive_descriptor(socket.rawValue, &message, &descriptor)
        return (count == 1 ? UInt8(bitPattern: message) : 0, descriptor)
    }

    /// Waits for a message or the socket's end.
    ///
    /// As long as the child shares this process's descriptors its death does not close its end of the socket, and only its
    /// pidfd tells.
    private func isMessageComing() -> Bool {
        while true {
            var entries = [
                pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: childSocket < 0 ? -1 : pidfd.rawValue, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&entries, 2, bound)
            if count < 0, Errno.current == .interrupted { continue }
            hasTimedOut = count == 0
            guard count > 0 else { return false }
            if entries[0].revents != 0 { return true }
            // The last message may have come between poll's looks at the one and at the other.
            return poll(&entries, 1, 0) > 0
        }
    }

    // MARK: - What went wrong

    private func failure(of program: Program? = nil) -> LaunchError {
        let outcome = launch.pointee.outcome
        if hasTimedOut {
            // Not waited for: what is frozen dies when it is thawed.
            if outcome.pid > 0 { _ = kill(outcome.pid, SIGKILL) }
            _ = nb_pidfd_send_signal(pidfd.rawValue, SIGKILL)
            isDone = true
            closeChildSocket()
            return LaunchError(
                "cannot start a process in the container: it does not get ready within \(bound / 1000) s; "
                    + "is the container frozen, or its file system hanging?")
        }
        // The second child of a fork is reaped here as well: it shares this parent.
        abandon()
        if outcome.pid > 0 {
            var status: Int32 = 0
            while waitpid(outcome.pid, &status, 0) < 0 && Errno.current == .interrupted {}
        }
        guard outcome.error != 0 else {
            return LaunchError(
                "cannot start the container: its first process was killed before it could execute; "
                    + "is the memory limit too small for the program?", exitCode: 137)
        }
        let errno = Errno(outcome.error)
        guard outcome.failed_step >= 0 else { return executionFailure(errno, program) }
        let index = Int(outcome.failed_step)
        let list = descriptions
        let step = list.indices.contains(index) ? list[index] : "carry out step \(index)"
        let message = withUnsafeBytes(of: &launch.pointee.message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
        }
        let reason = message.isEmpty ? "" : " [\(message)]"
        return LaunchError(
            "cannot \(step): \(Self.detail(outcome.detail))\(errno.meaning) (\(errno.symbol))\(reason)"
                + (isFiltered(index) ? Self.seccompHint : Self.hint(detail: outcome.detail, errno)))
    }

    /// Whether the step came after the one that loads the seccomp filter.
    private func isFiltered(_ index: Int) -> Bool {
        switch second {
        case .some(let list): list.steps.prefix(index).contains { $0.kind == Int32(NB_STEP_SECCOMP.rawValue) }
        case .none: false
        }
    }

    private static let seccompHint = "; does the seccomp profile deny it?"

    /// Of the list that the child was carrying out.
    private var descriptions: [String] {
        switch second {
        case .some(let list): list.descriptions
        case .none: first.descriptions
        }
    }

    private func executionFailure(_ errno: Errno, _ program: Program?) -> LaunchError {
        let name = program?.arguments.first ?? ""
        if errno == .noSuchFile || errno == .notDirectory {
            if name.contains("/") {
                return LaunchError(
                    "cannot execute \(name) in the container: no such file, or the interpreter that it names is missing "
                        + "(\(errno.symbol)); check the command and the image", exitCode: 127)
            }
            return LaunchError(
                "cannot execute \(name) in the container: executable file not found in $PATH; check the command and the "
                    + "image", exitCode: 127)
        }
        let hint =
            errno == .notImplemented || errno == .notPermitted
            ? Self.seccompHint : "; is it an executable file for this machine?"
        return LaunchError(
            "cannot execute \(name) in the container: \(errno.meaning) (\(errno.symbol))\(hint)", exitCode: 126)
    }

    private static func detail(_ detail: Int32) -> String {
        switch nb_detail(UInt32(bitPattern: detail)) {
        case NB_DETAIL_OPEN_TARGET: "opening the target: "
        case NB_DETAIL_MAKE_TARGET: "making the target: "
        case NB_DETAIL_FILE_SYSTEM: "opening the file system: "
        case NB_DETAIL_OPTION: "setting an option: "
        case NB_DETAIL_CREATE: "creating the mount: "
        case NB_DETAIL_ATTACH: "attaching the mount: "
        case NB_DETAIL_CLONE: "cloning the mount: "
        case NB_DETAIL_ATTRIBUTES: "changing the mount: "
        case NB_DETAIL_NOT_A_DIRECTORY: "the target is a symlink or no folder: "
        case NB_DETAIL_OUTSIDE_ROOT: "the folder lies outside the container's root: "
        case NB_DETAIL_PARENT_GONE: "the parent is gone: "
        case NB_DETAIL_NOT_PROCFS: "this is no procfs: "
        case NB_DETAIL_NOT_A_TERMINAL: "this is no terminal of the container: "
        case NB_DETAIL_IN_PROC: "mounts inside /proc are not allowed: "
        default: ""
        }
    }

    private static func hint(detail: Int32, _ errno: Errno) -> String {
        if detail == Int32(bitPattern: NB_DETAIL_IN_PROC.rawValue) { return "; choose another target" }
        if errno == .invalidArgument, detail == Int32(bitPattern: NB_DETAIL_ATTACH.rawValue) {
            return "; is one of both a folder and the other a file?"
        }
        if errno == .noSuchFile, detail == Int32(bitPattern: NB_DETAIL_FILE_SYSTEM.rawValue) {
            return "; this kernel does not have it"
        }
        return ""
    }

    private static func cloneHint(_ result: Int) -> String? {
        switch Errno(Int32(-result)) {
        case .notPermitted: "run as root, with CAP_SYS_ADMIN"
        case Errno(ENOSPC): "raise the sysctls below user.max_*_namespaces"
        case Errno(EAGAIN): "the limit of processes (RLIMIT_NPROC or the cgroup's pids) is reached"
        case .invalidArgument: "this kernel lacks a namespace kind"
        case Errno(ENODEV): "the cgroup was removed meanwhile"
        default: nil
        }
    }
}
