/// Why bytes are no JSON, or why a JSON value is not what a type needs.
public struct JSONError: Error, Sendable, Hashable {
    /// A place in the bytes of a document.
    public struct Position: Sendable, Hashable {
        /// How many bytes stand before it.
        public let offset: Int
        /// The line, from 1.
        public let line: Int
        /// The column in bytes, from 1.
        public let column: Int

        /// A place in `bytes`, where lines end with a line feed.
        init(offset: Int, in bytes: [UInt8]) {
            self.offset = offset
            let before = bytes.prefix(offset)
            line = before.count { $0 == UInt8(ascii: "\n") } + 1
            column = offset - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1)
        }
    }

    /// The member concerned, for example `linux.resources.memory.limit` or `mounts[3].type`; empty: the whole document.
    public private(set) var path: String
    /// Where the bytes stop being JSON; nil for an error of meaning.
    public let position: Position?
    /// What is wrong.
    public let reason: String

    /// An error of meaning about the value at hand; `within(member:)` and `within(index:)` add where it stands.
    public init(_ reason: String, path: String = "") {
        self.path = path
        self.reason = reason
        position = nil
    }

    /// An error of form at an offset of a document.
    init(_ reason: String, offset: Int, in bytes: [UInt8]) {
        path = ""
        self.reason = reason
        position = Position(offset: offset, in: bytes)
    }

    /// The same error, told of the object that has this member.
    public func within(member name: String) -> JSONError {
        var error = self
        let plain = !name.isEmpty && name.utf8.count <= 64 && name.utf8.allSatisfy(Self.isPlain)
        let head = plain ? name : "[\(Self.quoted(name))]"
        error.path = path.isEmpty || path.hasPrefix("[") ? head + path : "\(head).\(path)"
        return error
    }

    /// The same error, told of the array that has this element.
    public func within(index: Int) -> JSONError {
        var error = self
        error.path = path.isEmpty || path.hasPrefix("[") ? "[\(index)]\(path)" : "[\(index)].\(path)"
        return error
    }

    /// Text from a document as an error may show it: in quotes, escaped, and cut after 64 characters.
    public static func quoted(_ text: String) -> String {
        // Scalars, not characters: one character can have any number of combining marks.
        let start = String(text.unicodeScalars.prefix(64))
        var shown = String(decoding: JSONValue.string(start).serialized(), as: UTF8.self)
        if start.utf8.count < text.utf8.count {
            shown += "…"
        }
        return shown
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default:
            false
        }
    }
}

extension JSONError: CustomStringConvertible {
    /// One line, for example `linux.resources.memory.limit: expected an integer, found a string`.
    public var description: String {
        var text = path.isEmpty ? "" : "\(path): "
        if let position {
            text += "line \(position.line), column \(position.column) (byte \(position.offset)): "
        }
        return text + reason
    }
}
