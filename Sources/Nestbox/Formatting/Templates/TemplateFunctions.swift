internal import OCISpec

/// What a template can call: Go's own functions and those that Docker adds.
enum TemplateFunctions {
    static let names: Set<String> = [
        "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice", "print", "println", "printf",
        "json", "join", "split", "lower", "upper", "title", "pad", "truncate",
    ]

    static func call(
        _ name: String, _ arguments: [JSONValue], at position: Int, asHeader: Bool
    ) throws(TemplateError) -> JSONValue {
        let call = Call(name: name, arguments: arguments, position: position)
        switch name {
        case "not":
            return .bool(!(try call.exactly(1)[0].isTrue))
        case "eq", "ne", "lt", "le", "gt", "ge":
            return .bool(try call.compare())
        case "len":
            return try call.length()
        case "index":
            return try call.element()
        case "slice":
            return try call.slice()
        case "print":
            return .string(call.joined(spaceAlways: false))
        case "println":
            return .string(call.joined(spaceAlways: true) + "\n")
        case "printf":
            return .string(try call.formatted())
        case "json" where !asHeader:
            return .string(String(decoding: try call.exactly(1)[0].serialized(), as: UTF8.self))
        case "join" where !asHeader:
            let (list, separator) = (try call.exactly(2)[0], try call.text(1))
            guard case .array(let elements) = list else { throw call.error("needs a list, this is \(list.kind)") }
            return .string(elements.map(\.templateText).joined(separator: separator))
        case "split":
            return .array(try call.split().map { .string($0) })
        case "lower" where !asHeader:
            return .string(try call.text(0, of: 1).lowercased())
        case "upper" where !asHeader:
            return .string(try call.text(0, of: 1).uppercased())
        case "title" where !asHeader:
            return .string(try call.title())
        case "truncate" where !asHeader:
            return .string(String(try call.text(0, of: 2).prefix(try call.number(1))))
        case "pad":
            return .string(
                String(repeating: " ", count: try call.number(1)) + (try call.text(0, of: 3))
                    + String(repeating: " ", count: try call.number(2)))
        default:
            // The functions that change text, over a column's title.
            guard let title = arguments.first else { throw call.error("needs arguments") }
            return title
        }
    }

    /// One call, with what checks its arguments.
    struct Call {
        let name: String
        let arguments: [JSONValue]
        let position: Int

        func error(_ reason: String) -> TemplateError { TemplateError("\(name) \(reason)", at: position) }

        func exactly(_ count: Int) throws(TemplateError) -> [JSONValue] {
            guard arguments.count == count else {
                throw error("needs \(count) argument\(count == 1 ? "" : "s"), not \(arguments.count)")
            }
            return arguments
        }

        func text(_ index: Int, of count: Int = 2) throws(TemplateError) -> String {
            let value = try exactly(count)[index]
            guard case .string(let text) = value else { throw error("needs text, this is \(value.kind)") }
            return text
        }

        /// A count of at most 10,000.
        func number(_ index: Int) throws(TemplateError) -> Int {
            guard arguments.indices.contains(index), case .integer(let number) = arguments[index],
                (0...10_000).contains(number)
            else { throw error("needs a number from 0 to 10000") }
            return Int(number)
        }

        func split() throws(TemplateError) -> [String] {
            let (text, separator) = (Array(try text(0).unicodeScalars), Array(try text(1).unicodeScalars))
            guard !separator.isEmpty else { return text.map { String($0) } }
            var parts: [String] = []
            var part = String.UnicodeScalarView()
            var index = 0
            while index < text.count {
                if text[index...].starts(with: separator) {
                    parts.append(String(part))
                    part = String.UnicodeScalarView()
                    index += separator.count
                } else {
                    part.append(text[index])
                    index += 1
                }
            }
            return parts + [String(part)]
        }

        func title() throws(TemplateError) -> String {
            var result = ""
            var startsWord = true
            for character in try text(0, of: 1) {
                result += startsWord ? character.uppercased() : String(character)
                startsWord = !(character.isLetter || character.isNumber || character == "_" || character == "'")
            }
            return result
        }

        func length() throws(TemplateError) -> JSONValue {
            let value = try exactly(1)[0]
            switch value {
            case .string(let text): return .integer(Int64(text.utf8.count))
            case .array(let elements): return .integer(Int64(elements.count))
            case .object(let object): return .integer(Int64(object.count))
            case .null: return 0
            default: throw error("of \(value.kind) is not defined")
            }
        }

        /// `index X a b` is X[a][b]; a missing key of a map of texts is empty text, as in Go.
        func element() throws(TemplateError) -> JSONValue {
            guard var value = arguments.first else { throw error("needs arguments") }
            for key in arguments.dropFirst() {
                switch (value, key) {
                case (.array(let elements), .integer(let number)):
                    guard let place = Int(exactly: number), elements.indices.contains(place) else {
                        throw error("\(number) is out of range: the list has \(elements.count) elements")
                    }
                    value = elements[place]
                case (.object(let object), .string(let name)):
                    let holdsText = object.members.allSatisfy { if case .string = $0.value { true } else { false } }
                    value = object[name] ?? (holdsText ? .string("") : .null)
                case (.null, .string):
                    value = .string("")
                default:
                    throw error("cannot look up \(key.kind) in \(value.kind)")
                }
            }
            return value
        }

        /// `slice X from to`, over a list or over the bytes of a text.
        func slice() throws(TemplateError) -> JSONValue {
            guard let value = arguments.first, arguments.count <= 3 else { throw error("needs one to three arguments") }
            let count: Int
            switch value {
            case .array(let elements): count = elements.count
            case .string(let text): count = text.utf8.count
            default: throw error("needs a list or text, this is \(value.kind)")
            }
            var bounds = [0, count]
            for (index, argument) in arguments.dropFirst().enumerated() {
                guard case .integer(let number) = argument, let bound = Int(exactly: number),
                    (0...count).contains(bound)
                else { throw error("\(argument.templateText) is out of range: there are \(count) elements") }
                bounds[index] = bound
            }
            guard bounds[0] <= bounds[1] else { throw error("the start \(bounds[0]) is behind the end \(bounds[1])") }
            switch value {
            case .array(let elements): return .array(Array(elements[bounds[0]..<bounds[1]]))
            case .string(let text):
                return .string(String(decoding: Array(text.utf8)[bounds[0]..<bounds[1]], as: UTF8.self))
            default: return .null
            }
        }

        /// As Go's `Sprint` (a space between two values neither of which is text) or `Sprintln`.
        func joined(spaceAlways: Bool) -> String {
            var result = ""
            var lastIsText = true
            for (index, value) in arguments.enumerated() {
                let isText = if case .string = value { true } else { false }
                if index > 0, spaceAlways || (!isText && !lastIsText) { result += " " }
                result += value.templateText
                lastIsText = isText
            }
            return result
        }
    }
}
