internal import OCISpec

/// Carries out a template's steps.
struct TemplateEvaluator {
    var output = ""
    private var variables: [(name: String, value: JSONValue)]
    private let asHeader: Bool

    init(root: JSONValue, asHeader: Bool) {
        variables = [("", root)]
        self.asHeader = asHeader
    }

    mutating func run(_ nodes: [Template.Node], dot: JSONValue) throws(TemplateError) {
        for node in nodes {
            let outer = variables.count
            switch node {
            case .text(let text):
                output += text
            case .action(let pipeline):
                let value = try evaluate(pipeline, dot: dot)
                if pipeline.variables.isEmpty { output += value.templateText }
                // A variable of an action lives on until its block ends.
                continue
            case .conditional(let pipeline, let then, let otherwise):
                let value = try evaluate(pipeline, dot: dot)
                try run(value.isTrue ? then : otherwise, dot: dot)
            case .with(let pipeline, let then, let otherwise):
                let value = try evaluate(pipeline, dot: dot)
                try run(value.isTrue ? then : otherwise, dot: value.isTrue ? value : dot)
            case .range(let pipeline, let body, let otherwise):
                try runRange(pipeline, body, otherwise, dot: dot)
            }
            variables.removeLast(variables.count - outer)
        }
    }

    private mutating func runRange(
        _ pipeline: Template.Pipeline, _ body: [Template.Node], _ otherwise: [Template.Node], dot: JSONValue
    ) throws(TemplateError) {
        var plain = pipeline
        plain.variables = []
        let value = try evaluate(plain, dot: dot)
        let position = pipeline.commands.first?.operands.first?.position ?? 1
        let elements: [(key: JSONValue, value: JSONValue)]
        switch value {
        case .array(let values): elements = values.enumerated().map { (.integer(Int64($0.offset)), $0.element) }
        case .object(let object): elements = object.sorted.map { (.string($0.name), $0.value) }
        case .null: elements = []
        default: throw TemplateError("range needs a list or a map, this is \(value.kind)", at: position)
        }
        if elements.isEmpty { return try run(otherwise, dot: dot) }
        for element in elements {
            let outer = variables.count
            if pipeline.variables.count == 2 {
                set(pipeline.variables[0], to: element.key, declares: pipeline.declares)
            }
            if let name = pipeline.variables.last { set(name, to: element.value, declares: pipeline.declares) }
            try run(body, dot: element.value)
            variables.removeLast(variables.count - outer)
        }
    }

    private mutating func set(_ name: String, to value: JSONValue, declares: Bool) {
        if !declares, let place = variables.lastIndex(where: { $0.name == name }) {
            variables[place].value = value
        } else {
            variables.append((name, value))
        }
    }

    private mutating func evaluate(_ pipeline: Template.Pipeline, dot: JSONValue) throws(TemplateError) -> JSONValue {
        var result: JSONValue?
        for command in pipeline.commands { result = try evaluate(command, dot: dot, last: result) }
        let value = result ?? .null
        for name in pipeline.variables { set(name, to: value, declares: pipeline.declares) }
        return value
    }

    private mutating func evaluate(
        _ command: Template.Command, dot: JSONValue, last: JSONValue?
    ) throws(TemplateError) -> JSONValue {
        let first = command.operands[0]
        guard case .function(let name) = first.base else {
            guard command.operands.count == 2, first.fields.last == "Label" else {
                return try evaluate(first, dot: dot)
            }
            // Docker's only field with an argument; its column has the key for its title.
            let key = try evaluate(command.operands[1], dot: dot)
            guard !asHeader, case .string(let name) = key else { return key }
            guard case .object(let labels) = try evaluate(first, dot: dot) else { return "" }
            return labels[name] ?? ""
        }
        // `and` and `or` stop at the first argument that decides.
        if name == "and" || name == "or" {
            var value: JSONValue = .null
            for operand in command.operands.dropFirst() {
                value = try evaluate(operand, dot: dot)
                if value.isTrue == (name == "or") { return value }
            }
            guard command.operands.count > 1 || last != nil else {
                throw TemplateError("\(name) needs arguments", at: first.position)
            }
            return last ?? value
        }
        var arguments: [JSONValue] = []
        for operand in command.operands.dropFirst() { arguments.append(try evaluate(operand, dot: dot)) }
        if let last { arguments.append(last) }
        return try TemplateFunctions.call(name, arguments, at: first.position, asHeader: asHeader)
    }

    private mutating func evaluate(_ operand: Template.Operand, dot: JSONValue) throws(TemplateError) -> JSONValue {
        var value: JSONValue
        switch operand.base {
        case .dot: value = dot
        case .variable(let name): value = variables.last { $0.name == name }?.value ?? .null
        case .literal(let literal): value = literal
        case .function(let name):
            value = try TemplateFunctions.call(name, [], at: operand.position, asHeader: asHeader)
        case .pipeline(let pipeline):
            let outer = variables.count
            value = try evaluate(pipeline, dot: dot)
            variables.removeLast(variables.count - outer)
        }
        for (index, field) in operand.fields.enumerated() {
            guard case .object(let object) = value else {
                throw TemplateError(
                    "there is no field \(field) in \(Self.path(operand, upTo: index)), which is \(value.kind)",
                    at: operand.position)
            }
            if let member = object[field] {
                value = member
            } else if Self.pointers.contains(field) {
                value = .null
            } else if field.first?.isASCII == true, field.first?.isLowercase == true {
                // Go tells fields of structures, which must exist, from keys of maps, which need not. Docker writes the
                // first kind with a capital letter.
                value = .null
            } else {
                let names = object.members.map(\.name).sorted().joined(separator: ", ")
                throw TemplateError(
                    "there is no field \(field) in \(Self.path(operand, upTo: index)); there are: \(names)",
                    at: operand.position)
            }
        }
        return value
    }

    /// Fields that Docker's structures have as pointers, nil for most containers: scripts ask `{{if .State.Health}}`.
    private static let pointers: Set<String> = ["Health", "Healthcheck"]

    private static func path(_ operand: Template.Operand, upTo count: Int) -> String {
        let fields = operand.fields.prefix(count).map { "." + $0 }.joined()
        switch operand.base {
        case .variable(let name): return "$\(name)\(fields)"
        case .pipeline: return "(…)\(fields)"
        default: return fields.isEmpty ? "." : fields
        }
    }
}

extension JSONObject {
    /// The members by name, as Go walks a map.
    var sorted: [(name: String, value: JSONValue)] { members.sorted { $0.name < $1.name } }
}

extension JSONValue {
    /// Whether `if` takes it for true: everything but false, zero, nothing and what is empty.
    var isTrue: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .unsigned: true
        case .number(let value): value != 0
        case .string(let text): !text.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object(let object): !object.isEmpty
        }
    }

    /// The value as Go prints it: text bare, lists as `[a b]`, maps as `map[k:v]`.
    var templateText: String {
        switch self {
        case .null: "<no value>"
        case .bool(let value): String(value)
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .number(let value): HumanText.shortest(value)
        case .string(let text): text
        case .array(let elements): "[" + elements.map(\.templateText).joined(separator: " ") + "]"
        case .object(let object):
            "map[" + object.sorted.map { "\($0.name):\($0.value.templateText)" }.joined(separator: " ") + "]"
        }
    }
}
