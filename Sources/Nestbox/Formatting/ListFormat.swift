public import OCISpec

/// How a list such as `ps` or `images` is written: the value of `--format`.
public struct ListFormat: Sendable {
    private enum Kind: Sendable {
        case table(Template)
        case lines(Template)
        case json
    }

    private let kind: Kind

    /// Parses `table`, `table TEMPLATE`, `json` or `TEMPLATE`; nil stands for `table`.
    ///
    /// - Parameters:
    ///   - text: The value of `--format`.
    ///   - table: The template of the usual table, columns separated by `\t`.
    /// - Throws: `TemplateError`.
    public init(parsing text: String?, table: String) throws(TemplateError) {
        switch text {
        case nil, "", "table":
            kind = .table(try Template(parsing: table, unescape: true))
        case "json":
            kind = .json
        case let text?:
            if text.hasPrefix("table ") || text.hasPrefix("table\t") || text.hasPrefix("table\\t") {
                let columns = text.dropFirst("table".count).drop { $0 == " " }
                kind = .table(try Template(parsing: String(columns), unescape: true))
            } else {
                kind = .lines(try Template(parsing: text, unescape: true))
            }
        }
    }

    /// The whole list, each line ended.
    ///
    /// - Parameters:
    ///   - rows: Objects, one for each line.
    ///   - headers: Each field's column title.
    /// - Throws: `TemplateError`.
    public func text(of rows: [JSONValue], headers: JSONObject) throws(TemplateError) -> String {
        switch kind {
        case .json:
            // What has no title serves templates only.
            return rows.map { row in
                guard case .object(let object) = row else { return "" }
                let shown = JSONObject(object.members.filter { headers[$0.name] != nil }.map { ($0.name, $0.value) })
                return String(decoding: JSONValue.object(shown).serialized(), as: UTF8.self) + "\n"
            }.joined()
        case .lines(let template):
            var result = ""
            for row in rows { result += try template.render(row) + "\n" }
            return result
        case .table(let template):
            var lines = [try template.render(.object(headers), asHeader: true)]
            for row in rows { lines.append(try template.render(row.printable)) }
            return TextTable.aligned(lines)
        }
    }
}

extension JSONValue {
    /// The value with all its texts safe for a line on a terminal.
    var printable: JSONValue {
        switch self {
        case .string(let text): .string(HumanText.printable(text))
        case .array(let elements): .array(elements.map(\.printable))
        case .object(let object): .object(JSONObject(object.members.map { ($0.name, $0.value.printable) }))
        default: self
        }
    }

    /// The value as `docker inspect` prints it: four spaces of indentation.
    public var inspectText: String {
        var result = ""
        for line in String(decoding: serialized(pretty: true), as: UTF8.self).parts(UInt8(ascii: "\n"))
        where !line.isEmpty {
            // Line ends inside of texts are escaped, so every line starts with its indentation.
            result += String(repeating: " ", count: line.utf8.prefix { $0 == UInt8(ascii: " ") }.count) + line + "\n"
        }
        return result
    }
}
