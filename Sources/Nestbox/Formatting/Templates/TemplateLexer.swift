internal import OCISpec

/// Cuts a template into text and the words of its actions.
enum TemplateLexer {
    enum Kind: Hashable {
        case text(String)
        /// The start of an action.
        case open
        /// The end of an action.
        case close
        /// `.A.B`, or `.` alone (no fields); `glued`: it follows a `)` without white space.
        case fields([String], glued: Bool)
        /// `$x.A`, or `$` alone (empty name).
        case variable(String, [String])
        case identifier(String)
        case literal(JSONValue)
        case symbol(String)
    }

    struct Token: Hashable {
        var kind: Kind
        var position: Int
    }

    static func tokens(of text: String, unescape: Bool) throws(TemplateError) -> [Token] {
        var scanner = Scanner(characters: Array(text.unicodeScalars), unescape: unescape)
        while scanner.index < scanner.characters.count { try scanner.scanText() }
        return scanner.tokens
    }

    private struct Scanner {
        let characters: [Unicode.Scalar]
        let unescape: Bool
        var index = 0
        var tokens: [Token] = []
        var trimNext = false

        var position: Int { index + 1 }

        func starts(with text: String) -> Bool {
            let scalars = Array(text.unicodeScalars)
            return index + scalars.count <= characters.count
                && characters[index..<index + scalars.count].elementsEqual(scalars)
        }

        func isSpace(_ offset: Int) -> Bool {
            characters.indices.contains(offset) && [" ", "\t", "\r", "\n"].contains(characters[offset])
        }

        /// Text up to the next action, and that action.
        mutating func scanText() throws(TemplateError) {
            let start = index
            var text = String.UnicodeScalarView()
            while index < characters.count, !starts(with: "{{") {
                if unescape, starts(with: "\\t") || starts(with: "\\n") {
                    text.append(characters[index + 1] == "t" ? "\t" : "\n")
                    index += 2
                } else {
                    text.append(characters[index])
                    index += 1
                }
            }
            if trimNext {
                text.removeSubrange(text.startIndex..<(text.firstIndex { !$0.isTemplateSpace } ?? text.endIndex))
            }
            trimNext = false
            let open = position
            let hasAction = index < characters.count
            if hasAction {
                index += 2
                if starts(with: "-"), isSpace(index + 1) {
                    index += 1
                    while let last = text.last, last.isTemplateSpace { text.removeLast() }
                }
            }
            if !text.isEmpty { tokens.append(Token(kind: .text(String(text)), position: start + 1)) }
            guard hasAction else { return }
            var afterSpace = index
            while isSpace(afterSpace) { afterSpace += 1 }
            let here = index
            index = afterSpace
            if starts(with: "/*") { return try scanComment(open) }
            index = here
            tokens.append(Token(kind: .open, position: open))
            while try scanWord(open) {}
        }

        private mutating func scanComment(_ open: Int) throws(TemplateError) {
            while index < characters.count, !starts(with: "*/") { index += 1 }
            guard index < characters.count else { throw TemplateError("the comment is not closed by */", at: open) }
            index += 2
            let spaced = isSpace(index)
            while isSpace(index) { index += 1 }
            if spaced, starts(with: "-}}") {
                trimNext = true
                index += 1
            }
            guard starts(with: "}}") else { throw TemplateError("the comment is not followed by }}", at: open) }
            index += 2
        }

