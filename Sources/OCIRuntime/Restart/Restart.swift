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
    /// The exit code of the run before.
    private(set) var lastCode: Int32?
    /// The namespaces that the next run joins: those of the container's network, or all that it has of another container.
    private var namespaces: [HeldNamespace] = []
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
        var index = 0
        for part in text.utf8.split(separator: UInt8(ascii: ":")) {
            let word = String(part) ?? ""
            switch index {
            case 0: count = Int32(word) ?? 0
            case 1: delay = Int32(word) ?? 0
            case 2: lastCode = Int32(word)
            default: if let held = HeldNamespace(word) { namespaces.append(held) }
            }
            index += 1
        }
    }

    /// Lets a restarted container have the namespaces of its first run, and the limits that it was given since.
    func apply(to request: inout LaunchRequest) {
        guard isRestart else { return }
        request.waitsForFiles = false
        if let bytes = try? StoredFile.read(request.limitsPath),
            let limits = try? RuntimeSpecification.Linux.Resources(jsonBytes: bytes)
        {
            let devices = request.specification.linux?.resources?.devices ?? []
            request.specification.linux?.resources = limits
            request.specification.linux?.resources?.devices = devices
        }
        guard !namespaces.isEmpty else { return }
        request.waitsForNetwork = false
        // They are held: whether their first process still runs does not matter.
        request.joinedProcess = nil
        for held in namespaces {
            request.specification.linux?.join(held.kind, "/proc/self/fd/\(held.descriptor)")
        }
    }

    /// Gives a container that was started again the limits that somebody has written down since ``apply(to:)`` looked.
    ///
    /// Whoever changes them writes first and looks afterwards what runs; this process has said what runs, and looks afterwards. So
    /// one of the two finds the other.
    func applyLateLimits(from path: String, to cgroup: Cgroup, unless known: FileVersion?) {
        guard isRestart, FileVersion(path) != known, let bytes = try? StoredFile.read(path),
            let limits = try? RuntimeSpecification.Linux.Resources(jsonBytes: bytes)
        else { return }
        try? cgroup.apply(limits)
    }

    /// Does not hand on a descriptor that the request names, as it is closed.
    mutating func forget(_ descriptor: Int32) {
        kept.removeAll { $0 == descriptor }
    }

    /// Keeps namespaces for the next runs, unless the first run has done so.
    mutating func hold(_ held: [HeldNamespace]) {
        if namespaces.isEmpty { namespaces = held }
    }

    /// Whether a container that has ended by itself is to be started again.
    mutating func isDue(_ files: RestartFiles, after code: Int32, ranFor seconds: Int64) -> Bool {
        lastCode = code
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
            "\(count):\(delay):\(lastCode ?? 0)" + namespaces.map { ":\($0.text)" }.joined(),
        ]
        var numbers = kept
        for held in namespaces where !numbers.contains(held.descriptor) { numbers.append(held.descriptor) }
        for number in numbers { arguments += ["--keep-fd", "\(number)"] }
        for number in numbers + [request, report] { _ = fcntl(number, F_SETFD, 0) }
        var words = arguments.map { strdup($0) } + [nil]
        let result = nb_execute_descriptor(program.rawValue, &words, environ)
        throw SystemError("execute", "nestbox-runtime again", Errno(Int32(-result)))
    }
}

/// A namespace that a descriptor keeps alive.
struct HeldNamespace {
    typealias Kind = RuntimeSpecification.Linux.Namespace.Kind

    let kind: Kind
    let descriptor: Int32

    init(kind: Kind, descriptor: Int32) {
        self.kind = kind
        self.descriptor = descriptor
    }

    /// Reads what ``text`` writes.
    init?(_ text: String) {
        let parts = text.split(separator: "=")
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])), let number = Int32(parts[1]), number > 2
        else { return nil }
        self.init(kind: kind, descriptor: number)
    }

    /// `network=7`.
    var text: String { "\(kind.rawValue)=\(descriptor)" }

    /// The network namespace of a process that waits to become the container's, and the user namespace that owns it.
    static func ofNetwork(_ pid: Int32, hasHostUsers: Bool) throws(SystemError) -> [HeldNamespace] {
        let network = HeldNamespace(
            kind: .network, descriptor: try FileDescriptor.open("/proc/\(pid)/ns/net").release())
        guard !hasHostUsers else { return [network] }
        return [
            network,
            HeldNamespace(kind: .user, descriptor: try FileDescriptor.open("/proc/\(pid)/ns/user").release()),
        ]
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
