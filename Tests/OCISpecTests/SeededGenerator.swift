import OCISpec

/// A generator whose numbers depend on its seed alone (SplitMix64), so that a failing case can be run again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension SeededGenerator {
    /// Text of up to eight characters, the awkward ones among them.
    mutating func text() -> String {
        let scalars: [Unicode.Scalar] = [
            "a", "Z", "0", "\"", "\\", "/", "\n", "\t", "\u{0}", "\u{1F}", "\u{7F}", "\u{80}", "\u{9F}", "\u{A0}",
            "é", "\u{301}", "\u{2028}", "\u{D7FF}", "\u{E000}", "\u{FFFD}", "\u{FFFF}", "😀", "\u{10FFFF}",
        ]
        var view = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...8, using: &self) {
            view.append(scalars.randomElement(using: &self) ?? "a")
        }
        return String(view)
    }

    /// A value with up to `depth` levels inside it.
    mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0...(depth > 0 ? 9 : 7), using: &self) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &self))
        case 2: return .integer(Int64(bitPattern: next()) >> Int64.random(in: 0...63, using: &self))
        case 3: return JSONValue(next() | 1 << 63)
        case 4:
            let number = Double(bitPattern: next())
            return .number(number.isFinite ? number : 0.1)
        case 5: return .number(Double(Int64.random(in: -1000...1000, using: &self)) / 8)
        case 6, 7: return .string(text())
        case 8: return .array((0..<Int.random(in: 0...4, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...(depth == 3 ? 40 : 4), using: &self) {
                object[text()] = value(depth: depth - 1)
            }
            return .object(object)
        }
    }
}
