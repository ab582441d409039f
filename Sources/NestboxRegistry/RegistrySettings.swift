internal import Glibc
internal import LinuxSystem
internal import NIOSSL
public import OCISpec

/// What a client of registries needs to know of its machine and its user.
public struct RegistrySettings: Sendable {
    /// Where the settings are when nothing else is said.
    public static let defaultFile = "/etc/nestbox/registries.json"
    /// Where Podman and Docker look for certificates: a folder for each registry.
    private static let certificateFolders = ["/etc/containers/certs.d", "/etc/docker/certs.d"]

    /// The settings of the machine.
    public var file: RegistriesFile
    /// The proxies of the environment.
    public var proxies: ProxySettings
    /// Docker's configuration file of the user; it need not be there.
    public var dockerConfiguration: String
    /// What to log in with, by the registry's name, whatever the user's file says.
    public var logins: [String: DockerConfiguration.Login] = [:]

    /// Reads the settings, with the variables of this process.
    ///
    /// - Parameter path: the file; nil: what `NESTBOX_REGISTRIES` says, or ``defaultFile``, which need not be there.
    /// - Throws: `RegistryError.settings`.
    public init(path: String? = nil) throws(RegistryError) {
        try self.init(path: path) { name in getenv(name).map { String(cString: $0) } }
    }

    /// Reads the settings.
    ///
    /// - Parameters:
    ///   - path: the file; nil: what `NESTBOX_REGISTRIES` says, or ``defaultFile``, which need not be there.
    ///   - variable: reads a variable of the environment.
    /// - Throws: `RegistryError.settings`.
    public init(path: String?, variable: (String) -> String?) throws(RegistryError) {
        let named = path ?? variable("NESTBOX_REGISTRIES").flatMap { $0.isEmpty ? nil : $0 }
        file = try Self.read(named ?? Self.defaultFile, mayBeMissing: named == nil)
        do throws(InvalidProxy) {
            proxies = try ProxySettings(variable)
        } catch {
            throw .settings("the proxy settings", reason: error.description)
        }
        let folder = variable("DOCKER_CONFIG").flatMap { $0.isEmpty ? nil : $0 }
        dockerConfiguration = (folder ?? "\(variable("HOME") ?? "/root")/.docker") + "/config.json"
    }

    private static func read(_ path: String, mayBeMissing: Bool) throws(RegistryError) -> RegistriesFile {
        do {
            let bytes = try FileDescriptor.open(path, O_RDONLY | O_NOCTTY).readAll(limit: 1 << 20)
            return try RegistriesFile(bytes: bytes)
        } catch let error as SystemError {
            if error.errno == .noSuchFile, mayBeMissing { return RegistriesFile() }
            throw .settings(path, reason: error.errno.meaning)
        } catch {
            throw .settings(path, reason: "\(error)")
        }
    }

    /// Whether a registry may be spoken to without TLS.
    func isInsecure(_ host: RegistryHost) -> Bool {
        if file.insecure.contains(host.name) || file.insecure.contains(host.connectName) { return true }
        return host.isLoopback && certificates(for: host.connectName).isEmpty
    }

    /// Whom to trust at an address.
    ///
    /// - Throws: `RegistryError.settings`.
    func trust(for address: HTTPAddress) throws(RegistryError) -> TLSConfiguration? {
        guard address.isSecure else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        var named = ["\(address.host):\(address.port)"]
        if address.port == 443 { named.append(address.host) }
        let files = named.flatMap(certificates)
        for path in files {
            do {
                configuration.additionalTrustRoots.append(
                    .certificates(try NIOSSLCertificate.fromPEMFile(path)))
            } catch {
                throw .settings(path, reason: "it holds no certificate in PEM form")
            }
        }
        if files.isEmpty, named.contains(where: { isInsecure(RegistryHost($0)) }) {
            configuration.certificateVerification = .none
        }
        if let certificate = named.lazy.flatMap({ Self.files(of: $0, ending: ".cert") }).first {
            try Self.addIdentity(certificate, to: &configuration)
        }
        return configuration
    }

    /// The files of the certificates that are trusted at a registry, beside those of the system.
    private func certificates(for name: String) -> [String] {
        (file.certificates[name] ?? []) + Self.files(of: name, ending: ".crt")
    }

    /// The client's own certificate: `NAME.cert` beside `NAME.key`.
    private static func addIdentity(
        _ path: String, to configuration: inout TLSConfiguration
    ) throws(RegistryError) {
        do {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(path).map { .certificate($0) }
            let key = path.dropLast(5) + ".key"
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: String(key), format: .pem))
        } catch {
            throw .settings(
                path, reason: "it and the .key file beside it are no certificate and key in PEM form; a CA ends in .crt"
            )
        }
    }

    /// The files of a registry's folders.
    private static func files(of registry: String, ending: String) -> [String] {
        guard !registry.hasPrefix("."), !registry.contains("/") else { return [] }
        return certificateFolders.flatMap { folder in
            // A folder that cannot be read is one that says nothing.
            let names = (try? StoredFile.names(in: "\(folder)/\(registry)")) ?? []
            return names.filter { $0.hasSuffix(ending) }.map { "\(folder)/\(registry)/\($0)" }.sorted()
        }
    }
}
