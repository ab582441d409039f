internal import NIOHTTP1
internal import OCISpec
internal import Synchronization

/// What a registry is to allow: actions on a repository.
struct AccessScope: Hashable, Sendable {
    /// In the form of tokens: `repository:library/busybox:pull`; several when blobs go from one repository to another.
    var scopes: [String]

    static func pull(_ repository: String) -> AccessScope { AccessScope(scopes: ["repository:\(repository):pull"]) }

    static func push(_ repository: String, mountingFrom source: String? = nil) -> AccessScope {
        AccessScope(
            scopes: ["repository:\(repository):pull,push"] + (source.map { ["repository:\($0):pull"] } ?? []))
    }

    /// Whether anybody may ask at all.
    static let none = AccessScope(scopes: [])
}

/// Answers a registry that asks who is there: with a name and a password, or with a token that another server gives.
///
/// Credentials go to the registry itself and to the server that its challenge names, which must be as protected as the registry.
final class Authenticator: Sendable {
    private static let answerLimit: Int64 = 256 << 10

    private let host: RegistryHost
    private let transport: HTTPTransport
    private let isInsecure: Bool
    private let find: @Sendable () throws(RegistryError) -> DockerConfiguration.Login?
    /// Values of the `Authorization` header by what they were asked for.
    private let known = Mutex<[AccessScope: String]>([:])
    private let login = Mutex<DockerConfiguration.Login??>(nil)

    /// - Parameter find: looks for how to log in, once it is needed.
    init(
        host: RegistryHost, transport: HTTPTransport, isInsecure: Bool,
        find: @escaping @Sendable () throws(RegistryError) -> DockerConfiguration.Login?
    ) {
        self.host = host
        self.transport = transport
        self.isInsecure = isInsecure
        self.find = find
    }

    /// What an earlier challenge was answered with; nil at first.
    func header(for scope: AccessScope) -> String? {
        known.withLock { $0[scope] ?? $0[.none] }
    }

    /// Answers a challenge.
    ///
    /// - Parameter object: what the request was about, for errors.
    /// - Throws: `RegistryError`.
    func answer(
        _ challenges: [AuthenticateChallenge], for scope: AccessScope, object: String
    ) throws(RegistryError) -> String {
        let login = try currentLogin()
        if let challenge = challenges.first(where: { $0.scheme == "bearer" }) {
            let header = "Bearer \(try token(challenge, scope, login, object))"
            known.withLock { $0[scope] = header }
            return header
        }
        guard challenges.contains(where: { $0.scheme == "basic" }) else {
            throw .unauthorized(host: host.name, object: object, reason: "it does not say how to log in")
        }
        guard let login, login.identityToken == nil, login.registryToken == nil else {
            throw .unauthorized(host: host.name, object: object, reason: "a user name and a password are needed")
        }
        let header = Self.basic(login)
        known.withLock { $0[.none] = header }
        return header
    }

    /// Why a registry refuses also the answer to its challenge.
    var refusal: String {
        login.withLock { $0 ?? nil } == nil
            ? "it is not for everybody" : "the user name or the password is not accepted, or not for this"
    }

    private func currentLogin() throws(RegistryError) -> DockerConfiguration.Login? {
        if let login = login.withLock({ $0 }) { return login }
        let found = try find()
        login.withLock { $0 = .some(found) }
        return found
    }

    private static func basic(_ login: DockerConfiguration.Login) -> String {
        "Basic \(Base64.encode(Array("\(login.username):\(login.password)".utf8)))"
    }

    private func token(
        _ challenge: AuthenticateChallenge, _ scope: AccessScope, _ login: DockerConfiguration.Login?, _ object: String
    ) throws(RegistryError) -> String {
        if let token = login?.registryToken { return token }
        let realm = challenge.parameters["realm"] ?? ""
        guard let address = HTTPAddress(realm) else {
            throw .unexpected(
                host: host.name, object: object,
                reason: "it wants tokens from \"\(realm.excerpt)\", which is no address")
        }
        guard address.isSecure || isInsecure else {
            throw .unexpected(
                host: host.name, object: object,
                reason: "it wants tokens from \(address.authority) without TLS, where anybody could read the password")
        }
        var query: [(name: String, value: String)] = []
        if let service = challenge.parameters["service"] { query.append(("service", service)) }
        var scopes = scope.scopes
        for asked in (challenge.parameters["scope"] ?? "").split(separator: " ").map(String.init)
        where !scopes.contains(where: { Self.covers($0, asked) }) { scopes.append(asked) }
        var request = HTTPRequest(address: address, object: "a token")
        if let identity = login?.identityToken {
            query += [("grant_type", "refresh_token"), ("refresh_token", identity), ("client_id", "nestbox")]
            if !scopes.isEmpty { query.append(("scope", scopes.joined(separator: " "))) }
            let form = query.map { "\(HTTPAddress.escaped($0.name))=\(HTTPAddress.escaped($0.value))" }
            request.method = .POST
            request.headers = [("Content-Type", "application/x-www-form-urlencoded")]
            request.body = .bytes(Array(form.joined(separator: "&").utf8))
        } else {
            query += scopes.map { ("scope", $0) }
            if let login {
                query.append(("account", login.username))
                request.headers = [("Authorization", Self.basic(login))]
            }
            request.address = address.adding(query: query)
        }
        return try send(request, hasLogin: login != nil, object)
    }

    private func send(_ request: HTTPRequest, hasLogin: Bool, _ object: String) throws(RegistryError) -> String {
        let answer = try transport.send(request)
        let body = try answer.body(limit: Self.answerLimit)
        switch answer.status {
        case 200:
            do throws(JSONError) {
                return try TokenAnswer(body: body).token
            } catch {
                throw .unexpected(host: request.address.authority, object: "a token", reason: error.description)
            }
        case 400, 401, 403:
            throw .unauthorized(
                host: host.name, object: object,
                reason: hasLogin ? "the user name or the password is not accepted" : "it is not for everybody")
        default:
            throw .status(
                host: request.address.authority, object: "a token", code: answer.status,
                reason: RegistryFault.first(in: body)?.message ?? "no reason is given")
        }
    }

    private static func covers(_ scope: String, _ other: String) -> Bool {
        guard let scope = TokenScope(scope), let other = TokenScope(other) else { return scope == other }
        return scope.covers(other)
    }
}
