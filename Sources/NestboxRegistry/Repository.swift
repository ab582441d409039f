internal import ImageStore
internal import NIOHTTP1
internal import OCISpec

/// A manifest or an index, as a registry gave it.
struct FetchedManifest: Sendable {
    var bytes: [UInt8]
    var digest: Digest
    var mediaType: MediaType
}

/// One repository of a registry.
struct Repository: Sendable {
    /// The longest manifest, as in the registry that most others come from.
    static let manifestLimit: Int64 = 4 << 20
    /// The most pages of a list.
    private static let pageLimit = 1000

    let connection: RegistryConnection
    /// The path in the registry.
    let name: String

    private static let manifestTypes: [MediaType] = [
        .imageIndex, .imageManifest, .dockerManifestList, .dockerManifest,
    ]

    /// A manifest or an index by its tag or its digest, verified.
    ///
    /// - Throws: `RegistryError`.
    func manifest(_ reference: String) throws(RegistryError) -> FetchedManifest {
        let object = "\(name)\(reference.contains(":") ? "@" : ":")\(reference)"
        let answer = try connection.perform(
            RegistryCall(
                request: HTTPRequest(
                    address: try connection.address("\(name)/manifests/\(reference)"),
                    headers: Self.manifestTypes.map { ("Accept", $0.rawValue) }, object: object),
                scope: .pull(name)))
        guard answer.status == 200 else { throw connection.failure(answer) }
        let bytes = try answer.body(limit: Self.manifestLimit)
        return try verified(bytes, answer, reference, object)
    }

    private func verified(
        _ bytes: [UInt8], _ answer: HTTPAnswer, _ reference: String, _ object: String
    ) throws(RegistryError) -> FetchedManifest {
        func unusable(_ reason: String) -> RegistryError {
            .unexpected(host: connection.host.name, object: object, reason: reason)
        }
        let type = answer.contentType
        guard let json = try? JSONValue(parsing: bytes), json.objectValue != nil else {
            throw unusable(
                type == "text/html"
                    ? "it is a page for browsers, so this is no registry, or something stands before it"
                    : "it is no manifest but \(type.isEmpty ? "something else" : type.excerpt)")
        }
        guard let digest = try? Digest(of: bytes) else { throw unusable("it cannot be hashed") }
        let mediaType = MediaType(rawValue: json["mediaType"]?.stringValue ?? type)
        guard mediaType.isManifest || mediaType.isIndex else {
            throw unusable("it is of media type \"\(mediaType.rawValue.excerpt)\", which cannot be used")
        }
        for expected in [reference, answer.header("docker-content-digest") ?? ""] where expected.contains(":") {
            guard let expected = try? Digest(expected), expected.algorithm == .sha256 else {
                throw unusable("only sha256 digests can be verified here")
            }
            guard expected == digest else {
                throw .digestMismatch(object: "manifest \(object)", expected: expected, actual: digest)
            }
        }
        return FetchedManifest(bytes: bytes, digest: digest, mediaType: mediaType)
    }

    /// A small blob, such as a configuration, verified.
    ///
    /// - Throws: `RegistryError`.
    func smallBlob(_ blob: Descriptor, limit: Int64) throws(RegistryError) -> [UInt8] {
        let object = "\(name)@\(blob.digest)"
        guard blob.size <= limit else {
            throw .tooLarge(host: connection.host.name, object: object, limit: limit)
        }
        let answer = try connection.perform(
            RegistryCall(
                request: HTTPRequest(address: try connection.address("\(name)/blobs/\(blob.digest)"), object: object),
                scope: .pull(name)))
        guard answer.status == 200 else { throw connection.failure(answer) }
        let bytes = try answer.body(limit: blob.size)
        guard let actual = try? Digest(of: bytes), actual == blob.digest else {
            throw .digestMismatch(
                object: "blob \(object)", expected: blob.digest, actual: (try? Digest(of: bytes)) ?? blob.digest)
        }
        return bytes
    }

    /// Asks for a blob from one of its bytes on.
    ///
    /// - Returns: the answer, which the caller ends, and the place of its first byte: 0 from a registry that knows of no parts.
    /// - Throws: `RegistryError`.
    func part(
        of blob: Digest, from start: Int64, object: String
    ) throws(RegistryError) -> (answer: HTTPAnswer, first: Int64) {
        var request = HTTPRequest(address: try connection.address("\(name)/blobs/\(blob)"), object: object)
        if start > 0 { request.headers.append(("Range", "bytes=\(start)-")) }
        let answer = try connection.perform(RegistryCall(request: request, scope: .pull(name), mayReconnect: false))
        switch answer.status {
        case 200: return (answer, 0)
        case 206 where start > 0:
            guard answer.header("content-range").flatMap(ContentRange.init)?.first == start else {
                answer.exchange.cancel()
                throw .unexpected(
                    host: connection.host.name, object: object, reason: "it is another part than was asked for")
            }
            return (answer, start)
        default: throw connection.failure(answer)
        }
    }

    /// All tags, in the registry's order.
    ///
    /// - Parameter limit: the most tags to ask for.
    /// - Throws: `RegistryError`.
    func tags(limit: Int = .max) throws(RegistryError) -> [String] {
        let object = "the tags of \(name)"
        let first = try connection.address("\(name)/tags/list")
        var next: HTTPAddress? = first.adding(query: [("n", "1000")])
        var tags: [String] = []
        for _ in 0..<Self.pageLimit {
            guard let address = next, tags.count < limit else { return Array(tags.prefix(limit)) }
            let answer = try connection.perform(
                RegistryCall(request: HTTPRequest(address: address, object: object), scope: .pull(name)))
            guard answer.status == 200 else { throw connection.failure(answer) }
            let bytes = try answer.body(limit: Self.manifestLimit)
            do throws(JSONError) {
                tags += try TagList(body: bytes).tags
            } catch {
                throw .unexpected(
                    host: connection.host.name, object: object,
                    reason: answer.contentType == "text/html" ? "it is a page for browsers" : error.description)
            }
            next = answer.header("link").flatMap(PageLink.next).flatMap(address.resolving)
            if let next, !next.hasSameOrigin(as: address) {
                throw .redirection(host: connection.host.name, object: object, reason: "to another host")
            }
        }
        throw .unexpected(
            host: connection.host.name, object: object, reason: "the list has more than \(Self.pageLimit) parts")
    }
}
