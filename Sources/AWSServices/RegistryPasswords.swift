internal import Crypto
public import ImageStore
internal import LinuxSystem
internal import OCISpec

/// The passwords that `GetAuthorizationToken` gives out: who may log in as `AWS`, until when, and a code that only this store's key
/// makes.
public struct RegistryPasswords: Sendable {
    /// How long a password is good for, in seconds.
    static let lifetime: Int64 = 12 * 3600

    private let store: RepositoryStore

    /// Passwords of a store; its key is made when the first one is given out.
    public init(_ store: RepositoryStore) { self.store = store }

    /// A new password of a user.
    ///
    /// - Throws: `SystemError`.
    func make(for user: String, now: Timestamp) throws -> (password: String, expires: Int64) {
        let expires = now.seconds + Self.lifetime
        let claim = Base64.urlEncoded(Array("\(expires):\(user)".utf8))
        let code = HMAC<SHA256>.authenticationCode(for: Array(claim.utf8), using: try key())
        return ("\(claim).\(Base64.urlEncoded(Array(code)))", expires)
    }

    /// Whose password it is; nil: it is none, or is too old.
    ///
    /// - Throws: `SystemError`.
    public func user(of password: String) throws -> String? {
        let parts = password.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let claim = Base64.urlDecoded(parts[0]), let code = Base64.urlDecoded(parts[1]),
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array(parts[0].utf8), using: try key())
        else { return nil }
        let fields = String(decoding: claim, as: UTF8.self).split(separator: ":", maxSplits: 1).map(String.init)
        guard fields.count == 2, let expires = Int64(fields[0]), expires > WallClock.now().seconds else { return nil }
        return fields[1]
    }

    private func key() throws -> SymmetricKey { SymmetricKey(data: try store.secret("passwords")) }
}
