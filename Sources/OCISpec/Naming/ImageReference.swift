/// The name of an image by Docker's rules: a registry, a repository's path, and a tag or a digest or both.
///
/// `busybox` is short for `docker.io/library/busybox:latest`. The first part of a name is the registry when it has a
/// dot, a colon or a capital letter, or is `localhost`.
public struct ImageReference: Hashable, Sendable {
    /// The registry of names that give none.
    public static let defaultDomain = "docker.io"
    /// The tag of names that give neither tag nor digest.
    public static let defaultTag = "latest"

    /// The registry: a host name or address, with a port where one was given.
    public let domain: String
    /// The repository's path in the registry.
    public let path: String
    /// The tag; nil only when there is a digest.
    public let tag: String?
    /// The manifest's digest.
    public let digest: Digest?

    /// Reads a reference and fills in what it leaves out.
    ///
    /// - Throws: `InvalidImageReference` that names the part that is wrong.
    public init(_ text: String) throws(InvalidImageReference) {
        guard !text.isEmpty else { throw InvalidImageReference(text: text, part: .whole, reason: "it is empty") }
        guard !Self.isHexIdentifier(text) else {
            throw InvalidImageReference(
                text: text, part: .whole, reason: "64 hexadecimal digits are an image's ID, not a name")
        }
        var rest = text[...]
        if let at = rest.firstIndex(of: "@") {
            do throws(InvalidDigest) {
                digest = try Digest(String(rest[rest.index(after: at)...]))
            } catch {
                throw InvalidImageReference(text: text, part: .digest, reason: error.reason)
            }
            rest = rest[..<at]
        } else {
            digest = nil
        }
        let (domain, remainder) = Self.splitDomain(rest)
        rest = remainder
        if let colon = rest.lastIndex(of: ":") {
            let tag = rest[rest.index(after: colon)...]
            if let fault = Grammar.fault(inTag: tag) {
                throw InvalidImageReference(text: text, part: .tag, reason: fault)
            }
            self.tag = String(tag)
            rest = rest[..<colon]
        } else {
            tag = digest == nil ? Self.defaultTag : nil
        }
        if let fault = Grammar.fault(inDomain: domain) {
            throw InvalidImageReference(text: text, part: .domain, reason: fault)
        }
        let path = domain == Self.defaultDomain && !rest.contains("/") ? "library/\(rest)" : String(rest)
        if let fault = Grammar.fault(inPath: rest) ?? Grammar.fault(inPath: path[...]) {
            throw InvalidImageReference(text: text, part: .path, reason: fault)
        }
        self.domain = domain
        self.path = path
    }

    private init(domain: String, path: String, tag: String?, digest: Digest?) {
        self.domain = domain
        self.path = path
        self.tag = tag
        self.digest = digest
    }

    /// The same repository with another tag and no digest.
    ///
    /// - Throws: `InvalidImageReference` when it is no tag.
    public func tagged(_ tag: String) throws(InvalidImageReference) -> ImageReference {
        if let fault = Grammar.fault(inTag: tag[...]) {
            throw InvalidImageReference(text: tag, part: .tag, reason: fault)
        }
        return ImageReference(domain: domain, path: path, tag: tag, digest: nil)
    }

    /// The same repository with a digest and no tag.
    public func pinned(to digest: Digest) -> ImageReference {
        ImageReference(domain: domain, path: path, tag: nil, digest: digest)
    }

    /// The registry and the path, for example `docker.io/library/busybox`.
    public var name: String { "\(domain)/\(path)" }

    /// The name as people write it, without what goes without saying: `busybox`.
    public var familiarName: String {
        guard domain == Self.defaultDomain else { return name }
        if path.hasPrefix("library/"), !path.dropFirst(8).contains("/") { return String(path.dropFirst(8)) }
        // Without the registry, a first part such as `a.b` would be taken for one.
        return Self.splitDomain(path[...]) == (domain, path[...]) ? path : name
    }

    /// The whole reference as people write it: `busybox:latest`.
    public var familiar: String { familiarName + suffix }

    private var suffix: String {
        (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// The registry, and what follows it.
    private static func splitDomain(_ name: Substring) -> (domain: String, remainder: Substring) {
        guard let slash = name.firstIndex(of: "/") else { return (defaultDomain, name) }
        let first = name[..<slash]
        let isDomain =
            first == "localhost"
            || first.utf8.contains {
                $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":")
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
            }
        guard isDomain else { return (defaultDomain, name) }
        let remainder = name[name.index(after: slash)...]
        return (first == "index.docker.io" ? defaultDomain : String(first), remainder)
    }

    private static func isHexIdentifier(_ text: String) -> Bool {
        text.utf8.count == 64 && (try? Digest("sha256:\(text)")) != nil
    }
}

extension ImageReference: CustomStringConvertible {
    /// The whole reference with nothing left out: `docker.io/library/busybox:latest`.
    public var description: String { name + suffix }
}

extension ImageReference: JSONCodable {
    /// Reads a string that is a reference.
    ///
    /// - Throws: `JSONError` for any other value.
    public init(json: JSONValue) throws(JSONError) {
        let text = try String(json: json)
        do throws(InvalidImageReference) {
            try self.init(text)
        } catch {
            throw JSONError(error.description)
        }
    }

    /// The whole reference.
    public var json: JSONValue { .string(description) }
}

/// Why a text is no image reference.
public struct InvalidImageReference: Error, Hashable, Sendable, CustomStringConvertible {
    /// A part of a reference.
    public enum Part: String, Hashable, Sendable {
        /// All of it.
        case whole = "reference"
        /// The registry.
        case domain = "registry"
        /// The repository's path.
        case path = "repository"
        /// The tag.
        case tag
        /// The digest.
        case digest
    }

    /// The text.
    public let text: String
    /// The part that is wrong.
    public let part: Part
    /// What is wrong with it.
    public let reason: String

    /// One line, for example `invalid image reference "Busybox": repository: capital letters are not allowed`.
    public var description: String {
        "invalid image reference \(JSONError.quoted(text)): "
            + (part == .whole ? reason : "\(part.rawValue): \(reason)")
    }
}
