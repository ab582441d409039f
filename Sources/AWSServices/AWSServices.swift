public import ImageStore
internal import LinuxSystem
public import OCISpec

/// Answers AWS clients.
public struct AWSServices: Sendable {
    /// The account that everything here belongs to.
    public static let account = "123456789012"
    /// The most bytes of a call: a manifest in JSON, and some.
    public static let bodyLimit = 10 << 20

    private let store: RepositoryStore
    private let configuration: RegistryConfiguration
    private let keys: AccessKeys?
    private let passwords: RegistryPasswords

    /// Services over a store's repositories.
    ///
    /// - Parameters:
    ///   - keys: who may call; nil: everybody on this machine, unless the registry has passwords.
    public init(
        store: RepositoryStore, configuration: RegistryConfiguration, keys: AccessKeys?, passwords: RegistryPasswords
    ) {
        self.store = store
        self.configuration = configuration
        self.keys = keys
        self.passwords = passwords
    }

    /// Answers a call; what goes wrong on this side is told to `notice`, a line each.
    ///
    /// It waits for the disk.
    public func answer(_ request: AWSRequest, notice: (String) -> Void) -> AWSAnswer {
        let id = (try? RandomBytes.hexadecimal(16)) ?? ""
        do {
            let object = try carryOut(request, notice)
            return AWSAnswer(status: 200, body: JSONValue.object(object).serialized(), requestID: id)
        } catch {
            let error = Self.error(error, notice)
            return AWSAnswer(status: error.status, body: JSONValue.object(error.body).serialized(), requestID: id)
        }
    }

    private static func error(_ error: any Error, _ notice: (String) -> Void) -> AWSError {
        if let error = error as? AWSError { return error }
        if let error = error as? RepositoryError { return ECRError.of(error) }
        if let error = error as? JSONError { return AWSError("SerializationException", error.description) }
        if let error = error as? InvalidLifecyclePolicy { return .invalidParameter(error.parameterMessage) }
        notice("an AWS call failed: \(error)")
        return AWSError("ServerException", "the registry failed; its log says why", status: 500)
    }

    private func carryOut(_ request: AWSRequest, _ notice: (String) -> Void) throws -> JSONObject {
        let target = request.target ?? ""
        guard request.headers["content-type"]?.hasPrefix("application/x-amz-json-1.1") == true else {
            throw AWSError("SerializationException", "expected content of type application/x-amz-json-1.1")
        }
        let caller = try caller(request)
        let input =
            request.body.isEmpty
            ? JSONObject() : try JSONValue(parsing: request.body, limits: JSONLimits(bytes: Self.bodyLimit)).object()
        let parts = target.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts[0] == ECR.target else {
            throw AWSError("UnknownOperationException", "there is no operation \(JSONError.quoted(target))")
        }
        let service = ECR(
            store: store, configuration: configuration, passwords: passwords, caller: caller, input: input,
            host: request.headers["host"] ?? "localhost")
        return try service.carryOut(parts[1], notice)
    }

    /// Who calls.
    private func caller(_ request: AWSRequest) throws -> AWSCaller {
        let signature = request.headers["authorization"].flatMap { RequestSignature($0) }
        guard let keys else {
            guard configuration.passwords == nil else {
                throw AWSError(
                    "AccessDeniedException",
                    "the registry has passwords and no accessKeys; name a file of them in its configuration")
            }
            // A page in somebody's browser that calls itself by another name is not on this machine.
            let host = request.headers["host"] ?? ""
            guard RegistryHost(host).isLoopback else {
                throw AWSError(
                    "AccessDeniedException",
                    "without accessKeys the host must be one of the loopback, not \(JSONError.quoted(host))")
            }
            return AWSCaller(user: "anybody", region: signature?.region ?? "us-east-1")
        }
        guard let signature else { throw AWSError("MissingAuthenticationTokenException", "the call is not signed") }
        guard signature.service == "ecr" else {
            throw AWSError(
                "InvalidSignatureException",
                "the credential is scoped to \(JSONError.quoted(signature.service)), not to ecr")
        }
        // An unknown key takes as long as a wrong secret.
        let key = try keys.key(signature.keyID)
        let secret = key?.secret ?? signature.keyID
        try signature.verify(request, secret: secret, now: WallClock.now())
        guard let key else {
            throw AWSError("UnrecognizedClientException", "there is no such access key")
        }
        return AWSCaller(user: key.user, region: signature.region)
    }
}

/// Who has made a call, and of which region it thinks it is.
struct AWSCaller: Hashable, Sendable {
    var user: String
    var region: String
}
