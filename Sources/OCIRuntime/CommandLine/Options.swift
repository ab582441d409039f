/// One option that a command knows.
struct Option: Sendable {
    let names: [String]
    let takesValue: Bool
    /// Why it is not accepted; nil: it is.
    let refusal: String?

    /// An option with a value: `--name value` or `--name=value`.
    static func value(_ names: String...) -> Option { Option(names: names, takesValue: true, refusal: nil) }

    /// An option without one; `--name=false` switches it off.
    static func flag(_ names: String...) -> Option { Option(names: names, takesValue: false, refusal: nil) }

    /// A flag that is refused.
    static func refused(_ name: String, _ reason: String) -> Option {
        Option(names: [name], takesValue: false, refusal: reason)
    }

    /// An option with a value that is refused.
    static func refusedValue(_ name: String, _ reason: String) -> Option {
        Option(names: [name], takesValue: true, refusal: reason)
    }
}

/// A command's arguments, sorted.
///
/// A name is what stands behind one dash or two: runc's own parser makes no difference either.
struct Options: Sendable {
    /// In their order: few enough to be looked through.
    private var values: [(name: String, value: String)] = []
    private(set) var operands: [String] = []
    /// What is left behind the first operand, where parsing stops there.
    private(set) var rest: ArraySlice<String> = []

    /// Sorts `arguments`.
    ///
    /// - Parameters:
    ///   - stopsAtOperand: everything behind the first operand belongs to that.
    ///   - seen: called after each option.
    /// - Throws: `LaunchError` for an unknown or refused option and for a missing value.
    init(
        _ arguments: ArraySlice<String>, _ known: [Option], stopsAtOperand: Bool = false,
        seen: (Options) -> Void = { _ in }
    ) throws(LaunchError) {
        var rest = arguments
        while let argument = rest.first {
            guard argument.utf8.first == UInt8(ascii: "-"), argument != "-", argument != "--" else {
                if stopsAtOperand { break }
                rest = rest.dropFirst()
                if argument == "--" {
                    operands += rest
                    return
                }
                operands.append(argument)
                continue
            }
            rest = rest.dropFirst()
            try add(argument, &rest, known)
            seen(self)
        }
        self.rest = rest
    }

    private mutating func add(
        _ argument: String, _ rest: inout ArraySlice<String>, _ known: [Option]
    ) throws(LaunchError) {
        let text = Substring(argument.utf8.drop { $0 == UInt8(ascii: "-") })
        let sign = text.utf8.firstIndex(of: UInt8(ascii: "="))
        let name = String(text[..<(sign ?? text.endIndex)])
        guard let option = known.first(where: { $0.names.contains(name) }), let key = option.names.first else {
            throw LaunchError("flag provided but not defined: \(argument)")
        }
        var value = sign.map { String(text[text.utf8.index(after: $0)...]) }
        if option.takesValue, value == nil {
            guard let next = rest.first else { throw LaunchError("flag needs an argument: \(argument)") }
            rest = rest.dropFirst()
            value = next
        }
        if !option.takesValue, let text = value, text == "false" || text == "0" { return }
        if let refusal = option.refusal { throw LaunchError("cannot use \(argument): \(refusal)") }
        values.append((key, value ?? "true"))
    }

    /// Whether a flag is on.
    func has(_ name: String) -> Bool { values.contains { $0.name == name } }

    /// The last value of an option.
    subscript(name: String) -> String? { values.last { $0.name == name }?.value }

    /// Every value of an option.
    func all(_ name: String) -> [String] {
        var all: [String] = []
        for (other, value) in values where other == name { all.append(value) }
        return all
    }

    /// The number that an option has.
    ///
    /// - Throws: `LaunchError` when it is none.
    func number<Number: FixedWidthInteger>(_ name: String, as type: Number.Type = Number.self) throws(LaunchError)
        -> Number?
    {
        guard let text = self[name] else { return nil }
        guard let number = Number(text) else { throw LaunchError("invalid value \"\(text)\" for flag -\(name)") }
        return number
    }
}
