internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The container's ends of its standard streams.
struct StandardDescriptors: ~Copyable {
    let input: FileDescriptor
    let output: FileDescriptor
    let error: FileDescriptor

    /// Copies of this process's own.
    ///
    /// - Throws: `LaunchError` when one of them is closed.
    static func inherited() throws(LaunchError) -> StandardDescriptors {
        do throws(SystemError) {
            return StandardDescriptors(input: try copy(0), output: try copy(1), error: try copy(2))
        } catch {
            throw LaunchError(error)
        }
    }

    /// What the streams of a process are, as the links in /proc say it.
    static func names(of process: String) -> [String] {
        (0...2).map { StoredFile.link("/proc/\(process)/fd/\(decimal: $0)") ?? "" }
    }

    private static func copy(_ number: Int32) throws(SystemError) -> FileDescriptor {
        FileDescriptor(
            owning: try retrying("duplicate", "descriptor \(number)") { fcntl(number, F_DUPFD_CLOEXEC, 3) })
    }

    /// Hands the three descriptors to a list of steps, which closes them.
    consuming func move(to list: inout StepList) -> [Int32] {
        [list.keep(input), list.keep(output), list.keep(error)]
    }
}

/// What a container's first process and an exec'd one have in common: who they run as, what they hold, what they execute.
struct ProcessSteps {
    var process: RuntimeSpecification.Process
    var user: ContainerUser
    var seccomp: SeccompFilter?
    /// Capabilities that this runtime itself does not have and so cannot give.
    var missingCapabilities: CapabilitySet = .none

    /// The PATH that programs are looked up in when the environment has none (Docker's default).
    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Adds everything from the session to the last capability.
    ///
    /// The working directory must be set before.
    ///
    /// - Parameters:
    ///   - creation: what OCI's `create` adds: the process waits for its start; nil: it does not.
    ///   - hooks: the container's.
    mutating func addIdentity(
        to list: inout StepList, _ creation: Creation? = nil, hooks: RuntimeSpecification.Hooks? = nil
    ) throws(LaunchError) {
        if creation?.hasOwnKeyring ?? true { list.add(NB_STEP_SESSION_KEYRING, "make a session keyring") }
        if let umask = process.user.umask { list.add(NB_STEP_UMASK, value: UInt64(umask), "set the umask") }
        if let priority = process.ioPriority { try add(priority, to: &list) }
        if process.noNewPrivileges { list.add(NB_STEP_NO_NEW_PRIVILEGES, "set no_new_privs") }
        let sets = try capabilitySets()
        list.add(NB_STEP_BOUNDING_SET, value: sets.bounding, "limit the capability bounding set")
        list.add(
            NB_STEP_USER, data: user.additionalGroups, mode: UInt32(user.additionalGroups.count),
            flags: UInt64(user.gid), value: UInt64(user.uid), "become user \(decimal: user.uid):\(decimal: user.gid)")
        list.add(NB_STEP_RAISE_CAPABILITIES, "raise the capabilities for the last steps")
        list.add(NB_STEP_PARENT_DEATH, "tie the process to its supervisor")
        list.add(NB_STEP_DEFAULT_SIGNALS, "reset the signals")
        list.add(NB_STEP_CLOSE_FROM, value: 3, "mark the descriptors close-on-exec")
        if let profile = process.apparmorProfile {
            list.add(
                NB_STEP_SECURITY_LABEL, source: "exec \(profile)", target: AppArmor.attribute,
                "set the AppArmor profile \(profile)")
        }
        // Whoever answers has to get the listener from this runtime, which is gone after the start.
        let isAnswered = seccomp?.needsListener ?? false
        if isAnswered { addFilter(to: &list) }
        if let creation { try creation.addStart(hooks, to: &list) }
        if !isAnswered { addFilter(to: &list) }
        list.add(NB_STEP_CAPABILITIES, data: [sets.capabilities], "set the capabilities")
    }

