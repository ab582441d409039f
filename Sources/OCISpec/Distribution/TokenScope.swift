/// What a token is to allow, or allows: actions on one resource (distribution's token specification, "scope").
public struct TokenScope: Hashable, Sendable {
    /// The kind of the resource: `repository`, `registry`.
    public var type: String
    /// The resource: a repository's name, `catalog`.
    public var name: String
    /// What is done with it: `pull`, `push`, `delete`, `*`.
    public var actions: [String]

    /// Makes the value from its parts.
    public init(type: String, name: String, actions: [String]) {
        self.type = type
        self.name = name
        self.actions = actions
    }

    /// Reads `repository:forum/web:pull,push`; nil when it is something else.
    ///
    /// A name may hold colons: that of a host with its port.
    public init?(_ text: some StringProtocol) {
        guard let first = text.firstIndex(of: ":"), let last = text.lastIndex(of: ":"), first < last else { return nil }
        type = String(text[..<first])
        name = String(text[text.index(after: first)..<last])
        actions = String(text[text.index(after: last)...]).split(separator: ",").map(String.init)
        guard !type.isEmpty, !name.isEmpty, !actions.isEmpty else { return nil }
    }

    /// Reads several with spaces between them; what is none is passed over.
    public static func list(_ text: String) -> [TokenScope] {
        text.split(separator: " ").compactMap { TokenScope($0) }
    }

    /// Whether it allows all that another one of the same resource does.
    public func covers(_ other: TokenScope) -> Bool {
        type == other.type && name == other.name
            && (actions.contains("*") || other.actions.allSatisfy(actions.contains))
    }
}

extension TokenScope: CustomStringConvertible {
    /// The form in which it is asked for.
    public var description: String { "\(type):\(name):\(actions.joined(separator: ","))" }
}

extension TokenScope: JSONCodable {
    /// Reads the form that it has in a token.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        type = try object.required("type")
        name = try object.required("name")
        actions = try object.list("actions")
    }

    /// The form that it has in a token.
    public var json: JSONValue {
        ["type": .string(type), "name": .string(name), "actions": .array(actions.map { .string($0) })]
    }
}
