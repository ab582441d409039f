internal import Glibc
internal import LinuxSystem

extension RepositoryStore {
    /// Bytes of a secret.
    private static let secretSize = 32

    /// Bytes that nobody else knows, made when they are asked for first, and the same for all who serve this store.
    ///
    /// - Parameter name: what they are for; it becomes a file's name.
    /// - Throws: `SystemError`.
    public func secret(_ name: String) throws -> [UInt8] {
        let path = "registry/_secrets/\(name)"
        if let secret = try readSecret(path) { return secret }
        try folder.makeFolders("registry/_secrets")
        let temporary = try folder.writeNew(RandomBytes.make(Self.secretSize))
        let number = folder.descriptor.rawValue
        defer { unlinkat(number, temporary, 0) }
        // A link, not a rename: whoever comes second must not take the first one's secret away.
        if linkat(number, temporary, number, path, 0) != 0, Errno.current != .exists {
            throw SystemError("make", "\(folder.path)/\(path)", .current)
        }
        try folder.flush(folder: "registry/_secrets")
        guard let secret = try readSecret(path) else {
            throw SystemError("read", "\(folder.path)/\(path)", .noSuchFile)
        }
        return secret
    }

    private func readSecret(_ path: String) throws(SystemError) -> [UInt8]? {
        guard let bytes = try folder.read(path) else { return nil }
        guard bytes.count == Self.secretSize else {
            throw SystemError(
                "use", "\(folder.path)/\(path)", Errno(EINVAL),
                hint: "it is damaged; remove it, and what was signed with it is worth nothing any more")
        }
        return bytes
    }
}