    private func addFilter(to list: inout StepList) {
        // Loading a filter needs CAP_SYS_ADMIN or no_new_privs; after it, only capset, prctl and execve are still called.
        guard let seccomp else { return }
        let flags = UInt64(seccomp.flags) | (seccomp.needsListener ? UInt64(Self.newListener) : 0)
        list.add(
            NB_STEP_SECCOMP, data: seccomp.program, flags: flags, value: UInt64(seccomp.instructionCount),
            "load the seccomp filter")
    }

    /// `SECCOMP_FILTER_FLAG_NEW_LISTENER`.
    private static let newListener: UInt32 = 1 << 3

    /// Adds the standard streams: a terminal of the container's own, or the given pipes.
    ///
    /// - Parameter owner: the host's id of the process's user.
    func addStreams(
        _ streams: consuming StandardDescriptors?, owner: UInt32, hasConsoleDevice: Bool, to list: inout StepList
    ) {
        guard let streams else {
            let size = process.consoleSize.map {
                [
                    winsize(
                        ws_row: UInt16(clamping: $0.height), ws_col: UInt16(clamping: $0.width), ws_xpixel: 0,
                        ws_ypixel: 0)
                ]
            }
            list.add(
                NB_STEP_TERMINAL, data: size ?? [], mode: hasConsoleDevice ? UInt32(NB_CONSOLE_DEVICE) : 0,
                value: UInt64(user.uid), "make the terminal")
            return
        }
        for (target, number) in streams.move(to: &list).enumerated() {
            // A pipe belongs to its maker; the container's user must be able to open /dev/stdout.
            var status = stat()
            let kind = fstat(number, &status) == 0 ? status.st_mode & S_IFMT : 0
            if kind == S_IFIFO { _ = fchown(number, owner, gid_t.max) }
            // An empty input.
            let isNull = kind == S_IFCHR && status.st_rdev == 0x103
            list.add(
                isNull ? NB_STEP_NULL_DEVICE : NB_STEP_DESCRIPTOR, fd: number, value: UInt64(target),
                "set up the standard streams")
        }
    }

    private mutating func capabilitySets() throws(LaunchError) -> (bounding: UInt64, capabilities: nb_capabilities) {
        let wanted = process.capabilities ?? RuntimeSpecification.Process.Capabilities()
        do throws(CapabilityError) {
            let available = CapabilitySet.bounding()
            let bounding = try CapabilitySet(names: wanted.bounding)
            // Most configurations name the same in every set, and libcap looks for each name in all that it has.
            func set(_ names: [String]) throws(CapabilityError) -> CapabilitySet {
                names == wanted.bounding ? bounding : try CapabilitySet(names: names)
            }
            var (permitted, inheritable) = (try set(wanted.permitted), try set(wanted.inheritable))
            var (effective, ambient) = (try set(wanted.effective), try set(wanted.ambient))
            missingCapabilities = bounding.union(permitted).union(inheritable).union(effective).union(ambient)
                .subtracting(available)
            permitted = permitted.intersection(available)
            inheritable = inheritable.intersection(available)
            effective = effective.intersection(permitted)
            // An ambient capability must be permitted and inheritable (capabilities(7)).
            ambient = ambient.intersection(permitted.intersection(inheritable))
            return (
                bounding.intersection(available).mask,
                nb_capabilities(
                    effective: effective.mask, permitted: permitted.mask, inheritable: inheritable.mask,
                    ambient: ambient.mask)
            )
        } catch {
            throw LaunchError("cannot set the capabilities: \(error)")
        }
    }

    private func add(
        _ priority: RuntimeSpecification.Process.IOPriority, to list: inout StepList
    ) throws(LaunchError) {
        guard 0...7 ~= priority.priority else {
            throw LaunchError("cannot set I/O priority \(priority.priority): it must be from 0 to 7")
        }
        let level: UInt64 =
            switch priority.class {
            case .realTime: 1
            case .bestEffort: 2
            case .idle: 3
            }
        // ioprio_set(2): the class stands above bit 13.
        list.add(NB_STEP_IO_PRIORITY, value: level << 13 | UInt64(priority.priority), "set the I/O priority")
    }

