/// What a client can ask of a registry (OCI distribution-spec, "Endpoints"), as the path says it.
public enum DistributionCall: Hashable, Sendable {
    /// Whether the registry speaks this protocol, and whether it wants a password.
    case version
    /// The names of the repositories.
    case catalog
    /// The tags of a repository.
    case tags(RepositoryName)
    /// A manifest.
    case manifest(RepositoryName, ManifestName)
    /// A blob.
    case blob(RepositoryName, Digest)
    /// The beginning of an upload.
    case uploads(RepositoryName)
    /// An upload that goes on.
    case upload(RepositoryName, id: String)
    /// The manifests that are about another one.
    case referrers(RepositoryName, Digest)

    /// Reads the path of a request.
    ///
    /// - Throws: `InvalidCall`.
    public init(path: String) throws(InvalidCall) {
        guard let path = HTTPAddress.unescaped(path), path == "/v2" || path.hasPrefix("/v2/") else {
            throw .unknown
        }
        var parts = path.dropFirst(4).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        // An upload begins with or without the slash at the end.
        if parts.last?.isEmpty == true { parts.removeLast() }
        if parts.isEmpty {
            self = .version
        } else if parts == ["_catalog"] {
            self = .catalog
        } else if parts.suffix(2) == ["tags", "list"] {
            self = .tags(try Self.name(parts.dropLast(2)))
        } else if parts.suffix(2) == ["blobs", "uploads"] {
            self = .uploads(try Self.name(parts.dropLast(2)))
        } else if parts.count > 3, parts.suffix(3).prefix(2) == ["blobs", "uploads"] {
            self = .upload(try Self.name(parts.dropLast(3)), id: parts[parts.count - 1])
        } else if parts.count > 2 {
            let (word, last) = (parts[parts.count - 2], parts[parts.count - 1])
            switch word {
            case "manifests":
                let name = try Self.name(parts.dropLast(2))
                guard let manifest = ManifestName(last) else {
                    // Only digests have a colon.
                    throw last.contains(":") ? .digest(last) : .tag(last)
                }
                self = .manifest(name, manifest)
            case "blobs": self = .blob(try Self.name(parts.dropLast(2)), try Self.digest(last))
            case "referrers": self = .referrers(try Self.name(parts.dropLast(2)), try Self.digest(last))
            default: throw .unknown
            }
        } else {
            throw .unknown
        }
    }

    private static func name(_ parts: ArraySlice<String>) throws(InvalidCall) -> RepositoryName {
        do throws(InvalidImageReference) {
            return try RepositoryName(parts.joined(separator: "/"))
        } catch {
            throw .name(error)
        }
    }

    private static func digest(_ text: String) throws(InvalidCall) -> Digest {
        guard let digest = try? Digest(text) else { throw .digest(text) }
        return digest
    }

    /// The repository that the call is about.
    public var repository: RepositoryName? {
        switch self {
        case .version, .catalog: nil
        case .tags(let name), .manifest(let name, _), .blob(let name, _), .uploads(let name), .upload(let name, _),
            .referrers(let name, _):
            name
        }
    }
}

/// Why a path is no call.
public enum InvalidCall: Error, Hashable, Sendable {
    /// Nothing is there.
    case unknown
    /// The name of the repository is none.
    case name(InvalidImageReference)
    /// The digest is none.
    case digest(String)
    /// The tag is none.
    case tag(String)
}
