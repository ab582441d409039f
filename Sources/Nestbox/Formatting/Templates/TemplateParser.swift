internal import OCISpec

/// Turns words into a template's steps.
struct TemplateParser {
    let tokens: [TemplateLexer.Token]
    private var index = 0
    /// The variables that can be seen here.
    private var scope: [String] = [""]
    private var depth = 0

    init(tokens: [TemplateLexer.Token]) {
        self.tokens = tokens
    }

    mutating func parseAll() throws(TemplateError) -> [Template.Node] {
        let (nodes, end) = try parseNodes()
        if let end { throw TemplateError("there is nothing for this \(end.word) to end", at: end.position) }
        return nodes
    }

    /// The word that ended a list of steps.
    private struct End {
        var word: String
        var position: Int
        /// `else` that another `if` or `with` follows at once.
        var chained: String?
    }

    private mutating func parseNodes() throws(TemplateError) -> ([Template.Node], End?) {
        var nodes: [Template.Node] = []
        while index < tokens.count {
            let token = tokens[index]
            index += 1
            if case .text(let text) = token.kind {
                nodes.append(.text(text))
                continue
            }
            guard case .identifier(let word) = tokens[index].kind else {
                nodes.append(.action(try parsePipeline(ofRange: false)))
                try expectClose()
                continue
            }
            switch word {
            case "end":
                index += 1
                try expectClose()
                return (nodes, End(word: word, position: token.position))
            case "else":
                index += 1
                if case .identifier(let next) = tokens[index].kind, next == "if" || next == "with" {
                    return (nodes, End(word: word, position: token.position, chained: next))
                }
                try expectClose()
                return (nodes, End(word: word, position: token.position))
            case "if", "with", "range":
                nodes.append(try parseBlock(word, at: token.position))
            case "define", "template", "block", "break", "continue":
                throw TemplateError("{{\(word)}} is not supported", at: token.position)
            default:
                nodes.append(.action(try parsePipeline(ofRange: false)))
                try expectClose()
            }
        }
        return (nodes, nil)
    }

    /// From the keyword, which is the next word, to its `end`.
    private mutating func parseBlock(_ word: String, at position: Int) throws(TemplateError) -> Template.Node {
        index += 1
        depth += 1
        let outer = scope.count
        defer {
            depth -= 1
            scope.removeLast(scope.count - outer)
        }
        guard depth < 100 else { throw TemplateError("more than 100 blocks lie in one another", at: position) }
        let pipeline = try parsePipeline(ofRange: word == "range")
        try expectClose()
        let inner = scope.count
        let (body, end) = try parseNodes()
        scope.removeLast(scope.count - inner)
        guard let end else { throw TemplateError("this {{\(word)}} has no {{end}}", at: position) }
        var otherwise: [Template.Node] = []
        if end.word == "else" {
            if let chained = end.chained {
                guard chained == word else {
                    throw TemplateError("{{else \(chained)}} does not go with {{\(word)}}", at: end.position)
                }
                otherwise = [try parseBlock(chained, at: end.position)]
            } else {
                let (nodes, last) = try parseNodes()
                guard let last else { throw TemplateError("this {{\(word)}} has no {{end}}", at: position) }
                guard last.word == "end" else { throw TemplateError("a second {{else}}", at: last.position) }
                otherwise = nodes
            }
        }
        switch word {
        case "if": return .conditional(pipeline, then: body, otherwise: otherwise)
        case "with": return .with(pipeline, then: body, otherwise: otherwise)
        default: return .range(pipeline, body: body, otherwise: otherwise)
        }
    }

    private mutating func expectClose() throws(TemplateError) {
        let token = tokens[index]
        guard token.kind == .close else {
            throw TemplateError("unexpected word; }} should come here", at: token.position)
        }
        index += 1
    }

    private mutating func parsePipeline(ofRange: Bool) throws(TemplateError) -> Template.Pipeline {
        var pipeline = Template.Pipeline(commands: [])
        try parseVariables(into: &pipeline, ofRange: ofRange)
        repeat {
            pipeline.commands.append(try parseCommand(isFirst: pipeline.commands.isEmpty))
        } while take("|")
        if pipeline.declares { scope += pipeline.variables }
        return pipeline
    }

    /// `$x :=`, `$x =` or `$key, $value :=`, if that is what stands here.
    private mutating func parseVariables(into pipeline: inout Template.Pipeline, ofRange: Bool) throws(TemplateError) {
        let start = index
        guard case .variable(let first, []) = tokens[index].kind else { return }
        index += 1
        var names = [first]
        if ofRange, take(",") {
            guard case .variable(let second, []) = tokens[index].kind else {
                throw TemplateError("a variable should follow the comma", at: tokens[index].position)
            }
            index += 1
            names.append(second)
        }
        let declares = take(":=")
        guard declares || take("=") else {
            guard names.count == 1 else { throw TemplateError("a := should come here", at: tokens[index].position) }
            index = start
            return
        }
        for name in names {
            guard !name.isEmpty else { throw TemplateError("$ itself cannot be set", at: tokens[start].position) }
            guard declares || scope.contains(name) else {
                throw TemplateError("there is no variable $\(name)", at: tokens[start].position)
            }
        }
        pipeline.variables = names
        pipeline.declares = declares
    }

    private mutating func take(_ symbol: String) -> Bool {
        guard tokens[index].kind == .symbol(symbol) else { return false }
        index += 1
        return true
    }

    private mutating func parseCommand(isFirst: Bool) throws(TemplateError) -> Template.Command {
        var operands: [Template.Operand] = []
        let start = tokens[index].position
        while let operand = try parseOperand() { operands.append(operand) }
        guard let first = operands.first else { throw TemplateError("a value is missing", at: start) }
        if case .function = first.base { return Template.Command(operands: operands) }
        guard operands.count == 1 || (operands.count == 2 && first.fields.last == "Label") else {
            throw TemplateError("this is no function and takes no arguments", at: first.position)
        }
        guard isFirst else { throw TemplateError("only a function can follow a |", at: first.position) }
        return Template.Command(operands: operands)
    }

    private mutating func parseOperand() throws(TemplateError) -> Template.Operand? {
        let token = tokens[index]
        index += 1
        switch token.kind {
        case .fields(let fields, _):
            return Template.Operand(base: .dot, fields: fields, position: token.position)
        case .variable(let name, let fields):
            guard scope.contains(name) else { throw TemplateError("there is no variable $\(name)", at: token.position) }
            return Template.Operand(base: .variable(name), fields: fields, position: token.position)
        case .literal(let value):
            return Template.Operand(base: .literal(value), fields: [], position: token.position)
        case .identifier(let name):
            guard TemplateFunctions.names.contains(name) else {
                throw TemplateError("there is no function \(ConfigurationError.quoted(name))", at: token.position)
            }
            return Template.Operand(base: .function(name), fields: [], position: token.position)
        case .symbol("("):
            depth += 1
            defer { depth -= 1 }
            guard depth < 100 else {
                throw TemplateError("more than 100 parentheses lie in one another", at: token.position)
            }
            let pipeline = try parsePipeline(ofRange: false)
            guard take(")") else { throw TemplateError("the ( is not closed", at: token.position) }
            var fields: [String] = []
            if case .fields(let names, glued: true) = tokens[index].kind {
                fields = names
                index += 1
            }
            return Template.Operand(base: .pipeline(pipeline), fields: fields, position: token.position)
        case .text, .open, .close, .symbol:
            index -= 1
            return nil
        }
    }
}
