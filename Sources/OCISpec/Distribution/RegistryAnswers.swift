/// What a registry says of a failure (OCI distribution-spec, "Error codes").
public struct RegistryFault: Hashable, Sendable {
    /// What kind of failure it is: `MANIFEST_UNKNOWN`.
    public var code: String
    /// The registry's words; empty where it has none.
    public var message: String

    /// Describes a failure.
    public init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    /// Reads the first failure of an answer's body; nil when it holds none.
    public static func first(in body: [UInt8]) -> RegistryFault? {
        guard let json = try? JSONValue(parsing: body), let error = json["errors"]?[0] else { return nil }
        return RegistryFault(code: error["code"]?.stringValue ?? "", message: error["message"]?.stringValue ?? "")
    }
}

/// Where the next part of a list is (RFC 8288).
public enum PageLink {
    /// The target of the `Link` field with `rel="next"`, which may be relative; nil where there is none.
    public static func next(in field: String) -> String? {
        var rest = field[...]
        while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
            let target = rest[rest.index(after: open)..<close]
            let following = rest[rest.index(after: close)...]
            let parameters = following.prefix { $0 != "<" }
            for parameter in parameters.split(whereSeparator: { $0 == ";" || $0 == "," }) {
                let word = parameter.filter { $0 != " " && $0 != "\"" }.lowercased()
                if word == "rel=next" { return String(target) }
            }
            rest = following
        }
        return nil
    }
}

/// The tags of a repository, or a part of them.
public struct TagList: Sendable, Hashable {
    /// The tags in the registry's order.
    public var tags: [String]

    /// Reads an answer's body.
    ///
    /// - Throws: `JSONError`.
    public init(body: [UInt8]) throws(JSONError) {
        let object = try JSONValue(parsing: body, limits: JSONLimits(bytes: max(body.count, 1))).object()
        tags = try object.list("tags")
    }
}

/// What a server for tokens answers (the token specification of Docker, and RFC 6749).
public struct TokenAnswer: Sendable, Hashable {
    /// The token to show to the registry.
    public var token: String
    /// What gets the next token without a password; nil where there is none.
    public var refreshToken: String?

    /// Reads an answer's body.
    ///
    /// - Throws: `JSONError` when it holds no token.
    public init(body: [UInt8]) throws(JSONError) {
        let object = try JSONValue(parsing: body).object()
        let (first, second) = (try object.nonEmpty("token"), try object.nonEmpty("access_token"))
        guard let token = first ?? second else {
            throw JSONError("it holds neither token nor access_token")
        }
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw JSONError("the token holds characters that no header may have")
        }
        self.token = token
        refreshToken = try object.nonEmpty("refresh_token")
    }
}

/// The first byte that a partial answer begins with, and the length of the whole (RFC 9110, `Content-Range`).
public struct ContentRange: Hashable, Sendable {
    /// The place of the first byte.
    public var first: Int64
    /// Bytes of the whole; nil where that is not told.
    public var total: Int64?

    /// Reads `bytes 5-9/10`; nil when it is something else.
    public init?(_ field: String) {
        guard field.lowercased().hasPrefix("bytes ") else { return nil }
        let parts = field.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = Int64(parts[0].prefix { $0 != "-" }), first >= 0 else { return nil }
        self.first = first
        total = Int64(parts[1])
    }
}
