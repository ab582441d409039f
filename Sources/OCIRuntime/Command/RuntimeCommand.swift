internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// What `nestbox-runtime` is started as: in one of the engine's roles, or as an OCI runtime.
public enum RuntimeCommand {
    /// The version of this package.
    public static let version = "0.1.0"

    /// What `--version` prints: runc's lines, and in crun's way what is compiled in.
    static var versionText: String {
        let library = SeccompCompiler.libraryVersion
        return """
            nestbox-runtime version \(version)
            spec: \(RuntimeSpecification.version)
            libseccomp: \(library.major).\(library.minor).\(library.micro)
            -SYSTEMD -SELINUX +APPARMOR +CAP +SECCOMP +EBPF +CRIU

            """
    }

    /// Runs the role that `arguments` name.
    ///
    /// - Returns: the exit status of the process.
    public static func run(_ arguments: [String]) -> Int32 {
        // Swift's runtime answers a crash with a program that it looks for beside this one; started by its descriptor, this one
        // is nowhere, and it would be root's `./swift-backtrace` of whatever the working folder is.
        for number in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { _ = signal(number, SIG_DFL) }
        // Nobody but root reads this process's memory or reaches its program (threats.md, primitive 5).
        _ = nb_set_not_dumpable()
        // It is started by its descriptor, whose number would be its name.
        _ = nb_set_name("nestbox-runtime")
        switch arguments.dropFirst().first {
        case "supervise":
            var supervisor: Supervisor?
            let status = session(arguments) { request, client, report, file, kept in
                let restart = Restart(request: file, kept: kept, text: value(of: "--restart", in: arguments))
                let result = Supervisor.start(request, client: client, report: report, restart)
                supervisor = result.supervisor
                return result.status
            }
            supervisor?.run()
            return status
        case "health":
            return session(arguments) { (request: LaunchRequest, client, report, file, _) in
                close(file)
                _ = consume client
                _ = consume report
                guard let container = identity(arguments),
                    var monitor = HealthMonitor(
                        request, container: container, goesOn: arguments.contains("--go-on"))
                else { return 125 }
                return monitor.run()
            }
        case "exec" where arguments.dropFirst(2).first == "--request-fd":
            return session(arguments) { (request: ExecRequest, client, report, file, _) in
                close(file)
                return ExecSession(request).run(client: client, report: report)
            }
        case "namespaces":
            return session(arguments) { (request: NamespaceRequest, client, report, file, _) in
                close(file)
                _ = consume client
                return NamespaceSession.run(request, report: report)
            }
        default: return RuntimeCommandLine.run(arguments)
        }
    }

    private static func complain(_ text: String) {
        try? FileDescriptor(owning: dup(2)).writeAll(Array("nestbox-runtime: \(text)\n".utf8))
    }

    /// Reads the request and runs the session, from a program that cannot be written through.
    ///
    /// - Parameter run: gets the request, the client, the report, the request's descriptor, and the descriptors that the request
    ///   names by number.
    @inline(never)
    private static func session<Request: JSONCodable>(
        _ arguments: [String],
        _ run: (consuming Request, consuming FileDescriptor?, consuming FileDescriptor, Int32, [Int32]) -> Int32
    ) -> Int32 {
        guard var reportNumber = number(of: "--report-fd", in: arguments) else {
            complain("\(arguments[1]) needs --report-fd")
            return 125
        }
        var given = GivenDescriptors(
            request: number(of: "--request-fd", in: arguments), client: number(of: "--client-fd", in: arguments),
            kept: keptNumbers(arguments))
        let numbers = given.all + [reportNumber]
        if !SealedExecutable.isSealed() {
            complain("cannot run: \(sealAgain(arguments, keeping: numbers))")
            return 125
        }
        closeAll(but: numbers)
        for number in numbers { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        if given.request == nil {
            guard arguments[1] == "supervise", !arguments.contains("--request-fd") else {
                complain("\(arguments[1]) needs --request-fd")
                return 125
            }
            // Started ahead of its request, it neither stops with its caller's terminal nor keeps a folder of the caller's busy.
            RuntimeProcess.detach()
            let result = given.receive(over: &reportNumber)
            // Nobody may want it after all.
            guard result != 0 else { return 0 }
            guard result > 0 else {
                let error = SystemError("take over", "the engine's descriptors", Errno(-result))
                try? FileDescriptor(owning: reportNumber).writeAll(LaunchReport(LaunchError(error)).jsonBytes())
                return 125
            }
        }
        let client = given.client.map { FileDescriptor(owning: $0) }
        let report = FileDescriptor(owning: reportNumber)
        let requestNumber = given.request ?? -1
        do {
            lseek(requestNumber, 0, SEEK_SET)
            let bytes = try FileDescriptor(owning: dup(requestNumber)).readAll(limit: 16 << 20)
            return run(try Request(jsonBytes: bytes), client, report, requestNumber, given.kept)
        } catch {
            try? report.writeAll(LaunchReport(LaunchError("cannot read the request: \(error)")).jsonBytes())
            return 125
        }
    }

    /// What the request names by number.
    private static func keptNumbers(_ arguments: [String]) -> [Int32] {
        // A plain loop: the generic types of a chain of calls would stay in every supervisor's memory.
        var numbers: [Int32] = []
        var index = 1
        while index + 1 < arguments.count {
            if arguments[index] == "--keep-fd", let number = Int32(arguments[index + 1]), number > 2 {
                numbers.append(number)
            }
            index += 1
        }
        return numbers
    }

    /// The process that `--container PID:START` names.
    private static func identity(_ arguments: [String]) -> ProcessIdentity? {
        let parts = value(of: "--container", in: arguments)?.split(separator: ":") ?? []
        guard parts.count == 2, let pid = Int32(parts[0]), let time = UInt64(parts[1]) else { return nil }
        return ProcessIdentity(pid: pid, startTime: time)
    }

    private static func number(of option: String, in arguments: [String]) -> Int32? {
        guard let text = value(of: option, in: arguments), let number = Int32(text), number > 2 else { return nil }
        return number
    }

    private static func value(of option: String, in arguments: [String]) -> String? {
        guard let index = arguments.firstIndex(of: option), index + 1 < arguments.count else { return nil }
        return arguments[index + 1]
    }

    /// Closes what a careless caller has leaked, which would stay open as long as the container runs (CVE-2024-21626).
    private static func closeAll(but numbers: [Int32]) {
        var first = UInt32(3)
        for number in numbers.map(UInt32.init(bitPattern:)).sorted() {
            if number > first { _ = nb_close_range(first, number - 1) }
            first = number + 1
        }
        _ = nb_close_range(first, .max)
    }

    /// Executes this program again through a read-only overlay.
    ///
    /// Returns only when that failed, with the reason.
    static func sealAgain(_ arguments: [String], keeping numbers: [Int32]) -> String {
        do throws(SystemError) {
            var path = [CChar](repeating: 0, count: 4097)
            try retrying("read", "/proc/self/exe") { readlink("/proc/self/exe", &path, 4096) }
            let text = String(decoding: path.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let sealed = try SealedExecutable(text)
            for number in numbers { _ = fcntl(number, F_SETFD, 0) }
            var argv = arguments.map { strdup($0) } + [nil]
            let result = nb_execute_descriptor(sealed.program.rawValue, &argv, environ)
            return SystemError("execute", text, Errno(Int32(-result))).description
        } catch {
            return error.description
        }
    }
}
