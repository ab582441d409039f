/// The name of a repository in a registry: `forum/web` (OCI distribution-spec, "Pull").
public struct RepositoryName: Hashable, Sendable {
    /// The name; safe as a path below a folder: no part of it begins with a dot or an underscore.
    public let description: String

    /// Reads a name.
    ///
    /// - Throws: `InvalidImageReference` that says what is wrong with it.
    public init(_ text: String) throws(InvalidImageReference) {
        if let fault = ImageReference.Grammar.fault(inPath: text[...]) {
            throw InvalidImageReference(text: text, part: .path, reason: fault)
        }
        description = text
    }
}

extension RepositoryName: CustomStringConvertible {}

extension RepositoryName: Comparable {
    /// The order of the texts.
    public static func < (left: RepositoryName, right: RepositoryName) -> Bool { left.description < right.description }
}

/// How a manifest of a repository is asked for.
public enum ManifestName: Hashable, Sendable {
    /// By a tag, which may stand for another manifest tomorrow.
    case tag(String)
    /// By what it is.
    case digest(Digest)

    /// Reads a tag or a digest; nil when it is neither.
    public init?(_ text: String) {
        if text.contains(":") {
            guard let digest = try? Digest(text) else { return nil }
            self = .digest(digest)
        } else {
            guard ImageReference.Grammar.fault(inTag: text[...]) == nil else { return nil }
            self = .tag(text)
        }
    }
}

extension ManifestName: CustomStringConvertible {
    /// The tag or the digest.
    public var description: String {
        switch self {
        case .tag(let tag): tag
        case .digest(let digest): digest.description
        }
    }
}
