internal import CCrypt
internal import Crypto
internal import Glibc
internal import LinuxSystem
internal import OCISpec
internal import Synchronization

/// A user's name and password, as a client shows them (RFC 7617).
struct BasicCredentials {
    var user: String
    var password: String

    init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    /// Reads an `Authorization` header; nil when it is of another kind.
    init?(_ field: String) {
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            let bytes = Base64.decode(String(parts[1])),
            let text = String(validating: bytes, as: UTF8.self),
            let colon = text.firstIndex(of: ":"), !text.utf8.contains(0)
        else { return nil }
        user = String(text[..<colon])
        password = String(text[text.index(after: colon)...])
    }
}

/// The users of a registry: lines of `NAME:HASH`, as `htpasswd -B` writes them.
///
/// Hashes are those of crypt(3) that are made for passwords: bcrypt, yescrypt, and SHA-crypt.
///
/// The file is read again for each request, so a change counts at once.
final class PasswordFile: Sendable {
    private static let prefixes = ["$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$"]
    /// A hash of nothing that anybody knows: a name that is none takes as long as a wrong password.
    private static let dummy = "$2y$05$abcdefghijklmnopqrstuuDGrYnQpOmQ6yhNA5yN9pVnFpEN3mGaG"
    private static let most = 1024

    private let path: String
    /// What was found right, under a key of this process: hashing a password is slow by intent, and clients show it each time.
    private let known = Mutex<Set<[UInt8]>>([])
    private let key = SymmetricKey(size: .bits256)

    /// Reads the file once.
    ///
    /// - Throws: `RegistryServerError` when it cannot be used.
    init(_ path: String) throws {
        self.path = path
        _ = try users()
    }

    /// Whether a password is the user's.
    ///
    /// - Throws: `RegistryServerError` when the file cannot be used.
    func accepts(_ credentials: BasicCredentials) throws -> Bool {
        let hash = try users()[credentials.user]
        let text = "\(hash ?? "")\n\(credentials.user)\n\(credentials.password)"
        let mark = Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
        if hash != nil, known.withLock({ $0.contains(mark) }) { return true }
        let isRight = Self.isHash(hash ?? Self.dummy, of: credentials.password)
        guard isRight, hash != nil else { return false }
        known.withLock { known in
            if known.count >= Self.most { known.removeAll() }
            known.insert(mark)
        }
        return true
    }

    /// What is kept of a user's password; nil where there is no such user.
    ///
    /// - Throws: `RegistryServerError` when the file cannot be used.
    func hash(of user: String) throws -> String? { try users()[user] }

    private static func isHash(_ hash: String, of password: String) -> Bool {
        withUnsafeTemporaryAllocation(
            byteCount: MemoryLayout<crypt_data>.size, alignment: MemoryLayout<crypt_data>.alignment
        ) { memory in
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            let made = crypt_rn(password, hash, memory.baseAddress, Int32(memory.count))
            return made.map { SecretText.isEqual(String(cString: $0), hash) } ?? false
        }
    }

    private func users() throws -> [String: String] {
        guard let text = try StoredFile.readText(path) else {
            throw RegistryServerError.settings(path, reason: "there is no such file")
        }
        var users: [String: String] = [:]
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.filter { $0 != "\r" }
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let colon = line.firstIndex(of: ":") else {
                throw RegistryServerError.settings(path, reason: "line \(number + 1) has no colon")
            }
            let hash = String(line[line.index(after: colon)...])
            guard Self.prefixes.contains(where: hash.hasPrefix) else {
                throw RegistryServerError.settings(
                    path, reason: "line \(number + 1) has no hash made for passwords; write it with 'htpasswd -B'")
            }
            users[String(line[..<colon])] = hash
        }
        return users
    }
}
