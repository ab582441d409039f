import Glibc
import LinuxSystem
import Testing

/// Debian's docker-registry for one test, on the host that its engine runs on.
final class TestRegistry {
    /// Whether tests with it can run.
    static let isInstalled = ["docker-registry", "skopeo", "openssl"].allSatisfy { (name: String) in
        access("/usr/bin/\(name)", X_OK) == 0
    }

    /// The user `user` with the password `secret`.
    static let passwords = "user:$2y$05$G117J/JNLnhhE3keFzzNfuBPFsgRf6E2aoYUT72E7FhC9e8tSqiCm\n"

    /// Host and port.
    let name: String
    private let process: Command
    private let engine: TestEngine

    /// - Parameters:
    ///   - settings: further lines of its `http` section.
    ///   - hasUsers: whether it wants a name and a password.
    init(
        for engine: TestEngine, address: String = "127.0.0.1", settings: String = "", hasUsers: Bool = false
    ) throws {
        self.engine = engine
        let folder = "\(engine.folder)/registry\(TestEngine.names(in: engine.folder).count)"
        mkdir(folder, 0o700)
        var text = """
            version: 0.1
            storage:
              filesystem:
                rootdirectory: \(folder)/data
            http:
              addr: \(address):0
            \(settings)

            """
        if hasUsers {
            try Self.write(Self.passwords, to: "\(folder)/passwords")
            text += "auth:\n  htpasswd:\n    realm: test\n    path: \(folder)/passwords\n"
        }
        try Self.write(text, to: "\(folder)/config.yml")
        // Into a file: in a pipe that nobody reads it would wait for ever after some hundred requests.
        let log = "\(folder)/log"
        process = try Command(
            engine.host.entrance + ["sh", "-c", "exec docker-registry serve \(folder)/config.yml >\(log) 2>&1"])
        let mark = "listening on \(address):"
        var printed = ""
        _ = TestEngine.eventually {
            printed = (try? TestEngine.read(log)) ?? ""
            return printed.ranges(of: mark).last.map { printed[$0.upperBound...].contains { !$0.isNumber } } ?? false
        }
        let start = try #require(printed.ranges(of: mark).last, "\(printed)").upperBound
        name = "\(address):\(printed[start...].prefix { $0.isNumber })"
    }

    static func write(_ text: String, to path: String) throws {
        try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600).writeAll(Array(text.utf8))
    }

    func stop() {
        process.signal(SIGKILL)
        _ = process.finish()
    }

    /// Runs skopeo, which has to succeed.
    @discardableResult
    func skopeo(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> CommandResult {
        let result = try engine.host.run(["skopeo"] + arguments)
        #expect(result.status == 0, "skopeo \(arguments): \(result)", sourceLocation: sourceLocation)
        return result
    }

    /// Puts an archive of the fixtures there.
    func put(_ fixture: String, as image: String, _ options: String...) throws {
        let copy = ["skopeo", "copy", "-q", "--dest-tls-verify=false"] + options
        let result = try engine.host.run(
            copy + ["docker-archive:\(TestEngine.fixture(fixture))", "docker://\(name)/\(image)"])
        try #require(result.status == 0, "\(result)")
    }

    /// The digest of an image there, as skopeo sees it.
    func digest(of image: String) throws -> String {
        try skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://\(name)/\(image)").line
    }
}

/// The registry of `Tests/Support/registry/hostile.py`, or of another program there, which misbehaves in one way.
final class HostileRegistry {
    /// Whether tests with it can run.
    static let isInstalled = access("/usr/bin/python3", X_OK) == 0

    /// Host and port.
    let name: String
    let folder: String
    private let process: Command

    init(_ mode: String, for engine: TestEngine, program: String = "hostile.py") throws {
        folder = "\(engine.folder)/hostile-\(mode)"
        mkdir(folder, 0o700)
        let script = #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Support/registry/\(program)"
        process = try Command(engine.host.entrance + ["/usr/bin/python3", "/\(script)", mode, folder])
        let printed = process.read { $0.hasSuffix("\n") }
        try #require(printed.hasSuffix("\n"), "no registry")
        name = "127.0.0.1:\(printed.dropLast())"
    }

    /// What it was asked, a line for each request.
    var log: [Substring] { ((try? TestEngine.read("\(folder)/log")) ?? "").split(separator: "\n") }

    func stop() {
        process.signal(SIGKILL)
        _ = process.finish()
    }
}

extension TestEngine {
    /// Runs `nestbox` with settings of registries and passwords of the test's own.
    @discardableResult
    func asking(
        _ arguments: String..., settings: String = "{}", input: String? = nil, environment: [String: String] = [:]
    ) throws -> CommandResult {
        try run(arguments, input: input, environment: registryEnvironment(settings).merging(environment) { $1 })
    }

    /// The variables that keep a test away from the machine's own settings.
    func registryEnvironment(_ settings: String = "{}") throws -> [String: String] {
        try TestRegistry.write(settings, to: "\(folder)/registries.json")
        return ["NESTBOX_REGISTRIES": "\(folder)/registries.json", "DOCKER_CONFIG": "\(folder)/docker"]
    }
}
