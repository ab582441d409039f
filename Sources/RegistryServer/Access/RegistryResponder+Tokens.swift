internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import LinuxSystem
internal import OCISpec

/// The registry as its own server of tokens: distribution's token specification, and its form of OAuth 2 (RFC 6749).
extension RegistryResponder {
    static let tokenPath = "/v2/token"
    /// The most bytes of a form.
    private static let formLimit = 64 << 10
    /// The most resources that one token is for.
    private static let scopeLimit = 100

    /// Who wants a token, and what it is to be for.
    private struct TokenRequest: Sendable {
        var user: String?
        var scopes: [TokenScope]
        var wantsRefreshToken: Bool
        /// What was shown instead of a password.
        var refreshToken: String?
    }

    func token(_ request: Request) async throws -> Response {
        guard let passwords, let tokens else { throw InvalidCall.unknown }
        let asked: TokenRequest
        switch request.method {
        case .get: asked = try await tokenQuery(request, passwords)
        case .post: asked = try await tokenForm(request, passwords, tokens)
        default: throw RegistryFailure.unsupportedMethod
        }
        guard asked.scopes.count <= Self.scopeLimit else {
            throw RegistryFailure(.badRequest, "UNSUPPORTED", "a token is for \(Self.scopeLimit) resources at most")
        }
        return try await blocking { try answer(asked, passwords, tokens) }
    }

    /// With the name and the password in the header, if there are any.
    private func tokenQuery(_ request: Request, _ passwords: PasswordFile) async throws -> TokenRequest {
        let fields = FormFields(request.uri.query ?? "")
        var user: String?
        switch Credentials(request) {
        case .none: break
        case .basic(let credentials):
            user = try await accept(credentials, passwords)
        case .bearer, .other: throw Self.refused("show a user's name and password")
        }
        return TokenRequest(
            user: user, scopes: fields.all("scope").flatMap(TokenScope.list),
            wantsRefreshToken: fields["offline_token"] == "true")
    }

    /// With the name and the password, or what stands for them, in a form.
    private func tokenForm(
        _ request: Request, _ passwords: PasswordFile, _ tokens: TokenIssuer
    ) async throws -> TokenRequest {
        var bytes: [UInt8] = []
        for try await part in request.body {
            bytes += part.readableBytesView
            guard bytes.count <= Self.formLimit else {
                throw RegistryFailure(.contentTooLarge, "SIZE_INVALID", "a form may have \(Self.formLimit) bytes")
            }
        }
        let fields = FormFields(String(decoding: bytes, as: UTF8.self))
        var asked = TokenRequest(
            scopes: fields.all("scope").flatMap(TokenScope.list), wantsRefreshToken: fields["access_type"] == "offline")
        switch fields["grant_type"] {
        case "password":
            let credentials = BasicCredentials(user: fields["username"] ?? "", password: fields["password"] ?? "")
            asked.user = try await accept(credentials, passwords)
        case "refresh_token":
            let token = fields["refresh_token"] ?? ""
            let now = Int64(time(nil))
            let claims = try await blocking {
                try tokens.read(token, as: .refresh, now: now, passwordHash: passwords.hash)
            }
            guard let claims, claims.user != nil else { throw Self.refused("the token does not count, or no more") }
            asked.user = claims.user
            asked.refreshToken = token
        default:
            throw RegistryFailure(.badRequest, "UNSUPPORTED", "grant_type must be password or refresh_token")
        }
        return asked
    }

    private func accept(_ credentials: BasicCredentials, _ passwords: PasswordFile) async throws -> String {
        guard let user = try await user(of: credentials, passwords) else {
            throw Self.refused("the user name or the password is not accepted")
        }
        return user
    }

    private static func refused(_ message: String) -> RegistryFailure {
        RegistryFailure(
            .unauthorized, "UNAUTHORIZED", message,
            headers: [.wwwAuthenticate: "Basic realm=\"\(TokenIssuer.name)\", charset=\"UTF-8\""])
    }

    private func answer(_ asked: TokenRequest, _ passwords: PasswordFile, _ tokens: TokenIssuer) throws -> Response {
        // Somebody may have taken the user out of the file just now.
        guard let hash = try asked.user.map(passwords.hash) ?? "" else {
            throw Self.refused("there is no such user any more")
        }
        let now = Int64(time(nil))
        let token = try tokens.token(
            .access, for: asked.user, passwordHash: hash, grants: grants(asked.scopes, asked.user), now: now)
        var body: JSONObject = [
            "token": .string(token), "access_token": .string(token), "expires_in": .integer(tokens.lifetime),
        ]
        body.set("issued_at", to: Timestamp(seconds: now))
        if let refreshToken = asked.refreshToken {
            body.set("refresh_token", to: refreshToken)
        } else if asked.wantsRefreshToken, let user = asked.user {
            body.set("refresh_token", to: try tokens.token(.refresh, for: user, passwordHash: hash, now: now))
        }
        return Self.json(body, [.cacheControl: "no-store"])
    }

    /// What is asked for, as far as the rules permit it; what they do not is left out, as the specification has it.
    private func grants(_ scopes: [TokenScope], _ user: String?) -> [TokenScope] {
        scopes.compactMap { scope in
            // The list has only what its reader may pull.
            if scope == .catalog { return scope }
            guard scope.type == "repository", let repository = try? RepositoryName(scope.name) else { return nil }
            let mayPull = permits(.pull, to: repository, for: user)
            let mayPush = permits(.push, to: repository, for: user)
            var granted = scope
            granted.actions = scope.actions.flatMap { action -> [String] in
                switch action {
                case "pull": mayPull ? ["pull"] : []
                case "push", "delete": mayPush ? [action] : []
                case "*": mayPush ? ["*"] : mayPull ? ["pull"] : []
                default: []
                }
            }
            return granted.actions.isEmpty ? nil : granted
        }
    }
}
