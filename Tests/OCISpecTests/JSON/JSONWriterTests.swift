import OCISpec
import Testing

@Suite struct JSONWriterTests {
    @Test(
        arguments: [
            (nil, "null"), (true, "true"), (.integer(.min), "-9223372036854775808"),
            (.unsigned(.max), "18446744073709551615"), (1.5, "1.5"), (.number(1e100), "1e+100"),
            (.number(.infinity), "null"), (.number(.nan), "null"),
            ("", #""""#), ("a/b é😀", #""a/b é😀""#), ("\"\\", #""\"\\""#),
            ("\u{0}\u{8}\t\n\u{B}\u{C}\r\u{1F}", #""\u0000\b\t\n\u000b\f\r\u001f""#),
            ("\u{7F}\u{80}\u{9B}\u{9F}\u{A0}¿", "\"\\u007f\\u0080\\u009b\\u009f\u{A0}¿\""),
            ([], "[]"), ([:], "{}"), ([1, [], ["a": nil]], #"[1,[],{"a":null}]"#),
            (["b": 1, "a": ["c\"": "d"]], #"{"b":1,"a":{"c\"":"d"}}"#),
        ] as [(JSONValue, String)])
    func writes(value: JSONValue, text: String) {
        #expect(String(decoding: value.serialized(), as: UTF8.self) == text)
    }

    @Test func indents() {
        let value: JSONValue = ["a": [1, ["b": nil]], "c": [], "d": [:]]
        let expected = """
            {
              "a": [
                1,
                {
                  "b": null
                }
              ],
              "c": [],
              "d": {}
            }

            """
        #expect(String(decoding: value.serialized(pretty: true), as: UTF8.self) == expected)
    }

    @Test(arguments: 0..<300)
    func whatIsWrittenIsReadAgain(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let value = generator.value(depth: 4)
        #expect(try JSONValue(parsing: value.serialized()) == value)
        #expect(try JSONValue(parsing: value.serialized(pretty: true)) == value)
        #expect(try JSONValue(parsing: value.serialized()).serialized() == value.serialized())
    }
}
