/// Numbers as Docker's flags take them.
public enum OptionNumber {
    /// A size in bytes, by Docker's rules: `1024`, `512k`, `1.5g`, `64MiB`, `100 mb`; every unit is a power of 1,024.
    ///
    /// - Throws: `ConfigurationError` when it is no size, negative, or more than 2⁶³ - 1 bytes.
    public static func bytes(_ text: String, option: String) throws(ConfigurationError) -> Int64 {
        let accepted = "give bytes, or a number with b, k, m or g, like 512m"
        let end = text.lastIndex { $0.isASCIIDigit || $0 == "." }
        guard let end, text.first?.isASCIIDigit == true else {
            let reason =
                text.first == "-" && text.dropFirst().first?.isASCIIDigit == true
                ? "a size cannot be negative" : "it is no size"
            throw ConfigurationError(option, text, reason, accepted: accepted)
        }
        let number = text[...end]
        var unit = text[text.index(after: end)...]
        if unit.first == " " { unit = unit.dropFirst() }
        guard let factor = unitFactor(unit) else {
            throw ConfigurationError(
                option, text, "unknown unit \(ConfigurationError.quoted(String(unit)))", accepted: accepted)
        }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ $0.allSatisfy(\.isASCIIDigit) }) else {
            throw ConfigurationError(option, text, "it is no size", accepted: accepted)
        }
        let fraction = parts.count == 2 ? Double("0.\(parts[1])0") ?? 0 : 0
        guard let whole = Int64(parts[0]) else { throw tooLarge(option, text) }
        let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
        let (sum, overflow2) = product.addingReportingOverflow(Int64(fraction * Double(factor)))
        if overflow || overflow2 { throw tooLarge(option, text) }
        return sum
    }

    private static func tooLarge(_ option: String, _ text: String) -> ConfigurationError {
        ConfigurationError(option, text, "it is more than 9223372036854775807 bytes")
    }

    /// What a unit multiplies by: none, `b`, or `k`, `m`, `g`, `t`, `p` with or without `b` or `ib`, in any case.
    private static func unitFactor(_ unit: Substring) -> Int64? {
        let lower = unit.asciiLowercased
        if lower.isEmpty || lower == "b" { return 1 }
        guard let first = lower.first, let power = ["k", "m", "g", "t", "p"].firstIndex(of: first),
            ["", "b", "ib"].contains(String(lower.dropFirst()))
        else { return nil }
        return 1 << (10 * Int64(power + 1))
    }

    /// Processors in billionths, from a decimal number such as `1.5`; nil for 0, which sets no limit.
    ///
    /// - Throws: `ConfigurationError` when it is no number, below 0.01, too precise, or out of range.
    public static func nanoCPUs(_ text: String, option: String) throws(ConfigurationError) -> Int64? {
        let accepted = "give a number of processors of at least 0.01, like 1.5"
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard !parts.isEmpty, parts.allSatisfy({ $0.allSatisfy(\.isASCIIDigit) }),
            parts.contains(where: { !$0.isEmpty })
        else {
            throw ConfigurationError(option, text, "it is no decimal number", accepted: accepted)
        }
        var fraction = parts.count == 2 ? String(parts[1]) : ""
        while fraction.last == "0" { fraction.removeLast() }
        guard fraction.count <= 9 else {
            throw ConfigurationError(option, text, "more than 9 decimal places", accepted: accepted)
        }
        fraction += String(repeating: "0", count: 9 - fraction.count)
        let digits = String(parts[0]) + fraction
        guard let nano = Int64(digits), nano <= 1_000_000 * 1_000_000_000 else {
            throw ConfigurationError(option, text, "more than 1000000 processors", accepted: accepted)
        }
        if nano == 0 { return nil }
        guard nano >= 10_000_000 else {
            throw ConfigurationError(option, text, "the kernel divides a processor no finer", accepted: accepted)
        }
        return nano
    }

    /// A whole number within `range`.
    ///
    /// - Throws: `ConfigurationError`.
    public static func integer<Value: FixedWidthInteger & Sendable>(
        _ text: String, option: String, in range: ClosedRange<Value>, meaning: String? = nil
    ) throws(ConfigurationError) -> Value {
        let digits = text.first == "-" ? text.dropFirst() : text[...]
        let accepted =
            "give a number from \(range.lowerBound) to \(range.upperBound)" + (meaning.map { " (\($0))" } ?? "")
        guard !digits.isEmpty, digits.allSatisfy(\.isASCIIDigit) else {
            throw ConfigurationError(option, text, "it is no whole number", accepted: accepted)
        }
        guard let value = Value(text), range.contains(value) else {
            throw ConfigurationError(option, text, "it is out of range", accepted: accepted)
        }
        return value
    }

    /// A truth value in the forms that Go's flags take: `true`, `1`, `t`, `false`, `0`, `f`, also in capitals.
    ///
    /// - Throws: `ConfigurationError`.
    public static func boolean(_ text: String, option: String) throws(ConfigurationError) -> Bool {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw ConfigurationError(option, text, "it is neither true nor false", accepted: "give true or false")
        }
    }

    /// A list of numbers such as `0-2,4`, checked and given back as it is.
    ///
    /// - Throws: `ConfigurationError`.
    public static func list(_ text: String, option: String) throws(ConfigurationError) -> String {
        let accepted = "give numbers and ranges separated by commas, like 0-2,4"
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let numbers = ends.compactMap { $0.allSatisfy(\.isASCIIDigit) ? UInt16($0) : nil }
            guard numbers.count == ends.count, let first = numbers.first, let last = numbers.last else {
                throw ConfigurationError(option, text, "it is no list of numbers", accepted: accepted)
            }
            guard first <= last else {
                throw ConfigurationError(option, text, "the range \(part) runs backwards", accepted: accepted)
            }
        }
        return text
    }
}
