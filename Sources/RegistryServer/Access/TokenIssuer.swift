internal import Crypto
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Makes the tokens that this registry accepts, and reads them again: JSON Web Tokens (RFC 7519) with HS256.
///
/// A user's tokens are signed with a key that his password's hash is part of: with another password, or without the user, they
/// are worth nothing any more. What a token is for is part of what is signed, so one kind never passes for another.
struct TokenIssuer: Sendable {
    /// What a token is for.
    enum Kind: Sendable {
        /// To be shown with calls.
        case access
        /// To be exchanged for others instead of a password.
        case refresh

        /// The first part, which must be this one to the letter: no client chooses how it is checked.
        fileprivate var header: String {
            Base64.urlEncoded(Array("{\"alg\":\"HS256\",\"typ\":\"\(self == .access ? "at+jwt" : "rt+jwt")\"}".utf8))
        }
    }

    /// What a token says.
    struct Claims: Sendable {
        /// nil: nobody that is known.
        var user: String?
        var grants: [TokenScope]
        /// Seconds since 1970.
        var expires: Int64
    }

    /// What tokens call the registry.
    static let name = "nestboxd"
    /// How long a token counts that replaces a password, in seconds: 90 days.
    static let refreshLifetime: Int64 = 90 * 86_400
    /// The longest token that is looked at, in bytes.
    private static let limit = 32 << 10

    private let key: SymmetricKey
    /// How long a token counts that is shown with calls, in seconds.
    let lifetime: Int64

    init(key: [UInt8], lifetime: Int64) {
        self.key = SymmetricKey(data: key)
        self.lifetime = lifetime
    }

    /// Makes a token.
    ///
    /// - Parameters:
    ///   - user: whose it is; nil: nobody's.
    ///   - passwordHash: the user's, as it is kept.
    ///   - now: seconds since 1970.
    /// - Throws: `SystemError`.
    func token(
        _ kind: Kind, for user: String?, passwordHash: String, grants: [TokenScope] = [], now: Int64
    ) throws(SystemError) -> String {
        var claims: JSONObject = ["iss": .string(Self.name), "aud": .string(Self.name)]
        claims.set("sub", to: user)
        claims.set("iat", to: now)
        claims.set("exp", to: now + (kind == .access ? lifetime : Self.refreshLifetime))
        claims.set("jti", to: try RandomBytes.hexadecimal(16))
        claims.setUnlessEmpty("access", to: grants)
        let text = "\(kind.header).\(Base64.urlEncoded(JSONValue.object(claims).serialized()))"
        let code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key(of: user, passwordHash))
        return "\(text).\(Base64.urlEncoded(Array(code)))"
    }

    /// Reads a token; nil when it is none of this registry's, or counts no more.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - passwordHash: finds that of a user; nil where there is no such user.
    /// - Throws: what `passwordHash` throws.
    func read(
        _ token: String, as kind: Kind, now: Int64, passwordHash: (String) throws -> String?
    ) throws -> Claims? {
        guard token.utf8.count <= Self.limit else { return nil }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts[0] == kind.header, let payload = Base64.urlDecoded(parts[1]),
            let code = Base64.urlDecoded(parts[2]), let claims = Claims(payload)
        else { return nil }
        // Nothing that it says counts before this: but for whose it says it is, which only chooses the key.
        guard let hash = try claims.user.map(passwordHash) ?? "",
            HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: Array("\(parts[0]).\(parts[1])".utf8), using: key(of: claims.user, hash)),
            claims.expires > now
        else { return nil }
        return claims
    }

    private func key(of user: String?, _ passwordHash: String) -> SymmetricKey {
        guard let user else { return key }
        return SymmetricKey(
            data: Array(HMAC<SHA256>.authenticationCode(for: Array("\(user)\n\(passwordHash)".utf8), using: key)))
    }
}

extension TokenIssuer.Claims {
    /// Reads the middle part of a token; nil when it is none.
    fileprivate init?(_ payload: [UInt8]) {
        do {
            let object = try JSONValue(parsing: payload).object()
            user = try object.optional("sub")
            grants = try object.optional("access") ?? []
            expires = try object.required("exp")
        } catch {
            return nil
        }
    }
}
