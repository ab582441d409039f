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
/// It first carries out the list that it was born with (joining and making namespaces), while this process goes on, then waits;
/// ``proceed(_:)`` gives it the list that makes the container, which can be written only now: it holds descriptors that need
/// the child's user namespace.
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
    private var isReady = false
    /// The most that one answer of the child may take, in milliseconds; -1: no bound.
    private let bound: Int32
    private var hasTimedOut = false

    /// Starts a child that carries out `steps`, which end with `NB_STEP_NEXT_LIST`.
    ///
    /// - Parameters:
    ///   - cgroup: the unified cgroup to be born in, or -1.
    ///   - separatesMemory: the fork is one with `NB_OWN_MEMORY`.
    ///   - bound: the most that one answer of the child may take, in milliseconds; -1: no bound.
    /// - Throws: `LaunchError`.
    init(
        _ steps: consuming StepList, namespaces: UInt64, cgroup: Int32, forks: Bool, separatesMemory: Bool = false,
        bound: Int32 = -1
    ) throws(LaunchError) {
        var steps = steps
        self.bound = bound
        let ends: (first: Int32, second: Int32)
        do throws(SystemError) {
            ends = try DescriptorPair.packetSockets().release()
        } catch {
            throw LaunchError(error)
        }
        guard let memory = nb_launch_allocate(separatesMemory ? 1 : 0) else {
            throw LaunchError(SystemError("prepare", "the container's first process", Errno(ENOMEM)))
        }
        launch = memory
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
            let errno = Errno(Int32(-result))
            throw LaunchError(
                SystemError(
                    "create the namespaces of", "the container", errno, hint: StepFailure.namespaceHint(errno)))
        }
    }

    /// Waits until the child has carried out its first list.
    ///
    /// - Throws: `LaunchError`; the child has ended then.
    func awaitFirstSteps() throws(LaunchError) {
        guard !isReady else { return }
        guard receive().message == UInt8(ascii: "R") else { throw failure() }
        isReady = true
    }

    /// Does what needs the child while that carries out its first list.
    ///
    /// - Throws: what `body` throws, or the child's own failure: with the child gone, that is the reason.
    func besidesFirstSteps<Value: ~Copyable>(_ body: () throws(LaunchError) -> Value) throws(LaunchError) -> Value {
        do throws(LaunchError) {
            return try body()
        } catch {
            try awaitFirstSteps()
            throw error
        }
    }

    deinit {
        abandon()
        nb_launch_free(launch)
        nb_launch_deallocate(launch)
    }

    /// Ends a child that has not executed its program.
    private func abandon() {
        if !isDone {
            _ = nb_pidfd_send_signal(pidfd.rawValue, SIGKILL)
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && Errno.current == .interrupted {}
            let forked = launch.pointee.outcome.pid
            if forked > 0 {
                _ = kill(forked, SIGKILL)
                while waitpid(forked, &status, 0) < 0 && Errno.current == .interrupted {}
            }
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
    /// With `NB_STEP_AWAIT_START` among the steps it returns as soon as the child waits there.
    /// - Parameters:
    ///   - failure: where the child writes why it failed once nobody listens any more, or -1.
    ///   - meanwhile: called while the child is at work; it waits at `NB_STEP_BARRIER` for the end of that.
    ///   - atBarrier: called while it waits there.
    ///   - lettingGo: called while it waits at `NB_STEP_LET_GO`.
    /// - Throws: `LaunchError`; the child has ended then.
    func proceed(
        _ steps: consuming StepList, _ program: Program, failure: Int32 = -1,
        meanwhile: () throws(LaunchError) -> Void = {},
        atBarrier: (Launch) throws(LaunchError) -> Void = { _ in },
        lettingGo: (Launch) throws(LaunchError) -> Void = { _ in }
    ) throws(LaunchError) -> LaunchedProcess {
        var steps = steps
        // Until then it reads what is about to be replaced.
        try awaitFirstSteps()
        launch.pointee.candidates = UnsafePointer(steps.strings(program.candidates))
        launch.pointee.arguments = UnsafePointer(steps.strings(program.arguments))
        launch.pointee.environment = UnsafePointer(steps.strings(program.environment))
        launch.pointee.executable = program.executable
        launch.pointee.steps = UnsafePointer(steps.frozen())
        launch.pointee.step_count = steps.steps.count
        launch.pointee.failure = failure
        if steps.contains(NB_STEP_HOOK) {
            let result = nb_launch_prepare_hooks(launch)
            guard result >= 0 else { throw LaunchError(SystemError("prepare", "hooks", Errno(Int32(-result)))) }
        }
        let awaitsStart = steps.contains(NB_STEP_AWAIT_START)
        second = consume steps
        guard answer() else { throw self.failure() }
        do throws(LaunchError) {
            try meanwhile()
        } catch {
            throw reason(for: error, program)
        }
        var terminal: Int32 = -1
        var isLetGo = false
        loop: while !(isLetGo && awaitsStart) {
            let (message, descriptor) = receive()
            switch message {
            case UInt8(ascii: "F"):
                // The child has its own descriptors now: from here on its end closes when it executes or ends.
                closeChildSocket()
            case UInt8(ascii: "T"): terminal = descriptor
            case UInt8(ascii: "B"):
                do throws(LaunchError) { try atBarrier(self) } catch { throw reason(for: error, program) }
                guard answer() else { break loop }
            case UInt8(ascii: "C"):
                do throws(LaunchError) { try lettingGo(self) } catch { throw reason(for: error, program) }
                guard answer() else { break loop }
            case UInt8(ascii: "D"): isLetGo = true
            default: break loop
            }
        }
        let master = terminal < 0 ? nil : FileDescriptor(owning: terminal)
        guard launch.pointee.outcome.error == 0, childSocket < 0, isLetGo || !awaitsStart else {
            throw self.failure(of: program)
        }
        // What the child goes on reading is given back with this process.
        if awaitsStart { _ = Unmanaged.passRetained(self) }
        return try launched(terminal: master)
    }

    /// Lets the child go on that waits for an answer.
    private func answer() -> Bool { send(socket.rawValue, [UInt8(0)], 1, Int32(MSG_NOSIGNAL)) == 1 }

    /// The child's own failure is the reason for what others could not do with it any more.
    private func reason(for error: LaunchError, _ program: Program) -> LaunchError {
        launch.pointee.outcome.error == 0 ? error : failure(of: program)
    }

    /// The pid of the container's process to be.
    var containerPID: Int32 {
        let forked = launch.pointee.outcome.pid
        return forked > 0 ? forked : pid
    }

    /// Whether that is known only once the child has forked.
    var forks: Bool { launch.pointee.forks != 0 }

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
        // The second child of a fork is reaped there as well: it shares this parent.
        abandon()
        guard outcome.error != 0 else {
            return LaunchError(
                "cannot start the container: its first process was killed before it could execute; "
                    + "is the memory limit too small for the program?", exitCode: 137)
        }
        let index = Int(outcome.failed_step)
        let isSearch = isStep(index, NB_STEP_FIND_PROGRAM)
        guard index >= 0, !isSearch else {
            return StepFailure.execution(of: program?.arguments.first ?? "", Errno(outcome.error))
        }
        let list = descriptions
        let message = withUnsafeBytes(of: &launch.pointee.message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
        }
        return StepFailure.step(
            list.indices.contains(index) ? list[index] : "carry out step \(index)", outcome, message: message,
            isFiltered: isFiltered(index), makesNamespaces: isStep(index, NB_STEP_UNSHARE))
    }

    private func isStep(_ index: Int, _ kind: nb_step_kind) -> Bool {
        func isKind(_ list: borrowing StepList) -> Bool {
            list.steps.indices.contains(index) && list.steps[index].kind == Int32(kind.rawValue)
        }
        return switch second {
        case .some(let list): isKind(list)
        case .none: isKind(first)
        }
    }

    /// Whether the step came after the one that loads the seccomp filter.
    private func isFiltered(_ index: Int) -> Bool {
        switch second {
        case .some(let list): list.steps.prefix(index).contains { $0.kind == Int32(NB_STEP_SECCOMP.rawValue) }
        case .none: false
        }
    }

    /// The child's descriptor over which the kernel asks about system calls; nil: its filter asks about none.
    var listener: Int32? { launch.pointee.listener >= 0 ? launch.pointee.listener : nil }

    /// The place of the first step of a kind in that list.
    func firstStep(_ kind: nb_step_kind) -> Int? {
        switch second {
        case .some(let list): list.steps.firstIndex { $0.kind == Int32(bitPattern: kind.rawValue) }
        case .none: nil
        }
    }

    /// What the steps of the list do that the child is carrying out.
    var descriptions: [String] {
        switch second {
        case .some(let list): list.descriptions
        case .none: first.descriptions
        }
    }
}
