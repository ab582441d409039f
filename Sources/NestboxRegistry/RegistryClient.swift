public import OCISpec
internal import Synchronization

/// A client of registries that speak the OCI distribution protocol.
///
/// Calls block; they may come from any thread but an event loop's. ``shutdown()`` must be the last one.
public final class RegistryClient: Sendable {
    let settings: RegistrySettings
    let transport: HTTPTransport
    /// Is told what a person should know.
    let notice: @Sendable (String) -> Void
    private let connections = Mutex<[String: RegistryConnection]>([:])

    /// Makes a client; nothing is connected yet.
    public init(settings: RegistrySettings, notice: @escaping @Sendable (String) -> Void = { _ in }) {
        self.settings = settings
        self.notice = notice
        transport = HTTPTransport(settings)
    }

    /// Closes all connections.
    public func shutdown() { transport.shutdown() }

    /// The connection to a registry, or to a mirror of it; the same one each time, with what it has learned.
    func connection(_ host: RegistryHost, mirror: HTTPAddress? = nil) -> RegistryConnection {
        connections.withLock { connections in
            let key = mirror?.description ?? host.name
            if let known = connections[key] { return known }
            let connection = RegistryConnection(host, mirror: mirror, settings, transport)
            connections[key] = connection
            return connection
        }
    }

    func repository(of reference: ImageReference) -> Repository {
        Repository(connection: connection(RegistryHost(reference.domain)), name: reference.path)
    }

    /// The tags of a repository, in the registry's order; at most `limit`.
    ///
    /// - Throws: `RegistryError`.
    public func tags(of reference: ImageReference, limit: Int = .max) throws(RegistryError) -> [String] {
        try repository(of: reference).tags(limit: limit)
    }

    /// The manifest or the index that a name stands for, as its bytes are.
    ///
    /// - Throws: `RegistryError`.
    public func manifest(
        of reference: ImageReference
    ) throws(RegistryError) -> (bytes: [UInt8], digest: Digest, mediaType: MediaType) {
        let fetched = try repository(of: reference).manifest(
            reference.digest?.description ?? reference.tag ?? ImageReference.defaultTag)
        return (fetched.bytes, fetched.digest, fetched.mediaType)
    }

    /// Asks a registry whether it accepts a user, and keeps the password where Docker does.
    ///
    /// - Returns: whether the password now stands in Docker's configuration file, readable for whoever can read that.
    /// - Throws: `RegistryError`.
    public func logIn(to registry: RegistryHost, username: String, password: String) throws(RegistryError) -> Bool {
        let login = DockerConfiguration.Login(username: username, password: password)
        let connection = RegistryConnection(registry, settings, transport, login: login)
        let answer = try connection.perform(
            RegistryCall(
                request: HTTPRequest(address: try connection.address(""), object: "its front door"), scope: .none))
        guard answer.status == 200 else { throw connection.failure(answer) }
        answer.exchange.cancel()
        return try CredentialStore(path: settings.dockerConfiguration).save(login, for: registry)
    }

    /// The user that is known for a registry; nil where none is.
    ///
    /// - Throws: `RegistryError.credentials`.
    public func knownUser(of registry: RegistryHost) throws(RegistryError) -> String? {
        try CredentialStore(path: settings.dockerConfiguration).login(for: registry)?.username
    }

    /// Forgets the password for a registry.
    ///
    /// - Returns: whether one was known.
    /// - Throws: `RegistryError.credentials`.
    public func logOut(of registry: RegistryHost) throws(RegistryError) -> Bool {
        try CredentialStore(path: settings.dockerConfiguration).remove(registry)
    }

    /// Where the passwords stand.
    public var credentialFile: String { settings.dockerConfiguration }
}
