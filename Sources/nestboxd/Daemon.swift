internal import ArgumentParser
internal import Glibc
internal import ImageStore
internal import LinuxSystem
internal import Nestbox
internal import OCISpec
internal import RegistryServer

/// `nestboxd`.
@main
struct Daemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nestboxd", abstract: "Serve the images' store as a registry.",
        discussion: """
            Pushing to it stores content once, beside that of the images. Without --config it serves the loopback only, and \
            everybody there may pull and push; a repository is made by its first push.
            """, version: "nestboxd version \(Engine.version)")

    @Option(help: .init("Where images are kept (default: $NESTBOX_ROOT or /var/lib/nestbox).", valueName: "folder"))
    var root: String?

    @Option(
        name: .customLong("run-root"),
        help: .init("Where sockets are kept (default: $NESTBOX_RUN_ROOT or /run/nestbox).", valueName: "folder"))
    var runRoot: String?

    @Option(help: .init("Address and port to serve at; port 0: any that is free.", valueName: "host:port"))
    var listen = "127.0.0.1:5000"

    @Option(help: .init("The file that says who may do what.", valueName: "file"), completion: .file())
    var config: String?

    func run() async throws {
        // Each write says itself when nobody reads any more.
        signal(SIGPIPE, SIG_IGN)
        do {
            try await serve()
        } catch {
            Self.notice("\(error)")
            throw ExitCode(1)
        }
    }

    private func serve() async throws {
        let (host, port) = try address()
        var places = EngineConfiguration.fromEnvironment
        if let root { places.root = root }
        if let runRoot { places.runRoot = runRoot }
        let engine = try Engine(configuration: places)
        let store = RepositoryStore(engine.images) { try engine.digestsInUse() }
        let server = try RegistryServer(store: store, configuration: try settings())
        try await server.run(host: host, port: port, notice: Self.notice) { port in
            Self.line("listening on \(host.contains(":") ? "[\(host)]" : host):\(port)")
        }
    }

    private func address() throws -> (host: String, port: Int) {
        let parts = listen.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count > 1, let port = UInt16(parts[parts.count - 1]) else {
            throw RegistryServerError.address(listen, reason: "expected HOST:PORT")
        }
        let host = parts.dropLast().joined(separator: ":")
        guard config != nil || RegistryHost(listen).isLoopback || RegistryHost(host).isLoopback else {
            throw RegistryServerError.address(
                listen,
                reason: "without --config everybody could push to it; give a file, or an address of the loopback")
        }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        return (bare, Int(port))
    }

    private func settings() throws -> RegistryConfiguration {
        guard let config else { return RegistryConfiguration() }
        guard let bytes = try StoredFile.read(config) else {
            throw RegistryServerError.settings(config, reason: "there is no such file")
        }
        do throws(JSONError) {
            return try RegistryConfiguration(bytes: bytes)
        } catch {
            throw RegistryServerError.settings(config, reason: error.description)
        }
    }

    private static func notice(_ text: String) { write("nestboxd: \(HumanText.printable(text))\n", to: STDERR_FILENO) }

    private static func line(_ text: String) { write("\(text)\n", to: STDOUT_FILENO) }

    /// Writes a line; nobody is left to tell when that fails.
    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
