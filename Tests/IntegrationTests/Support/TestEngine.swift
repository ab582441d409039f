import Glibc
import LinuxSystem
import Synchronization
import Testing

/// A Nestbox of its own for one test: roots below /var/tmp, the executables that `make build` made, and at the end a
/// check that nothing is left.
final class TestEngine {
    /// The test's own folder.
    let folder: String
    let root: String
    /// Short, for the sockets in it: their paths have at most 107 bytes (unix(7)).
    let runRoot: String
    private let program: String
    private let isShared: Bool
    /// The network of a test that has one of its own.
    let network: TestNetwork?
    /// Where `nestbox` runs: never in the machine's own network namespace.
    let host: TestNamespace

    /// - Parameter store: the root of an engine that is there already.
    private init(store: String? = nil, network: TestNetwork? = nil) throws {
        program = "\(try Self.variable("NESTBOX_BIN"))/nestbox"
        folder = try Self.makeFolder()
        isShared = store != nil
        root = store ?? "\(folder)/root"
        runRoot = "/run/nb.\(folder.suffix(6))"
        self.network = network
        host = try network?.host ?? TestNetwork.alone.get()
    }

    private static func makeFolder() throws -> String {
        var template = Array("/var/tmp/nestbox-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("make", "a folder", .current) }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func variable(_ name: String) throws -> String {
        guard let value = getenv(name) else {
            throw SystemError("find", "$\(name)", .noSuchFile, hint: "run the tests through make")
        }
        return String(cString: value)
    }

    /// A file that `rootfs-fixtures/all.sh` made.
    static func fixture(_ name: String) throws -> String { "\(try variable("NESTBOX_FIXTURES"))/\(name)" }

    /// Gives `body` an engine that has the busybox image, and checks afterwards that it cleans up.
    static func with(
        image: String? = "busybox-docker.tar", network: TestNetwork? = nil,
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (TestEngine) throws -> Void
    ) throws {
        let engine = try TestEngine(network: network)
        defer { engine.close(sourceLocation) }
        if let image {
            let loaded = try engine("load", "-q", "-i", fixture(image))
            #expect(loaded.status == 0, "\(loaded)", sourceLocation: sourceLocation)
        }
        try body(engine)
    }

    /// Gives `body` an engine with the busybox image in a store that such tests use one after the other: loading an image
    /// takes seconds in the test VM.
    ///
    /// For tests that leave images and the store's own files alone.
    static func withBusybox(
        network: TestNetwork? = nil, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (TestEngine) throws -> Void
    ) throws {
        let engine = try TestEngine(sharing: network, sourceLocation)
        defer { engine.close(sourceLocation) }
        try body(engine)
    }

    /// The same for tests that wait as tasks do.
    static func withBusybox(
        sourceLocation: SourceLocation = #_sourceLocation, isolation: isolated (any Actor)? = #isolation,
        _ body: (TestEngine) async throws -> Void
    ) async throws {
        let engine = try TestEngine(sharing: nil, sourceLocation)
        defer { engine.close(sourceLocation) }
        try await body(engine)
    }

    private convenience init(sharing network: TestNetwork?, _ sourceLocation: SourceLocation) throws {
        let hasNetwork = network != nil
        let path = try Self.stores.withLock { stores in
            if let path = stores[hasNetwork] { return path }
            let path = try Self.makeFolder()
            let loaded = try TestEngine(store: path, network: network).loadingStore()
            #expect(loaded.status == 0, "\(loaded)", sourceLocation: sourceLocation)
            if stores.isEmpty { atexit { TestEngine.removeStores() } }
            stores[hasNetwork] = path
            return path
        }
        try self.init(store: path, network: network)
    }

    /// The roots of the shared stores, once a test has made them: tests with a network of their own have another one
    /// (`true`), since a store knows which networks its machine has.
    private static let stores = Mutex<[Bool: String]>([:])

    private static func removeStores() {
        stores.withLock { stores in
            for path in stores.values { try? FileTree.remove(path) }
            stores = [:]
        }
    }

    private func loadingStore() throws -> CommandResult {
        defer {
            try? FileTree.remove(folder)
            try? FileTree.remove(runRoot)
        }
        return try self("load", "-q", "-i", Self.fixture("busybox-docker.tar"))
    }

    /// Runs `nestbox` with this engine's roots to its end.
    @discardableResult
    func callAsFunction(
        _ arguments: String..., input: String? = nil, environment: [String: String] = [:], seconds: Int = 60,
        leaking descriptors: [Int32] = []
    ) throws -> CommandResult {
        try run(
            arguments, input: input, environment: environment, seconds: seconds, leaking: descriptors)
    }

    /// Runs `nestbox` with this engine's roots to its end.
    @discardableResult
    func run(
        _ arguments: [String], input: String? = nil, environment: [String: String] = [:], seconds: Int = 60,
        leaking descriptors: [Int32] = []
    ) throws -> CommandResult {
        try Command.run(
            command(arguments), environment: environment, input: input, seconds: seconds * Self.patience,
            leaking: descriptors)
    }

    /// Starts `nestbox` with this engine's roots.
    func start(_ arguments: String..., environment: [String: String] = [:]) throws -> Command {
        try Command(command(arguments), environment: environment)
    }

    /// The command line of a `nestbox` call with this engine's roots.
    func command(_ arguments: [String]) -> [String] {
        host.entrance + [program, "--root", root, "--run-root", runRoot] + arguments
    }

    /// Bounds are ten times as long where everything is emulated (the test VM sets it).
    static var patience: Int { getenv("NESTBOX_TEST_PATIENCE").flatMap { Int(String(cString: $0)) } ?? 1 }

    /// What `inspect --format` prints for a container.
    func inspect(_ container: String, _ format: String) throws -> String {
        try self("inspect", "--format", format, container).line
    }

    /// Waits, within a bound, until `condition` holds.
    static func eventually(seconds: Int = 20, _ condition: () throws -> Bool) rethrows -> Bool {
        let deadline = time(nil) + seconds * patience
        while time(nil) < deadline {
            if try condition() { return true }
            usleep(20_000)
        }
        return try condition()
    }

    // MARK: - Nothing is left

    private func close(_ sourceLocation: SourceLocation) {
        if let names = try? self("ps", "-aq") {
            for id in names.lines { _ = try? self("rm", "-f", "-v", String(id)) }
        }
        _ = try? self("network", "prune", "-f")
        _ = try? self("network", "rm", "bridge")
        let isQuiet = Self.eventually(seconds: 10) { leftovers().isEmpty }
        #expect(isQuiet, "left behind: \(leftovers())", sourceLocation: sourceLocation)
        // The next test must not suffer from what this one left.
        if isShared, !isQuiet { Self.removeStores() }
        #expect(throws: Never.self, sourceLocation: sourceLocation) {
            if isShared { try FileTree.remove("\(root)/volumes") }
            // A layer that is an image stays mounted for as long as the store has it.
            for mount in layerMounts { umount2(mount, Int32(MNT_DETACH)) }
            try FileTree.remove(folder)
            try FileTree.remove(runRoot)
        }
    }

