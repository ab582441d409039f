import OCISpec
import Testing

struct TokenScopeTests {
    @Test func scopesAreReadAndWritten() throws {
        let scope = try #require(TokenScope("repository:forum/web:pull,push"))
        #expect(scope == TokenScope(type: "repository", name: "forum/web", actions: ["pull", "push"]))
        #expect(scope.description == "repository:forum/web:pull,push")
        #expect(TokenScope("repository:host:5000/a:pull")?.name == "host:5000/a")
        try #expect(TokenScope(json: scope.json) == scope)
        #expect(
            TokenScope.list(" repository:a:pull nothing  registry:catalog:* ").map(\.type) == [
                "repository", "registry",
            ])
        for none in ["", ":", "::", ":::", "a:b", "a::pull", ":b:pull", "a:b:", "a:b:,"] {
            #expect(TokenScope(none) == nil, "\(none)")
        }
    }

    @Test(arguments: [
        ("repository:a:pull,push", "repository:a:pull", true), ("repository:a:pull", "repository:a:pull,push", false),
        ("repository:a:*", "repository:a:delete", true), ("repository:a:pull", "repository:a:*", false),
        ("repository:a:pull", "repository:b:pull", false), ("registry:a:pull", "repository:a:pull", false),
    ])
    func whatCoversWhat(one: String, other: String, expected: Bool) throws {
        try #expect(#require(TokenScope(one)).covers(#require(TokenScope(other))) == expected)
    }

    @Test func formsAreRead() {
        let form = FormFields("a=1&b=x+y%2B%26z&a=2&empty=&word&broken=%zz&=v")
        #expect(form["a"] == "1" && form.all("a") == ["1", "2"])
        #expect(form["b"] == "x y+&z")
        #expect(form["empty"] == nil && form["word"] == nil && form["broken"] == nil && form["none"] == nil)
        #expect(form.all("word") == [""])
    }

    @Test func anyBytesAreReadToTheirEnd() {
        var generator = SeededGenerator(seed: 11)
        let letters = Array("repository:a/b,pull*&=+% %4z\u{0}é".unicodeScalars)
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...30, using: &generator) {
                text.unicodeScalars.append(letters[Int.random(in: 0..<letters.count, using: &generator)])
            }
            for scope in TokenScope.list(text) { #expect(!scope.actions.isEmpty && !scope.name.isEmpty) }
            _ = FormFields(text)
            if let bytes = Base64.urlDecoded(text) { #expect(Base64.urlDecoded(Base64.urlEncoded(bytes)) == bytes) }
        }
    }

    @Test func base64ForAddressesHasItsOwnLetters() {
        #expect(Base64.urlEncoded([0xFB, 0xEF, 0xFF, 0x01]) == "--__AQ")
        #expect(Base64.urlDecoded("--__AQ") == [0xFB, 0xEF, 0xFF, 0x01])
        for none in ["++//AQ", "AQ==", "A", "a b"] { #expect(Base64.urlDecoded(none) == nil, "\(none)") }
    }
}
