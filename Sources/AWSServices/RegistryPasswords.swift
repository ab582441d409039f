internal import Crypto
internal import Glibc
public import ImageStore
internal import LinuxSystem
internal import OCISpec

/// The passwords that `GetAuthorizationToken` gives out: who may log in as `AWS`, until when, and a code that only this store's key
/// makes.
public struct RegistryPasswords: Sendable {
    /// How long a password is good for, in seconds.
    static let lifetime: Int64 = 12 * 3600

    private let path: String

    /// Passwords of a store; its key, `registry/_key`, is made when the first one is given out.
    public init(_ store: ImageStore) { path = "\(store.root)/registry/_key" }

    /// A new password of a user.
    ///
    /// - Throws: `SystemError`.
    func make(for user: String, now: Timestamp) throws -> (password: String, expires: Int64) {
        let expires = now.seconds + Self.lifetime
        let claim = Base64.encode(Array("\(expires):\(user)".utf8))
        return ("\(claim).\(RequestSignature.hexadecimal(Self.code(claim, try key())))", expires)
    }

    /// Whose password it is; nil: it is none, or is too old.
    ///
    /// - Throws: `SystemError`.
    public func user(of password: String) throws -> String? {
        let parts = password.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let claim = Base64.decode(parts[0]) else { return nil }
        let expected = RequestSignature.hexadecimal(Self.code(parts[0], try key()))
        let difference = zip(expected.utf8, parts[1].utf8).reduce(0) { $0 | ($1.0 ^ $1.1) }
        guard expected.utf8.count == parts[1].utf8.count, difference == 0 else { return nil }
        let fields = String(decoding: claim, as: UTF8.self).split(separator: ":", maxSplits: 1).map(String.init)
        guard fields.count == 2, let expires = Int64(fields[0]), expires > WallClock.now().seconds else { return nil }
        return fields[1]
    }

    private static func code(_ claim: String, _ key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(claim.utf8), using: SymmetricKey(data: key)))
    }

    /// The key; two processes that make it at the same time have the same one afterwards.
    private func key() throws -> [UInt8] {
        if let key = try StoredFile.read(path), key.count == 32 { return key }
        let folder = String(path.dropLast("/_key".count))
        try StoredFile.makeFolder(folder)
        let new = "\(path).\(try RandomBytes.hexadecimal(8))"
        do {
            let file = try FileDescriptor.open(new, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            try file.writeAll(try RandomBytes.make(32))
            let number = file.rawValue
            try retrying("flush", new) { fsync(number) }
        }
        // A link, not a rename: the first one stays.
        let result = link(new, path)
        let error = Errno.current
        unlink(new)
        guard result == 0 || error == .exists else { throw SystemError("create", path, error) }
        guard let key = try StoredFile.read(path), key.count == 32 else {
            throw SystemError("read", path, Errno(EIO), hint: "it has no 32 bytes; remove it")
        }
        return key
    }
}
