import Glibc
import LinuxSystem
import Testing

/// A `dockerd` of one test's own: on the host that the test's engine runs on, with its own folders, and without bridge and
/// firewall.
final class TestDocker {
    /// Whether tests with it can run.
    static let isInstalled = ["/usr/sbin/dockerd", "/usr/bin/docker"].allSatisfy { (path: String) in
        access(path, X_OK) == 0
    }

    private let engine: TestEngine
    private let process: Command
    private let program: [String]

    /// - Parameter settings: the folder that it takes for `/etc/docker`.
    init(for engine: TestEngine, settings: String) throws {
        self.engine = engine
        let folder = "\(engine.folder)/dockerd"
        mkdir(folder, 0o700)
        let socket = "unix://\(folder)/socket"
        program = ["/usr/bin/docker", "--host", socket]
        process = try Command(
            TestEngine.showing(settings, as: "/etc/docker") + engine.host.entrance + [
                "sh", "-c", "exec dockerd \"$@\" >\(folder)/log 2>&1", "sh", "--data-root", "\(folder)/data",
                "--exec-root",
                "\(folder)/run", "--pidfile", "\(folder)/pid", "--host", socket, "--bridge", "none", "--iptables=false",
                "--ip6tables=false", "--storage-driver", "vfs",
            ])
        let isUp = try TestEngine.eventually { try Command.run(program + ["version"]).status == 0 }
        try #require(isUp, "\((try? TestEngine.read("\(folder)/log")) ?? "")")
    }

    /// Runs `docker`, with the test's own passwords.
    func run(_ arguments: String..., input: String? = nil) throws -> CommandResult {
        try Command.run(program + arguments, environment: engine.registryEnvironment(), input: input)
    }

    /// Runs `docker`, which has to succeed.
    @discardableResult
    func callAsFunction(
        _ arguments: String..., input: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> CommandResult {
        let result = try Command.run(program + arguments, environment: engine.registryEnvironment(), input: input)
        #expect(result.status == 0, "docker \(arguments): \(result)", sourceLocation: sourceLocation)
        return result
    }

    func stop() {
        process.signal(SIGTERM)
        _ = process.finish()
        try? FileTree.remove("\(engine.folder)/dockerd")
    }
}
