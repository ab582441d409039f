extension JSONValue {
    /// The value as a document in UTF-8, in one line or, for people, with two spaces of indentation.
    ///
    /// Control characters are escaped, those that terminals obey beyond ASCII included, so that printing a document is
    /// safe. JSON has no infinity and no "not a number": such a `number` becomes `null`.
    public func serialized(pretty: Bool = false) -> [UInt8] {
        var writer = JSONWriter(pretty: pretty)
        writer.write(self)
        if pretty { writer.bytes.append(UInt8(ascii: "\n")) }
        return writer.bytes
    }
}

/// Collects the bytes of one document.
private struct JSONWriter {
    let pretty: Bool
    var bytes: [UInt8] = []
    private var depth = 0

    init(pretty: Bool) {
        self.pretty = pretty
        bytes.reserveCapacity(512)
    }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: write(ascii: "null")
        case .bool(let value): write(ascii: value ? "true" : "false")
        case .integer(let value): write(ascii: String(value))
        case .unsigned(let value): write(ascii: String(value))
        case .number(let value): write(ascii: value.isFinite ? value.description : "null")
        case .string(let text): write(text)
        case .array(let elements):
            list(elements, "[", "]") { writer, element in writer.write(element) }
        case .object(let object):
            list(object.members, "{", "}") { writer, member in
                writer.write(member.name)
                writer.write(ascii: writer.pretty ? ": " : ":")
                writer.write(member.value)
            }
        }
    }

    private mutating func list<Element>(
        _ elements: [Element], _ opening: Unicode.Scalar, _ closing: Unicode.Scalar,
        element write: (inout JSONWriter, Element) -> Void
    ) {
        bytes.append(UInt8(ascii: opening))
        depth += 1
        var first = true
        for element in elements {
            if !first { bytes.append(UInt8(ascii: ",")) }
            first = false
            newLine()
            write(&self, element)
        }
        depth -= 1
        if !first { newLine() }
        bytes.append(UInt8(ascii: closing))
    }

    private mutating func newLine() {
        guard pretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }

    private mutating func write(ascii text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { content in
            var index = 0
            while index < content.count {
                let byte = content[index]
                index += 1
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                    bytes.append(UInt8(ascii: "\\"))
                    bytes.append(byte)
                case 0..<0x20, 0x7F:
                    escape(byte)
                case 0xC2 where index < content.count && content[index] < 0xA0:
                    // U+0080 to U+009F: the second byte is the code itself.
                    escape(content[index])
                    index += 1
                default:
                    bytes.append(byte)
                }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ code: UInt8) {
        switch code {
        case 0x08: write(ascii: "\\b")
        case 0x09: write(ascii: "\\t")
        case 0x0A: write(ascii: "\\n")
        case 0x0C: write(ascii: "\\f")
        case 0x0D: write(ascii: "\\r")
        default:
            write(ascii: code < 0x10 ? "\\u000" : "\\u00")
            write(ascii: String(code, radix: 16))
        }
    }
}
