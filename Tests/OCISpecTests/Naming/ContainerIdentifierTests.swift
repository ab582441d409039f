import OCISpec
import Testing

@Suite struct ContainerIdentifierTests {
    @Test(arguments: [
        "a", "Z", "0", "web-1", "a_b.c-d", "0123456789abcdef", "a..b", String(repeating: "x", count: 200),
    ])
    func accepts(text: String) throws {
        #expect(try ContainerIdentifier(text).text == text)
    }

    @Test(arguments: [
        "", ".", "..", "-a", "_a", ".a", "a/b", "/", "../a", "a\u{0}", "a\n", "\na", "a b", " ", "é", "aé", "a\u{301}",
        "a:b", "a\\b", "a;b", "$a", "a\u{1B}[0m", "٣", "ａ", "a\r\nb", String(repeating: "x", count: 201),
    ])
    func refuses(text: String) {
        #expect(throws: InvalidContainerIdentifier.self) { try ContainerIdentifier(text) }
        #expect(throws: InvalidContainerIdentifier.self) { try ContainerIdentifier.validate(text) }
    }

    @Test func explains() {
        let error = #expect(throws: InvalidContainerIdentifier.self) { try ContainerIdentifier("a/b") }
        #expect(error?.description == #"invalid container name "a/b": "/" is not one of A-Z a-z 0-9 _ . -"#)
    }
}
