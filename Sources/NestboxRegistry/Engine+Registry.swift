internal import Glibc
internal import ImageStore
public import Nestbox
internal import OCISpec

/// A user's name and password at a registry.
public struct RegistryCredentials: Sendable, Hashable {
    /// The user.
    public var username: String
    /// The password, or what a registry gives instead of one.
    public var password: String

    /// Makes the value from its members.
    public init(username: String, password: String) {
        self.username = username
        self.password = password
    }
}

/// What a program says of a registry beyond the settings of the machine and of the user.
public struct RegistryOptions: Sendable {
    /// The file of settings; nil: what `NESTBOX_REGISTRIES` says, or `/etc/nestbox/registries.json`, which need not be there.
    public var settings: String?
    /// Who asks; nil: whom Docker's `config.json` and the programs that it names know, or else nobody.
    public var credentials: RegistryCredentials?
    /// Which variant of an image is fetched, such as `linux/arm64`; nil: the host's.
    public var platform: String?
    /// Is told what a person should know, such as that a mirror was passed over; on any thread.
    public var notice: @Sendable (String) -> Void

    /// Options; without any, the settings of the machine and of the user count.
    public init(
        settings: String? = nil, credentials: RegistryCredentials? = nil, platform: String? = nil,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.settings = settings
        self.credentials = credentials
        self.platform = platform
        self.notice = notice
    }
}

extension Engine {
    /// Fetches an image from its registry, as `nestbox pull` does: `try await engine.pull("debian:12")`.
    ///
    /// What the store has already is not fetched, and one that was interrupted goes on where it was. The image can be used once
    /// this returns. Cancelling the task does not stop it.
    ///
    /// - Parameters:
    ///   - name: a name as `docker pull` takes it, with a tag, with a digest, or with neither for `latest`.
    ///   - options: what differs from the settings of the machine and of the user.
    ///   - observe: is told how far each layer is, on any thread.
    /// - Throws: `RegistryError`, `ImageStoreError`, `SystemError`, `InvalidImageReference`.
    @discardableResult
    public func pull(
        _ name: String, options: RegistryOptions = RegistryOptions(), observe: @escaping TransferObserver = { _ in }
    ) async throws -> PulledImage {
        try await asking(name, options) { engine, client, reference in
            let pulled = try client.pull(
                reference, into: engine.images, platform: options.platform.map { try Platform($0) }, observe: observe)
            engine.tellPulled(pulled.image, as: reference)
            return pulled
        }
    }

    /// Sends an image to the registry that its name says, as `nestbox push` does.
    ///
    /// What the registry has already is not sent. Cancelling the task does not stop it.
    ///
    /// - Parameters:
    ///   - name: one of the image's names, with a tag.
    ///   - options: what differs from the settings of the machine and of the user.
    ///   - observe: is told how far each layer is, on any thread.
    /// - Throws: `RegistryError`, `ImageStoreError`, `SystemError`, `InvalidImageReference`.
    @discardableResult
    public func push(
        _ name: String, options: RegistryOptions = RegistryOptions(), observe: @escaping TransferObserver = { _ in }
    ) async throws -> PushedImage {
        try await asking(name, options) { engine, client, reference in
            let image = try engine.images.image(named: reference.description)
            let pushed = try client.push(reference, from: engine.images, observe: observe)
            engine.tellPushed(image, as: reference)
            return pushed
        }
    }

    /// Does with a client what waits for the network, where nobody else waits for it.
    private func asking<Value: Sendable>(
        _ name: String, _ options: RegistryOptions,
        _ body: @escaping @Sendable (Engine, RegistryClient, ImageReference) throws -> Value
    ) async throws -> Value {
        // As a value, so that its error comes back as what it is.
        let result = try await perform { engine in
            Result<Value, any Error> {
                let reference = try ImageReference(name)
                var settings = try RegistrySettings(path: options.settings)
                if let credentials = options.credentials {
                    settings.logins[RegistryHost(reference.domain).name] = DockerConfiguration.Login(
                        username: credentials.username, password: credentials.password)
                }
                let client = RegistryClient(settings: settings, notice: options.notice)
                defer { client.shutdown() }
                return try body(engine, client, reference)
            }
        }
        return try result.get()
    }
}
