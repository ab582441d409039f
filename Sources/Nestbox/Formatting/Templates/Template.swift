public import OCISpec

/// A text template in the language that Docker users know from `--format`: a subset of Go's `text/template`.
///
/// It knows fields (`{{.State.Status}}`), variables, pipelines, `if`, `with` and `range` with `else`, comments, trim
/// markers (`{{-`), string, number and truth literals, and the functions of `TemplateFunctions`.
public struct Template: Sendable {
    /// What the template does, in order.
    let nodes: [Node]

    /// Parses a template.
    ///
    /// - Parameters:
    ///   - text: The template.
    ///   - unescape: Turn `\t` and `\n` outside of actions into a tab and a line end, as Docker's lists do.
    /// - Throws: `TemplateError` naming the position.
    public init(parsing text: String, unescape: Bool = false) throws(TemplateError) {
        var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: text, unescape: unescape))
        nodes = try parser.parseAll()
    }

    /// The text for one value.
    ///
    /// - Throws: `TemplateError` when a field is missing or a function gets what it cannot use.
    public func render(_ value: JSONValue) throws(TemplateError) -> String {
        try render(value, asHeader: false)
    }

    /// The text for one value; as a header, functions that change text leave the column titles alone.
    func render(_ value: JSONValue, asHeader: Bool) throws(TemplateError) -> String {
        var evaluator = TemplateEvaluator(root: value, asHeader: asHeader)
        try evaluator.run(nodes, dot: value)
        return evaluator.output
    }

    /// One step of a template.
    indirect enum Node: Sendable {
        case text(String)
        case action(Pipeline)
        case conditional(Pipeline, then: [Node], otherwise: [Node])
        case with(Pipeline, then: [Node], otherwise: [Node])
        case range(Pipeline, body: [Node], otherwise: [Node])
    }

    /// Commands whose results are handed on from left to right.
    struct Pipeline: Sendable {
        /// The variables that are set: none, one, or (in `range`) the key's and the value's.
        var variables: [String] = []
        /// Whether they come into being here (`:=`) or exist (`=`).
        var declares = true
        var commands: [Command]
    }

    /// A function with its arguments, or a lone value.
    struct Command: Sendable {
        var operands: [Operand]
    }

    /// One word of a command.
    struct Operand: Sendable {
        var base: Base
        /// The fields that are taken of it, one after the other.
        var fields: [String]
        var position: Int
    }

    /// What an operand starts from.
    indirect enum Base: Sendable {
        case dot
        case variable(String)
        case literal(JSONValue)
        case function(String)
        case pipeline(Pipeline)
    }
}

/// Why a template cannot be used.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The character it is about, counted from 1.
    public var position: Int
    /// What is wrong.
    public var reason: String

    /// Describes an error at a character.
    public init(_ reason: String, at position: Int) {
        self.position = position
        self.reason = reason
    }

    /// One line, for example `invalid --format at character 3: there is no function "foo"`.
    public var description: String { "invalid --format at character \(position): \(reason)" }
}
