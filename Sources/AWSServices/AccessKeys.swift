internal import Glibc
internal import LinuxSystem

/// Who may call the AWS services: a file of lines `ACCESS-KEY-ID:SECRET:USER`, which only its owner may read.
///
/// The user is the one that a password of the ECR API stands for. The file is read again for each call, so a change counts at
/// once.
public struct AccessKeys: Sendable {
    /// One key.
    struct Key: Hashable, Sendable {
        var secret: String
        var user: String
    }

    private let path: String

    /// The keys of a file, which is read once.
    ///
    /// - Throws: `AccessKeysError` when it cannot be used.
    public init(path: String) throws {
        self.path = path
        _ = try keys()
    }

    func key(_ id: String) throws -> Key? { try keys()[id] }

    private func keys() throws -> [String: Key] {
        guard let file = try StoredFile.open(path) else { throw AccessKeysError(path, "there is no such file") }
        guard try file.status().st_mode & 0o077 == 0 else {
            throw AccessKeysError(path, "others may read it; change its mode to 600")
        }
        var keys: [String: Key] = [:]
        let lines = String(decoding: try file.readAll(limit: 1 << 20), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
            let parts = line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else {
                throw AccessKeysError(path, "line \(number + 1) is not ACCESS-KEY-ID:SECRET:USER")
            }
            keys[parts[0]] = Key(secret: parts[1], user: parts[2])
        }
        return keys
    }
}

/// Why a file of access keys cannot be used.
public struct AccessKeysError: Error, Hashable, Sendable, CustomStringConvertible {
    private let path: String
    private let reason: String

    init(_ path: String, _ reason: String) {
        self.path = path
        self.reason = reason
    }

    /// One line: what failed, on what, why.
    public var description: String { "cannot use \(path): \(reason)" }
}
