internal import OCISpec

extension TemplateFunctions.Call {
    /// The comparison that the function's name says; `eq` with more than two arguments asks whether the first equals any other.
    func compare() throws(TemplateError) -> Bool {
        guard let first = arguments.first, arguments.count >= 2, arguments.count == 2 || name == "eq" else {
            throw error(name == "eq" ? "needs two or more arguments" : "needs 2 arguments, not \(arguments.count)")
        }
        for other in arguments.dropFirst() {
            let holds: Bool
            switch name {
            case "eq": holds = try areEqual(first, other)
            case "ne": holds = !(try areEqual(first, other))
            case "lt": holds = try isLess(first, other)
            case "le": holds = !(try isLess(other, first))
            case "gt": holds = try isLess(other, first)
            default: holds = !(try isLess(first, other))
            }
            if holds { return true }
        }
        return false
    }

    private func areEqual(_ left: JSONValue, _ right: JSONValue) throws(TemplateError) -> Bool {
        switch (left, right) {
        case (.null, _), (_, .null): return left == right
        case (.bool(let left), .bool(let right)): return left == right
        case (.string(let left), .string(let right)): return left == right
        case (.array, _), (.object, _), (_, .array), (_, .object): break
        default:
            if let order = Self.order(left, right) { return order == 0 }
        }
        throw error("cannot compare \(left.kind) with \(right.kind)")
    }

    private func isLess(_ left: JSONValue, _ right: JSONValue) throws(TemplateError) -> Bool {
        if case (.string(let left), .string(let right)) = (left, right) {
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        }
        guard let order = Self.order(left, right) else { throw error("cannot compare \(left.kind) with \(right.kind)") }
        return order < 0
    }

    /// -1, 0 or 1 for two numbers; nil when one is none.
    private static func order(_ left: JSONValue, _ right: JSONValue) -> Int? {
        func integer(_ value: JSONValue) -> Int64? { if case .integer(let number) = value { number } else { nil } }
        func number(_ value: JSONValue) -> Double? {
            switch value {
            case .integer(let number): Double(number)
            case .unsigned(let number): Double(number)
            case .number(let number): number
            default: nil
            }
        }
        if let left = integer(left), let right = integer(right) { return left < right ? -1 : (left == right ? 0 : 1) }
        guard let left = number(left), let right = number(right) else { return nil }
        return left < right ? -1 : (left == right ? 0 : 1)
    }

    /// `printf`: the verbs `%s %v %d %q %t %x %%`, with `-`, `0` and a width.
    func formatted() throws(TemplateError) -> String {
        guard case .string(let format)? = arguments.first else { throw error("needs a format") }
        var values = arguments.dropFirst()
        var result = ""
        var rest = Substring(format)
        while let character = rest.popFirst() {
            guard character == "%" else {
                result.append(character)
                continue
            }
            let flags = rest.prefix { $0 == "-" || $0 == "0" }
            rest = rest.dropFirst(flags.count)
            let digits = rest.prefix(while: \.isASCIIDigit)
            rest = rest.dropFirst(digits.count)
            guard let verb = rest.popFirst() else { throw error("format ends inside a verb") }
            if verb == "%" {
                result += "%"
                continue
            }
            guard "svdqtx".contains(verb) else { throw error("does not know the verb %\(verb)") }
            guard let value = values.popFirst() else { throw error("has fewer arguments than verbs") }
            let text = try convert(value, verb)
            let width = digits.isEmpty ? 0 : (Int(digits) ?? .max)
            guard width <= 10_000 else { throw error("width is above 10000") }
            let padding = max(0, width - text.unicodeScalars.count)
            if flags.contains("-") {
                result += text + String(repeating: " ", count: padding)
            } else if flags.contains("0"), text.first == "-" {
                result += "-" + String(repeating: "0", count: padding) + text.dropFirst()
            } else {
                result += String(repeating: flags.contains("0") ? "0" : " ", count: padding) + text
            }
        }
        guard values.isEmpty else { throw error("has more arguments than verbs") }
        return result
    }

    private func convert(_ value: JSONValue, _ verb: Character) throws(TemplateError) -> String {
        switch (verb, value) {
        case ("s", _), ("v", _): return value.templateText
        case ("q", _): return ConfigurationError.quoted(value.templateText)
        case ("t", .bool), ("d", .integer), ("d", .unsigned): return value.templateText
        case ("x", .integer(let number)): return String(number, radix: 16)
        case ("x", .string(let text)): return Hexadecimal.text(of: text.utf8)
        default: throw error("cannot write \(value.kind) as %\(verb)")
        }
    }
}
