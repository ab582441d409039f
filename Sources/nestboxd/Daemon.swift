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
            everybody there may pull and push; a repository is made by its first push. With a certificate it speaks TLS; one \
            that is replaced counts for all new connections. Without one it takes passwords on the loopback only, unless the \
            file says "allowPlainPasswords": true.
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

    @Option(
        name: .customLong("tls-cert"),
        help: .init("The certificate to speak TLS with, and those it was signed by, in PEM form.", valueName: "file"),
        completion: .file())
    var certificate: String?

    @Option(
        name: .customLong("tls-key"), help: .init("The certificate's key, in PEM form.", valueName: "file"),
        completion: .file())
    var key: String?

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
        let address = try ListenAddress(listen)
        let settings = try settings()
        if !address.isLoopback { try checkPublicity(settings) }
        var places = EngineConfiguration.fromEnvironment
        if let root { places.root = root }
        if let runRoot { places.runRoot = runRoot }
        let engine = try Engine(configuration: places)
        let server = try RegistryServer(store: engine.repositories, configuration: settings)
        try await server.run(host: address.host, port: address.port, notice: Self.notice) { port in
            Self.line("listening on \(address.with(port: port))")
        }
    }

    /// Refuses to serve others than this machine in a way that nobody wants who did not say so.
    private func checkPublicity(_ settings: RegistryConfiguration) throws(RegistryServerError) {
        guard config != nil else {
            throw .address(
                listen,
                reason: "without --config everybody could push to it; give a file, or an address of the loopback")
        }
        guard settings.passwords == nil || settings.tls != nil || settings.allowsPlainPasswords else {
            throw .address(
                listen,
                reason: "whoever listens in could read the passwords; give --tls-cert and --tls-key, or set "
                    + "\"allowPlainPasswords\": true where something that speaks TLS stands before it")
        }
    }

    private func settings() throws -> RegistryConfiguration {
        var settings = try file()
        switch (certificate, key) {
        case (nil, nil): break
        case (let certificate?, let key?): settings.tls = .init(certificate: certificate, key: key)
        case (let given?, nil): throw RegistryServerError.settings(given, reason: "--tls-key is missing")
        case (nil, let given?): throw RegistryServerError.settings(given, reason: "--tls-cert is missing")
        }
        return settings
    }

    private func file() throws -> RegistryConfiguration {
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
