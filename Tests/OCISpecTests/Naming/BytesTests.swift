import OCISpec
import Testing

@Suite struct BytesTests {
    /// To Swift the two are one character, to the kernel a slash and a name.
    static let accented = "/\u{301}etc"

    @Test func beginningsAreCompared() {
        #expect(Self.accented.begins(with: "/") && !Self.accented.hasPrefix("/"))
        #expect("/etc".begins(with: "/") && "/etc".begins(with: "/etc") && "/etc".begins(with: ""))
        #expect(!"etc".begins(with: "/") && !"".begins(with: "/") && !"/et".begins(with: "/etc"))
        #expect("a/etc".dropFirst().begins(with: "/e"))
        // One character, two spellings.
        #expect(!"\u{e9}".begins(with: "e\u{301}") && "\u{e9}".hasPrefix("e\u{301}"))
    }

    @Test func whatIsBehindThemIsLeftWhole() {
        #expect(Self.accented.dropping(prefix: "/") == "\u{301}etc")
        #expect("PATH=\u{301}bin".dropping(prefix: "PATH=") == "\u{301}bin")
        #expect("etc".dropping(prefix: "/") == nil && "/".dropping(prefix: "/") == "")
    }

    @Test func slashesAreFoundUnderAccents() {
        #expect("../\u{301}x//y/".pathComponents == ["..", "\u{301}x", "y"])
        #expect("/\u{301}".hasSlash && !"etc".hasSlash)
        #expect("a:\u{301}b:".parts(UInt8(ascii: ":")) == ["a", "\u{301}b", ""])
    }

    @Test func dotsAreTakenOutOfPaths() {
        #expect("/a/./b//../c/".cleanedComponents == ["a", "c"] && "..".cleanedComponents.isEmpty)
        #expect("/proc/\u{301}x/..".cleanedComponents == ["proc"] && "../../a/..b".cleanedComponents == ["a", "..b"])
    }

    @Test func endsAreCompared() {
        #expect("e\u{301}".ends(with: "\u{301}") && !"e\u{301}".hasSuffix("\u{301}"))
        #expect("layer.erofs".ends(with: ".erofs") && "layer".ends(with: "") && "x".ends(with: "x"))
        #expect(!"erofs".ends(with: ".erofs") && !"".ends(with: "x"))
    }
}
