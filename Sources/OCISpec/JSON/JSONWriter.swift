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
        case .integer(let value): write(ascii: String(decimal: Int(value)))
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
            var written = 0
            var index = 0
            while index < content.count {
                let byte = content[index]
                if byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                    || byte > 0xC2
                {
                    index += 1
                    continue
                }
                // U+0080 to U+009F are 0xC2 and the code itself.
                let length = byte == 0xC2 ? 2 : 1
                let code = content[index + length - 1]
                if byte >= 0x80 && (length == 1 || code >= 0xA0) {
                    index += length
                    continue
                }
                bytes.append(contentsOf: content[written..<index])
                escape(code)
                index += length
                written = index
            }
            bytes.append(contentsOf: content[written...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ code: UInt8) {
        switch code {
        case UInt8(ascii: "\""): write(ascii: "\\\"")
        case UInt8(ascii: "\\"): write(ascii: "\\\\")
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
