// Options are read byte by byte: a Swift Character may be "=" with an accent on it, and ranges of Characters follow
// Unicode's order, in which "à" lies between "a" and "z".

extension Character {
    /// One of `0` to `9`.
    var isASCIIDigit: Bool { asciiValue.map { $0 >= 0x30 && $0 <= 0x39 } ?? false }
    /// A letter from `a` to `z` or `A` to `Z`.
    var isASCIILetter: Bool { asciiValue.map { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a } ?? false }
    /// A letter from `a` to `z` or `A` to `Z`, or a digit from `0` to `9`.
    var isASCIIAlphanumeric: Bool { isASCIIDigit || isASCIILetter }
}

extension StringProtocol {
    /// The same with `A` to `Z` made small, everything else as it is.
    var asciiLowercased: String {
        String(decoding: utf8.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// The same with `a` to `z` made capital, everything else as it is.
    var asciiUppercased: String {
        String(decoding: utf8.map { $0 >= 0x61 && $0 <= 0x7a ? $0 & ~0x20 : $0 }, as: UTF8.self)
    }
}
