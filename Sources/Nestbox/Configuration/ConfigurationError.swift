/// A value of an option that cannot be used.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The option as it was written: `--memory`.
    public var option: String
    /// The value as it was given.
    public var value: String
    /// What is wrong with it.
    public var reason: String
    /// What is accepted, as a clause; nil where the reason says it all.
    public var accepted: String?

    /// Describes an unusable value.
    public init(_ option: String, _ value: String, _ reason: String, accepted: String? = nil) {
        self.option = option
        self.value = value
        self.reason = reason
        self.accepted = accepted
    }

    /// One line, for example
    /// `invalid value "12q" for --memory: unknown unit "q"; give bytes, or a number with b, k, m or g, like 512m`.
    public var description: String {
        "invalid value \(Self.quoted(value)) for \(option): \(reason)" + (accepted.map { "; \($0)" } ?? "")
    }

    /// `text` in double quotes on one line: control characters escaped, cut after 200 characters.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == 200 {
                result += "…"
                break
            }
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7f {
                    result += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
