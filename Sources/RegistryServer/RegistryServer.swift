internal import AWSServices
internal import Hummingbird
internal import HummingbirdCore
public import ImageStore
internal import LinuxSystem
internal import Logging
internal import NIOCore
internal import NIOPosix
public import OCISpec

/// Why a registry cannot serve.
public enum RegistryServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A file of settings that cannot be used.
    case settings(String, reason: String)
    /// An address that it must not serve at.
    case address(String, reason: String)

    /// One line: what failed, on what, why.
    public var description: String {
        switch self {
        case .settings(let path, let reason): "cannot use \(path): \(reason)"
        case .address(let address, let reason): "cannot serve at \(address): \(reason)"
        }
    }
}

/// A registry of one's own: the OCI distribution protocol over the images' store.
public struct RegistryServer: Sendable {
    /// How often lifecycle policies are applied, and what nobody came back to is looked for.
    private static let sweep = Duration.seconds(3600)

    private let store: RepositoryStore
    private let configuration: RegistryConfiguration
    private let passwords: PasswordFile?
    private let tokens: TokenIssuer?
    private let aws: AWSServices
    private let awsPasswords: RegistryPasswords

    /// A registry of these repositories; those that the configuration names are made.
    ///
    /// - Throws: `RegistryServerError`, `AccessKeysError`, `SystemError`.
    public init(store: RepositoryStore, configuration: RegistryConfiguration) throws {
        awsPasswords = RegistryPasswords(store)
        let keys = try configuration.accessKeys.map { try AccessKeys(path: $0) }
        aws = AWSServices(store: store, configuration: configuration, keys: keys, passwords: awsPasswords)
        self.store = store
        self.configuration = configuration
        passwords = try configuration.passwords.map { try PasswordFile($0) }
        tokens = try configuration.passwords.map { _ in
            TokenIssuer(key: try store.secret("tokens"), lifetime: configuration.tokenLifetime)
        }
        for repository in configuration.namedRepositories { try store.create(repository) }
    }

    /// Serves until the process is told to end (SIGTERM, SIGINT); requests that have begun are answered.
    ///
    /// - Parameters:
    ///   - host: the address.
    ///   - port: the port; 0: any that is free.
    ///   - notice: is told of what goes wrong on this side, a line each.
    ///   - isReady: is told the port once it serves.
    /// - Throws: `RegistryServerError`: the address cannot be had, or the certificate cannot be used.
    public func run(
        host: String, port: Int, notice: @escaping @Sendable (String) -> Void,
        isReady: @escaping @Sendable (Int) -> Void
    ) async throws {
        var logger = Logger(label: "nestboxd")
        logger.logLevel = .critical
        let certificate = try configuration.tls.map { try ServerCertificate($0, notice: notice) }
        let application = Application(
            responder: RegistryResponder(
                store: store, configuration: configuration, passwords: passwords, tokens: tokens, aws: aws,
                awsPasswords: awsPasswords, notice: notice),
            server: .registry(certificate),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in isReady(channel.localAddress?.port ?? port) }, logger: logger)
        let sweeping = Task { await self.sweep(notice) }
        defer { sweeping.cancel() }
        do {
            try await application.runService()
        } catch let error as IOError {
            throw RegistryServerError.address("\(host):\(port)", reason: Errno(error.errnoCode).meaning)
        }
    }

    private func sweep(_ notice: @Sendable (String) -> Void) async {
        while !Task.isCancelled {
            do {
                let run = try await NIOThreadPool.singleton.runIfActive { try store.applyLifecycles() }
                for failure in run.failures { notice(failure) }
                for (repository, decisions) in run.decisions {
                    notice("the lifecycle policy of \(repository) took \(decisions.count) images")
                }
            } catch {
                notice("cannot remove what is stale: \(error)")
            }
            try? await Task.sleep(for: Self.sweep)
        }
    }
}