        /// One word; false at the action's end.
        private mutating func scanWord(_ open: Int) throws(TemplateError) -> Bool {
            let spaced = isSpace(index)
            while isSpace(index) { index += 1 }
            guard index < characters.count else { throw TemplateError("the action is not closed by }}", at: open) }
            let start = position
            func add(_ kind: Kind) { tokens.append(Token(kind: kind, position: start)) }
            if starts(with: "}}") || (spaced && starts(with: "-}}")) {
                trimNext = starts(with: "-")
                index += trimNext ? 3 : 2
                add(.close)
                return false
            }
            let character = characters[index]
            switch character {
            case "\"": add(.literal(.string(try scanString(start))))
            case "`": add(.literal(.string(try scanRawString(start))))
            case "|", "(", ")", ",":
                index += 1
                add(.symbol(String(character)))
            case "=":
                index += 1
                add(.symbol("="))
            case ":":
                guard starts(with: ":=") else { throw TemplateError("a : stands alone", at: start) }
                index += 2
                add(.symbol(":="))
            case "$":
                index += 1
                let name = scanName()
                add(.variable(name, try scanFields()))
            case "." where !(characters.indices.contains(index + 1) && characters[index + 1].isDigit):
                let glued = !spaced && tokens.last?.kind == .symbol(")")
                add(.fields(try scanFields(), glued: glued))
            default:
                if character.isDigit || ["-", "+", "."].contains(character) {
                    add(.literal(try scanNumber(start)))
                } else if character.isNameStart {
                    add(word(scanName()))
                } else {
                    throw TemplateError("unexpected \(ConfigurationError.quoted(String(character)))", at: start)
                }
            }
            return true
        }

        private func word(_ name: String) -> Kind {
            switch name {
            case "true": .literal(true)
            case "false": .literal(false)
            case "nil": .literal(nil)
            default: .identifier(name)
            }
        }

        private mutating func scanName() -> String {
            var name = String.UnicodeScalarView()
            while index < characters.count, characters[index].isNameStart || characters[index].isDigit {
                name.append(characters[index])
                index += 1
            }
            return String(name)
        }

        /// `.A.B` from its first dot on; a dot that no name follows ends it.
        private mutating func scanFields() throws(TemplateError) -> [String] {
            var fields: [String] = []
            while starts(with: ".") {
                index += 1
                let name = scanName()
                if name.isEmpty {
                    guard fields.isEmpty, !starts(with: ".") else {
                        throw TemplateError("a field's name is missing after the dot", at: position)
                    }
                    break
                }
                fields.append(name)
            }
            return fields
        }

        private mutating func scanString(_ start: Int) throws(TemplateError) -> String {
            var text = String.UnicodeScalarView()
            index += 1
            while index < characters.count, characters[index] != "\n" {
                let character = characters[index]
                index += 1
                if character == "\"" { return String(text) }
                guard character == "\\" else {
                    text.append(character)
                    continue
                }
                guard index < characters.count else { break }
                switch characters[index] {
                case "n": text.append("\n")
                case "t": text.append("\t")
                case "r": text.append("\r")
                case "\\", "\"", "'": text.append(characters[index])
                default:
                    throw TemplateError("there is no escape \\\(characters[index])", at: position)
                }
                index += 1
            }
            throw TemplateError("the string is not closed by a quote", at: start)
        }

        private mutating func scanRawString(_ start: Int) throws(TemplateError) -> String {
            var text = String.UnicodeScalarView()
            index += 1
            while index < characters.count {
                let character = characters[index]
                index += 1
                if character == "`" { return String(text) }
                text.append(character)
            }
            throw TemplateError("the string is not closed by a back quote", at: start)
        }

        private mutating func scanNumber(_ start: Int) throws(TemplateError) -> JSONValue {
            var text = String.UnicodeScalarView()
            while index < characters.count {
                let character = characters[index]
                let sign = character == "-" || character == "+"
                guard character.isDigit || character.isNameStart || character == "." || sign else { break }
                if sign, let last = text.last, last != "e" && last != "E" { break }
                text.append(character)
                index += 1
            }
            let word = String(text)
            if let number = Int64(word) { return .integer(number) }
            if word.unicodeScalars.allSatisfy({ $0.isDigit || "+-.eE".unicodeScalars.contains($0) }),
                let number = Double(word), number.isFinite
            {
                return .number(number)
            }
            throw TemplateError("\(ConfigurationError.quoted(word)) is no number", at: start)
        }
    }
}

extension Unicode.Scalar {
    var isTemplateSpace: Bool { self == " " || self == "\t" || self == "\r" || self == "\n" }
    var isDigit: Bool { ("0"..."9").contains(self) }
    var isNameStart: Bool { self == "_" || properties.isAlphabetic }
}
