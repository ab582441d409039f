extension JSONValue {
    /// The members of an object.
    ///
    /// - Throws: `JSONError` when the value is none.
    public func object() throws(JSONError) -> JSONObject {
        guard case .object(let object) = self else { throw JSONError("expected an object, found \(kind)") }
        return object
    }
}

/// How a type reads its members and writes them. A member that is `null` counts as missing.
extension JSONObject {
    /// The value of a member that must be there.
    ///
    /// - Throws: `JSONError` when it is missing, or when it is not what the type needs.
    public func required<Value: JSONCodable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(JSONError) -> Value {
        guard let value: Value = try optional(name) else {
            throw JSONError("the member is missing").within(member: name)
        }
        return value
    }

    /// The value of a member that need not be there.
    ///
    /// - Throws: `JSONError` when it is there and not what the type needs.
    public func optional<Value: JSONCodable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(JSONError) -> Value? {
        guard let json = self[name], json != .null else { return nil }
        do throws(JSONError) {
            return try Value(json: json)
        } catch {
            throw error.within(member: name)
        }
    }

    /// The elements of a member that must be there; none when it is `null`, which is how Go writes an empty list.
    ///
    /// - Throws: `JSONError` when it is missing, or when it is not what the type needs.
    public func list<Element: JSONCodable>(
        _ name: String, of type: Element.Type = Element.self
    ) throws(JSONError) -> [Element] {
        if self[name] == .null { return [] }
        return try required(name)
    }

    /// The text of a member; nil when it is missing or empty, which mean the same in the OCI specifications.
    ///
    /// - Throws: `JSONError` when it is there and no string.
    public func nonEmpty(_ name: String) throws(JSONError) -> String? {
        guard let text = try optional(name, as: String.self), !text.isEmpty else { return nil }
        return text
    }

    /// Sets a member, or leaves it out when there is no value.
    public mutating func set(_ name: String, to value: (some JSONCodable)?) {
        guard let value else { return }
        self[name] = value.json
    }

    /// Sets a member, or leaves it out when the value has no elements.
    public mutating func setUnlessEmpty(_ name: String, to value: some JSONCodable & Collection) {
        guard !value.isEmpty else { return }
        self[name] = value.json
    }

    /// Sets a member, or leaves it out when the value is the one that a missing member stands for.
    public mutating func set<Value: JSONCodable & Equatable>(_ name: String, to value: Value, unless missing: Value) {
        guard value != missing else { return }
        self[name] = value.json
    }
}
