extension JSONParser {
    /// The string that starts at the current quotation mark.
    mutating func string() throws(JSONError) -> String {
        let opening = index
        index += 1
        let start = index
        var union: UInt8 = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                let content = bytes[start..<index]
                index += 1
                // ASCII needs no validation, which costs more than all the rest.
                return union < 0x80 ? String(decoding: content, as: UTF8.self) : try text(content, from: opening)
            }
            if byte == UInt8(ascii: "\\") {
                return try escapedString(from: opening)
            }
            guard byte >= 0x20 else { throw error("an unescaped control character in a string (\(found))") }
            union |= byte
            index += 1
        }
        throw error("a string without its closing quotation mark", at: opening)
    }

    /// The rest of a string that has escapes: `index` is at the first of them.
    private mutating func escapedString(from opening: Int) throws(JSONError) -> String {
        var content = Array(bytes[opening + 1..<index])
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return try text(content[...], from: opening)
            case UInt8(ascii: "\\"):
                try escape(into: &content)
            case 0..<0x20:
                throw error("an unescaped control character in a string (\(found))")
            default:
                content.append(byte)
                index += 1
            }
        }
        throw error("a string without its closing quotation mark", at: opening)
    }

    private func text(_ content: ArraySlice<UInt8>, from opening: Int) throws(JSONError) -> String {
        guard let text = String(validating: content, as: UTF8.self) else {
            throw error("a string that is not UTF-8", at: opening)
        }
        return text
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONError) {
        let start = index
        guard index + 1 < bytes.count else { throw error("a string without its closing quotation mark") }
        let letter = bytes[index + 1]
        index += 2
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(letter)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try unicodeEscape(from: start)
            content.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default:
            throw error("an unknown escape in a string", at: start)
        }
    }

    /// The character of `\uXXXX` or of a pair of them; `index` is behind the first `u`.
    private mutating func unicodeEscape(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try fourHexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, bytes.count - index >= 2, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { throw error("half of a surrogate pair in a string", at: start) }
        index += 2
        let second = try fourHexDigits()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + ((first & 0x3FF) << 10 | (second & 0x3FF)))
        else { throw error("half of a surrogate pair in a string", at: start) }
        return scalar
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard index < bytes.count else { throw error("expected four hexadecimal digits after \\u") }
            let digit: UInt8
            switch bytes[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[index] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[index] - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = bytes[index] - UInt8(ascii: "A") + 10
            default: throw error("expected four hexadecimal digits after \\u, found \(found)")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}

extension JSONParser {
    /// The longest number that is read: every `Double` can be written exactly in fewer bytes.
    private static let longestNumber = 1100

    /// The number that starts at the current byte.
    mutating func number() throws(JSONError) -> JSONValue {
        let start = index
        let negative = bytes[index] == UInt8(ascii: "-")
        if negative { index += 1 }
        let firstDigit = index
        var magnitude: UInt64 = 0
        var fits = true
        while let digit = digit() {
            let (product, tooLarge) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(UInt64(digit))
            if tooLarge || carried { fits = false }
            magnitude = sum
            index += 1
        }
        guard index > firstDigit else { throw error("expected a digit, found \(found)") }
        guard bytes[firstDigit] != UInt8(ascii: "0") || index == firstDigit + 1 else {
            throw error("a number must not start with a zero", at: firstDigit)
        }
        let fractional = try fraction()
        let scaled = try exponent()
        if !fractional && !scaled && fits {
            if !negative { return JSONValue(magnitude) }
            if magnitude <= UInt64(Int64.max) { return .integer(-Int64(magnitude)) }
            if magnitude == UInt64(Int64.max) + 1 { return .integer(.min) }
        }
        guard index - start <= Self.longestNumber,
            let value = Double(String(decoding: bytes[start..<index], as: UTF8.self)), value.isFinite
        else { throw error("a number out of range", at: start) }
        return .number(value)
    }

    private func digit() -> UInt8? {
        guard index < bytes.count else { return nil }
        let value = bytes[index] &- UInt8(ascii: "0")
        return value <= 9 ? value : nil
    }

    private mutating func digits() throws(JSONError) {
        guard digit() != nil else { throw error("expected a digit, found \(found)") }
        while digit() != nil { index += 1 }
    }

    private mutating func fraction() throws(JSONError) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: ".") else { return false }
        index += 1
        try digits()
        return true
    }

    private mutating func exponent() throws(JSONError) -> Bool {
        guard index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") else { return false }
        index += 1
        if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
        try digits()
        return true
    }
}