    /// The environment, with HOME from the passwd entry when it has none.
    var environment: [String] {
        guard !process.env.contains(where: { $0.begins(with: "HOME=") }) else { return process.env }
        return process.env + ["HOME=\(user.home ?? "/")"]
    }

    /// What to execute: the first argument, looked up in the environment's PATH when it has no slash.
    func program() throws(LaunchError) -> Launch.Program {
        guard let name = process.args.first, !name.isEmpty else {
            throw LaunchError(
                "cannot start the container: no command was given and the image has none; name one", exitCode: 125)
        }
        let candidates: [String]
        if name.hasSlash {
            candidates = [name]
        } else {
            let path = process.env.lazy.compactMap { $0.dropping(prefix: "PATH=") }.last ?? Self.defaultPath
            candidates = path.parts(UInt8(ascii: ":")).map {
                $0.isEmpty ? "./\(name)" : "\($0)/\(name)"
            }
        }
        return Launch.Program(candidates: candidates, arguments: process.args, environment: environment)
    }

    // MARK: - Set by the parent

    private static func resource(_ name: String) -> Int32? {
        switch name {
        case "RLIMIT_CPU": 0
        case "RLIMIT_FSIZE": 1
        case "RLIMIT_DATA": 2
        case "RLIMIT_STACK": 3
        case "RLIMIT_CORE": 4
        case "RLIMIT_RSS": 5
        case "RLIMIT_NPROC": 6
        case "RLIMIT_NOFILE": 7
        case "RLIMIT_MEMLOCK": 8
        case "RLIMIT_AS": 9
        case "RLIMIT_LOCKS": 10
        case "RLIMIT_SIGPENDING": 11
        case "RLIMIT_MSGQUEUE": 12
        case "RLIMIT_NICE": 13
        case "RLIMIT_RTPRIO": 14
        case "RLIMIT_RTTIME": 15
        default: nil
        }
    }

    /// Sets resource limits and the OOM preference of the child, with the host root's privileges: from inside a user
    /// namespace a hard limit could not be raised.
    func applyLimits(to pid: Int32) throws(LaunchError) {
        for limit in process.rlimits {
            guard let resource = Self.resource(limit.type) else {
                throw LaunchError("cannot set limit \(limit.type): there is no such limit; see setrlimit(2)")
            }
            guard limit.soft <= limit.hard else {
                throw LaunchError(
                    "cannot set limit \(limit.type): the soft limit \(limit.soft) is above the hard limit \(limit.hard)"
                )
            }
            let result = nb_set_limit(pid, resource, limit.soft, limit.hard)
            guard result < 0 else { continue }
            let errno = Errno(-result)
            let hint =
                errno == .notPermitted
                ? "; raising a hard limit needs CAP_SYS_RESOURCE, which this runtime does not have: ask for less" : ""
            throw LaunchError(
                "cannot set limit \(limit.type) to \(limit.soft):\(limit.hard): \(errno.meaning) (\(errno.symbol))\(hint)"
            )
        }
        guard let score = process.oomScoreAdj else { return }
        do throws(SystemError) {
            let file = try FileDescriptor.open("/proc/\(pid)/oom_score_adj", O_WRONLY)
            try file.writeAll(Array(String(score).utf8))
        } catch {
            let hint =
                error.errno == .accessDenied || error.errno == .notPermitted
                ? "; lowering it needs CAP_SYS_RESOURCE, which this runtime does not have" : ""
            throw LaunchError(
                "cannot set oom_score_adj to \(score): \(error.errno.meaning) (\(error.errno.symbol))\(hint)")
        }
    }
}
