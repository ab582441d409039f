/// A value that has a JSON form.
public protocol JSONCodable: Sendable {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` that says which member is not what it should be.
    init(json: JSONValue) throws(JSONError)

    /// The JSON form.
    var json: JSONValue { get }
}

extension JSONCodable {
    /// Reads the value from a JSON document in UTF-8.
    ///
    /// - Throws: `JSONError`, with the position for a document that is no JSON, with the member for a wrong value.
    public init(jsonBytes bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(json: try JSONValue(parsing: bytes, limits: limits))
    }

    /// The value as a JSON document in UTF-8.
    public func jsonBytes(pretty: Bool = false) -> [UInt8] {
        json.serialized(pretty: pretty)
    }
}

extension JSONValue: JSONCodable {
    /// The value itself.
    public init(json: JSONValue) { self = json }

    /// The value itself.
    public var json: JSONValue { self }
}

extension Bool: JSONCodable {
    /// Reads `true` or `false`.
    ///
    /// - Throws: `JSONError` for any other value.
    public init(json: JSONValue) throws(JSONError) {
        guard case .bool(let value) = json else { throw JSONError("expected true or false, found \(json.kind)") }
        self = value
    }

    /// A boolean.
    public var json: JSONValue { .bool(self) }
}

extension String: JSONCodable {
    /// Reads a string.
    ///
    /// One with a NUL character is refused: no path, name or argument of the kernel can have one.
    ///
    /// - Throws: `JSONError` for any other value.
    public init(json: JSONValue) throws(JSONError) {
        guard case .string(let text) = json else { throw JSONError("expected a string, found \(json.kind)") }
        guard !text.utf8.contains(0) else { throw JSONError("a NUL character is not allowed here") }
        self = text
    }

    /// A string.
    public var json: JSONValue { .string(self) }
}

extension Double: JSONCodable {
    /// Reads a number of any form.
    ///
    /// - Throws: `JSONError` for any other value.
    public init(json: JSONValue) throws(JSONError) {
        switch json {
        case .number(let value): self = value
        case .integer(let value): self = Double(value)
        case .unsigned(let value): self = Double(value)
        default: throw JSONError("expected a number, found \(json.kind)")
        }
    }

    /// A number.
    public var json: JSONValue { .number(self) }
}

// Inlinable: what is compiled for any integer asks the type at each step, which takes a start a hundred of microseconds.
extension JSONCodable where Self: FixedWidthInteger {
    /// Reads a whole number that the type holds.
    ///
    /// - Throws: `JSONError` for any other value, one with fraction or exponent included.
    @inlinable
    public init(json: JSONValue) throws(JSONError) {
        let value: Self? =
            switch json {
            case .integer(let number): Self(exactly: number)
            case .unsigned(let number): Self(exactly: number)
            default: nil
            }
        guard let value else { throw JSONError(noIntegerFrom: "\(Self.min)", to: "\(Self.max)", json) }
        self = value
    }

    /// A whole number.
    @inlinable
    public var json: JSONValue {
        if let value = Int64(exactly: self) { return .integer(value) }
        return .unsigned(UInt64(self))
    }
}

extension JSONError {
    /// What is no whole number, or none of that range.
    @usableFromInline
    init(noIntegerFrom first: String, to last: String, _ json: JSONValue) {
        switch json {
        case .integer, .unsigned:
            let shown = String(decoding: json.serialized(), as: UTF8.self)
            self.init("\(shown) is out of range: expected an integer from \(first) to \(last)")
        default: self.init("expected an integer, found \(json.kind)")
        }
    }
}

extension Int: JSONCodable {}
extension Int64: JSONCodable {}
extension Int32: JSONCodable {}
extension UInt: JSONCodable {}
extension UInt64: JSONCodable {}
extension UInt32: JSONCodable {}
extension UInt16: JSONCodable {}
extension UInt8: JSONCodable {}

extension JSONCodable where Self: RawRepresentable & CaseIterable, RawValue == String {
    /// Reads one of the type's names.
    ///
    /// - Throws: `JSONError` that lists the names there are.
    public init(json: JSONValue) throws(JSONError) {
        let text = try String(json: json)
        guard let value = Self(rawValue: text) else {
            let names = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw JSONError("\(JSONError.quoted(text)) is unknown; expected one of \(names)")
        }
        self = value
    }

    /// The name.
    public var json: JSONValue { .string(rawValue) }
}

extension Array: JSONCodable where Element: JSONCodable {
    /// Reads an array of such elements.
    ///
    /// - Throws: `JSONError` with the index of the first element that is none.
    public init(json: JSONValue) throws(JSONError) {
        guard case .array(let values) = json else { throw JSONError("expected an array, found \(json.kind)") }
        self = []
        reserveCapacity(values.count)
        for value in values {
            do throws(JSONError) {
                append(try Element(json: value))
            } catch {
                throw error.within(index: count)
            }
        }
    }

    /// An array.
    public var json: JSONValue {
        // No key path: where nothing is known of the element, one is made at each call.
        var values: [JSONValue] = []
        values.reserveCapacity(count)
        for element in self { values.append(element.json) }
        return .array(values)
    }
}

extension Dictionary: JSONCodable where Key == String, Value: JSONCodable {
    /// Reads an object whose members all have such values.
    ///
    /// - Throws: `JSONError` with the name of the first member that has none.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self = Dictionary(minimumCapacity: object.count)
        for member in object.members {
            do throws(JSONError) {
                self[member.name] = try Value(json: member.value)
            } catch {
                throw error.within(member: member.name)
            }
        }
    }

    /// An object, its members sorted by name so that equal values give equal documents.
    public var json: JSONValue {
        .object(JSONObject(distinct: sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }))
    }
}