    /// Mounts, cgroups, processes, leases and files that containers of this engine have left.
    private func leftovers() -> [String] {
        var found: [String] = []
        let mounts = (try? Self.read("/proc/self/mountinfo")) ?? ""
        found += mounts.split(separator: "\n").filter { $0.contains(root) || $0.contains(folder) }
            .map(String.init)
        for process in Self.names(in: "/proc") where process.allSatisfy(\.isNumber) {
            let command = (try? Self.read("/proc/\(process)/cmdline")) ?? ""
            let groups = (try? Self.read("/proc/\(process)/cgroup")) ?? ""
            if command.contains(root) || command.contains(folder) || (cgroupName.map { groups.contains($0) } ?? false) {
                found.append("process \(process) \(command)")
            }
        }
        if let cgroupName {
            let unified = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0
            let trees = unified ? [""] : Self.names(in: "/sys/fs/cgroup").map { "/\($0)" }
            for tree in trees {
                let path = "/sys/fs/cgroup\(tree)/\(cgroupName)"
                if access(path, F_OK) == 0 { found.append(path) }
            }
        }
        for name in ["containers", "removed", "names", "ids", "projects"] {
            found += Self.names(in: "\(root)/\(name)").map { "\(root)/\(name)/\($0)" }
        }
        found += Self.names(in: "\(runRoot)/containers").map { "\(runRoot)/containers/\($0)" }
        found += leases.map { "lease \($0)" } + (network?.leftovers() ?? TestNetwork.leftoversAlone())
        return found
    }

    /// Where layers that are images are mounted.
    var layerMounts: [String] {
        let mounts = (try? Self.read("/proc/self/mountinfo")) ?? ""
        return mounts.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            return fields.count > 4 && fields[4].hasPrefix("\(runRoot)/layers/") ? String(fields[4]) : nil
        }
    }

    /// The folder of this engine's cgroups, once the engine says what it is.
    private lazy var cgroupName: String? = {
        guard let line = try? self("info", "--format", "{{.CgroupParent}}"), line.status == 0, !line.line.isEmpty else {
            return nil
        }
        return line.line
    }()

    static func read(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

    static func bytes(_ path: String) throws -> [UInt8] { try FileDescriptor.open(path).readAll() }

    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// Real containers need root and the executables.
let isReadyForContainers = geteuid() == 0 && getenv("NESTBOX_BIN") != nil && getenv("NESTBOX_FIXTURES") != nil

/// Every integration test is in this suite, so that they run one after the other.
@Suite(.serialized, .enabled(if: isReadyForContainers, "needs root and make's NESTBOX_BIN and NESTBOX_FIXTURES"))
enum IntegrationTests {}
