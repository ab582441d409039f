internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// What a supervisor keeps to start its container again: by executing itself anew with the same request, so that the last
/// run leaves nothing behind in its memory.
///
/// The container's network stays as it is meanwhile, with its addresses and published ports: descriptors of its namespaces
/// are handed on.
struct Restart {
    /// How often the container's policy has started it again.
    private(set) var count: Int32 = 0
    /// Whether this run is not the first one.
    let isRestart: Bool
    /// How long the last pause was, in milliseconds.
    private var delay: Int32 = 0
    /// The namespaces that the container's network is in, and that own it; -1: it has none of its own.
    private(set) var networkNamespace: Int32 = -1
    private(set) var userNamespace: Int32 = -1
    let request: Int32
    private var kept: [Int32]

    /// The longest pause, and how long a container must have run for the pauses to begin anew (Docker's).
    private static let longestDelay: Int32 = 60_000
    private static let steadyRun: Int64 = 10

    /// - Parameters:
    ///   - request: the descriptor of the request.
    ///   - kept: the descriptors that the request names by number.
    ///   - text: what ``execute(_:)`` hands to the next run; nil: this is the first.
    init(request: Int32, kept: [Int32], text: String?) {
        self.request = request
        self.kept = kept
        isRestart = text != nil
        guard let text else { return }
        var numbers: [Int32] = []
        for part in text.utf8.split(separator: UInt8(ascii: ":")) { numbers.append(Int32(String(part) ?? "") ?? -1) }
        guard numbers.count == 4 else { return }
        (count, delay, networkNamespace, userNamespace) = (numbers[0], numbers[1], numbers[2], numbers[3])
    }

    /// Lets a restarted container have the namespaces of its first run, and the limits that it was given since.
    func apply(to request: inout LaunchRequest) {
        guard isRestart else { return }
        if let bytes = try? StoredFile.read(request.limitsPath),
            let limits = try? RuntimeSpecification.Linux.Resources(jsonBytes: bytes)
        {
            let devices = request.specification.linux?.resources?.devices ?? []
            request.specification.linux?.resources = limits
            request.specification.linux?.resources?.devices = devices
        }
        guard networkNamespace >= 0 else { return }
        request.waitsForNetwork = false
        request.specification.linux?.join(.network, "/proc/self/fd/\(networkNamespace)")
        if userNamespace >= 0 { request.specification.linux?.join(.user, "/proc/self/fd/\(userNamespace)") }
    }

    /// Does not hand on a descriptor that the request names, as it is closed.
    mutating func forget(_ descriptor: Int32) {
        kept.removeAll { $0 == descriptor }
    }

    /// Keeps the namespaces that a waiting process has.
    mutating func hold(_ namespaces: HeldNamespaces?) {
        guard let namespaces else { return }
        (networkNamespace, userNamespace) = (namespaces.network, namespaces.user)
    }

    /// Whether a container that has ended by itself is to be started again.
    mutating func isDue(_ files: RestartFiles, after code: Int32, ranFor seconds: Int64) -> Bool {
        if files.isAskedFor {
            unlink(files.demand)
            (count, delay) = (0, 0)
            return true
        }
        guard !files.isStopped, files.policy.restarts(after: code, restarts: count) else { return false }
        delay = seconds >= Self.steadyRun || delay == 0 ? 100 : min(delay * 2, Self.longestDelay)
        count += 1
        return true
    }

    /// Waits for the moment of the next start.
    ///
    /// - Returns: false when the container was stopped meanwhile.
    func pause(_ files: RestartFiles) -> Bool {
        guard delay > 0 else { return true }
        guard let signals = RuntimeProcess.signals() else { return false }
        var entry = pollfd(fd: signals.rawValue, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&entry, 1, delay)
            if count < 0, Errno.current == .interrupted { continue }
            // Whatever the signal is: it asks for the end.
            return count == 0 && !files.isStopped
        }
    }

    /// Executes this program anew for the next run.
    ///
    /// - Throws: `SystemError`; it returns only so.
    func execute() throws(SystemError) {
        let program = try SealedExecutable.running()
        let report = try FileDescriptor.open("/dev/null", O_WRONLY).release()
        var arguments = [
            "nestbox-runtime", "supervise", "--request-fd", "\(request)", "--report-fd", "\(report)", "--restart",
            "\(count):\(delay):\(networkNamespace):\(userNamespace)",
        ]
        for number in kept { arguments += ["--keep-fd", "\(number)"] }
        for number in [networkNamespace, userNamespace] where number >= 0 && !kept.contains(number) {
            arguments += ["--keep-fd", "\(number)"]
        }
        for number in kept + [request, report, networkNamespace, userNamespace] where number >= 0 {
            _ = fcntl(number, F_SETFD, 0)
        }
        var words = arguments.map { strdup($0) } + [nil]
        let result = nb_execute_descriptor(program.rawValue, &words, environ)
        throw SystemError("execute", "nestbox-runtime again", Errno(Int32(-result)))
    }
}

/// Descriptors of a container's own network namespace and of the user namespace that owns it (-1: the host's).
struct HeldNamespaces {
    let network: Int32
    let user: Int32

    /// Those of a process that waits to become the container's.
    init(of pid: Int32, hasHostUsers: Bool) throws(SystemError) {
        network = try FileDescriptor.open("/proc/\(pid)/ns/net").release()
        user = hasHostUsers ? -1 : try FileDescriptor.open("/proc/\(pid)/ns/user").release()
    }
}

/// Where a supervisor learns at its container's end what others want.
struct RestartFiles {
    private let policyPath: String
    private let stoppedPath: String?
    /// Is there when somebody has asked for one restart.
    let demand: String

    init(_ request: borrowing LaunchRequest) {
        policyPath = request.restartPolicyPath
        stoppedPath = request.stoppedPath
        demand = request.restartDemandPath
    }

    /// Somebody has stopped the container: it stays so.
    var isStopped: Bool { stoppedPath.map(StoredFile.exists) ?? false }

    /// Somebody waits for its restart.
    var isAskedFor: Bool { StoredFile.exists(demand) }

    /// The policy as it is now.
    var policy: RestartPolicy {
        guard let bytes = try? StoredFile.read(policyPath) else { return .no }
        return RestartPolicy(String(decoding: bytes, as: UTF8.self)) ?? .no
    }
}

extension RuntimeSpecification.Linux {
    /// Joins the namespace at `path` instead of making one.
    fileprivate mutating func join(_ kind: Namespace.Kind, _ path: String) {
        for index in namespaces.indices where namespaces[index].type == kind { namespaces[index].path = path }
    }
}
