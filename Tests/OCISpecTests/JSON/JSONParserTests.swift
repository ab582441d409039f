import OCISpec
import Testing

@Suite struct JSONParserTests {
    static let readable: [(String, JSONValue)] = [
        ("null", .null), (" true ", true), ("false", false), ("0", 0), ("-0", 0), ("-1", -1),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .unsigned(1 << 63)), ("18446744073709551615", .unsigned(.max)),
        ("18446744073709551616", .number(18_446_744_073_709_551_616)),
        ("-9223372036854775809", .number(-9_223_372_036_854_775_808)),
        ("100000000000000000000000", .number(1e23)), ("99999999999999999999", .number(1e20)),
        ("1.0", .number(1)), ("1e3", .number(1000)), ("1E+2", .number(100)), ("-2.5e-1", .number(-0.25)),
        ("0e0", .number(0)), ("5e-324", .number(.leastNonzeroMagnitude)), ("1e-999", .number(0)),
        (#""""#, ""), (#""a b""#, "a b"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\ud83d\ude00""#, "😀"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
        (#""x\u0000y""#, "x\u{0}y"), (#""é😀""#, "é😀"), (#""\uFFFF\uFEFF""#, "\u{FFFF}\u{FEFF}"),
        ("\"\u{7F}\u{80}\"", "\u{7F}\u{80}"),
        ("[]", []), (" [ ] ", []), ("[1,[2],{}]", [1, [2], [:]]), ("\t{\r\n}\n", [:]),
        (#"{"a":1,"b":{"c":[null]}}"#, ["a": 1, "b": ["c": [nil]]]), (#"{"":0}"#, ["": 0]),
    ]

    @Test(arguments: readable)
    func reads(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(arguments: [
        "", " ", "\n", "nul", "nulll", "True", "NaN", "Infinity", "-Infinity", "undefined", "'a'", "a",
        "+1", "01", "-01", "00", "-", "--1", "1.", ".5", "-.5", "1e", "1e+", "1.e1", "0x10", "1_000", "1 2", "1,",
        "1e999", "-1e999", "1e400",
        "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "[[]", "[\"", "[1,,2]", "[-]", "[nul]",
        "{", "}", "{]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{'a':1}",
        "{1:1}", "{null:1}", "{\"a\":1 \"b\":2}", "{,}", "{\"a\":}", "{\"a\"::1}", "{:1}", "{} {}", "{}x",
        "\"", "\"a", "\"\\", "\"\\\"", "\"\\x\"", "\"\\u\"", "\"\\u1\"", "\"\\u123\"", "\"\\u12G4\"", "\"\\U0041\"",
        "\"\\u123", "\"a\nb\"", "\"a\tb\"", "\"\u{0}\"", "\"\\\u{0}\"", "\"\u{1F}\"", "\"\\u00e", "\"\\'\"",
        "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\"", "\"\\ud800\\n\"",
        "\"\\ud800\\u", "\"\\ud800\\", "\"\\udfff\\ud800\"",
        "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "{\"a\":{\"b\":1,\"b\":1}}", "{\"\":1,\"\":1}",
        "\u{FEFF}{}", "\u{A0}1", "1\u{B}", "1\u{C}", "/* c */1", "1 // c", "{}\u{0}", "\u{0}",
    ])
    func refuses(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test(
        arguments: [
            [0x80], [0xFF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE2, 0x82], [0xE0, 0x80, 0xAF],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80],
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0x61, 0xC3, 0x5C, 0x6E],
        ] as [[UInt8]])
    func refusesWhatIsNotUTF8(content: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(throws: JSONError.self) { try JSONValue(parsing: [quote] + content + [quote]) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: content) }
        #expect(throws: JSONError.self) {
            try JSONValue(parsing: Array("{\"a".utf8) + content + Array("\":1}".utf8))
        }
    }

    @Test func refusesUTF16() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0xFF, 0xFE, 0x7B, 0, 0x7D, 0]) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x7B, 0, 0x7D, 0]) }
    }

    @Test func countsLevels() throws {
        func nested(_ levels: Int) -> [UInt8] {
            Array(String(repeating: "[", count: levels).utf8) + Array(String(repeating: "]", count: levels).utf8)
        }
        _ = try JSONValue(parsing: nested(128))
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(129)) }
        // Siblings do not add up.
        _ = try JSONValue(parsing: "[" + Array(repeating: "[[]]", count: 500).joined(separator: ",") + "]")
        for opening in ["[", "{\"a\":", "[{\"a\":"] {
            let bomb = Array(String(repeating: opening, count: 100_000).utf8)
            #expect(throws: JSONError.self) { try JSONValue(parsing: bomb) }
        }
        #expect(throws: JSONError.self) {
            try JSONValue(parsing: nested(3), limits: JSONLimits(depth: 2))
        }
    }

    @Test func countsBytes() throws {
        let limits = JSONLimits(bytes: 4)
        _ = try JSONValue(parsing: "1234", limits: limits)
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "12345", limits: limits) }
        #expect(error?.description == "the document has 5 bytes, more than the 4 allowed")
    }

    @Test func refusesEndlessNumbers() {
        let digits = String(repeating: "1", count: 100_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: digits) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: "0." + digits) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: "1e" + digits) }
    }

    @Test func findsDuplicatesInLargeObjects() throws {
        let members = (0..<5000).map { "\"m\($0)\":\($0)" }
        let object = try JSONValue(parsing: "{\(members.joined(separator: ","))}")
        #expect(object["m4999"] == 4999)
        for name in ["m0", "m15", "m16", "m4998", "m4999"] {
            let text = "{\(members.joined(separator: ",")),\"\(name)\":0}"
            #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        }
    }

    @Test(
        arguments: [
            ("{\"a\": tru}", "a: line 1, column 7 (byte 6): expected a value; is this meant to be true?"),
            ("[1,\n 2,\n x]", "[2]: line 3, column 2 (byte 9): expected a value, found 'x'"),
            (
                "{\"a\":{\"b c\":[0,{\"d\":?}]}}",
                "a[\"b c\"][1].d: line 1, column 21 (byte 20): expected a value, found '?'"
            ),
            ("{\"a\":1,\"a\":2}", "line 1, column 8 (byte 7): the member \"a\" occurs twice"),
            ("\"\u{1B}[31m\"", "line 1, column 2 (byte 1): an unescaped control character in a string (byte 0x1B)"),
            ("", "line 1, column 1 (byte 0): expected a value, found end of the document"),
            ("{}\n\n", nil), ("1 x", "line 1, column 3 (byte 2): unexpected 'x' after the end of the document"),
        ] as [(String, String?)])
    func saysWhereItStopped(text: String, expected: String?) {
        do {
            _ = try JSONValue(parsing: text)
            #expect(expected == nil)
        } catch {
            #expect(error.description == expected)
        }
    }

    /// Damages a document at random and cuts it at every byte: it is read or refused, and never more than that.
    @Test func survivesDamage() throws {
        var generator = SeededGenerator(seed: 1)
        let original = JSONValue.array((0..<3).map { _ in generator.value(depth: 3) }).serialized()
        for length in 0..<original.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(original[..<length])) }
        }
        let interesting = Array("{}[]\",:\\u0e-.".utf8) + [0, 0x1F, 0x7F, 0x80, 0xC3, 0xFF]
        for _ in 0..<5000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = interesting.randomElement(using: &generator) ?? 0
            }
            if let value = try? JSONValue(parsing: bytes) {
                #expect(try JSONValue(parsing: value.serialized()) == value)
            }
        }
    }
}
