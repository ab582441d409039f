/// How large a document may be, so that a hostile one costs neither memory nor stack.
public struct JSONLimits: Sendable, Hashable {
    /// The most bytes of a document.
    ///
    /// A parsed document takes at most about 15 times its bytes in memory.
    public var bytes: Int
    /// The most arrays and objects inside one another.
    public var depth: Int

    /// Limits; the size that is taken for granted is what registries accept as a manifest, 4 MiB.
    public init(bytes: Int = 4 << 20, depth: Int = 128) {
        self.bytes = bytes
        self.depth = depth
    }
}

extension JSONValue {
    /// Reads a document in UTF-8, strictly by RFC 8259.
    ///
    /// Refused besides wrong syntax, so that no two programs can read a document differently: a member name that
    /// occurs twice, bytes that are not UTF-8, an escaped half of a surrogate pair, a byte order mark, a number beyond
    /// the range of `Double`.
    ///
    /// - Throws: `JSONError` with the position, and the path of the member around it.
    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard bytes.count <= limits.bytes else {
            throw JSONError("the document has \(bytes.count) bytes, more than the \(limits.bytes) allowed")
        }
        var parser = JSONParser(bytes: bytes, depthLimit: limits.depth)
        self = try parser.document()
    }

    /// Reads a document from text; see `init(parsing:limits:)` for bytes.
    ///
    /// - Throws: `JSONError` with the position, and the path of the member around it.
    public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }
}

/// A reader over the bytes of one document; `index` is the next byte to look at.
struct JSONParser {
    let bytes: [UInt8]
    let depthLimit: Int
    var index = 0
    var depth = 0

    init(bytes: [UInt8], depthLimit: Int) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    /// The whole document: one value with nothing but white space around it.
    mutating func document() throws(JSONError) -> JSONValue {
        guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { throw error("a byte order mark is not allowed") }
        let value = try value()
        skipSpace()
        guard index == bytes.count else { throw error("unexpected \(found) after the end of the document") }
        return value
    }

    /// An error at the current byte, or at `offset`.
    func error(_ reason: String, at offset: Int? = nil) -> JSONError {
        JSONError(reason, offset: offset ?? index, in: bytes)
    }

    /// The current byte as an error shows it.
    var found: String {
        guard index < bytes.count else { return "end of the document" }
        let byte = bytes[index]
        if (0x21...0x7E).contains(byte) { return "'\(Character(Unicode.Scalar(byte)))'" }
        return byte == 0x20 ? "space" : "byte 0x\(String(byte, radix: 16, uppercase: true))"
    }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            default: return
            }
        }
    }

    /// Whether the next byte is this one; it is then taken.
    private mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        skipSpace()
        guard index < bytes.count else { throw error("expected a value, found end of the document") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("expected a value, found \(found)")
        }
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let length = text.utf8CodeUnitCount
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: length)
        guard bytes.count - index >= length, bytes[index..<index + length].elementsEqual(expected) else {
            throw error("expected a value; is this meant to be \(text)?")
        }
        index += length
        return value
    }

    private mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= depthLimit else {
            throw error("more than \(depthLimit) arrays and objects inside one another")
        }
        index += 1
        skipSpace()
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var elements: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            do throws(JSONError) {
                elements.append(try value())
            } catch {
                throw error.within(index: elements.count)
            }
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            if take(UInt8(ascii: "]")) { return .array(elements) }
            throw error("expected ',' or ']', found \(found)")
        }
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var members: [(name: String, value: JSONValue)] = []
        if take(UInt8(ascii: "}")) { return .object(JSONObject()) }
        var names = MemberNames()
        while true {
            skipSpace()
            let start = index
            guard start < bytes.count, bytes[start] == UInt8(ascii: "\"") else {
                throw error("expected a member name in double quotes, found \(found)")
            }
            let name = try string()
            guard names.insert(name, besides: members) else {
                throw error("the member \(JSONError.quoted(name)) occurs twice", at: start)
            }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw error("expected ':' after a member name, found \(found)") }
            do throws(JSONError) {
                members.append((name, try value()))
            } catch {
                throw error.within(member: name)
            }
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            if take(UInt8(ascii: "}")) { return .object(JSONObject(distinct: members)) }
            throw error("expected ',' or '}', found \(found)")
        }
    }
}

/// Finds a member name that occurs twice: by comparing while an object is small, by hash once it is not.
private struct MemberNames {
    private var hashed: Set<String>?

    /// Whether the name differs from the names of these members, all of which were inserted before.
    mutating func insert(_ name: String, besides members: [(name: String, value: JSONValue)]) -> Bool {
        if members.count < 16 {
            return !members.contains { $0.name == name }
        }
        if hashed == nil {
            hashed = Set(members.lazy.map(\.name))
        }
        return hashed?.insert(name).inserted ?? false
    }
}
