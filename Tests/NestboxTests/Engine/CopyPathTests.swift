import Testing

@testable import Nestbox

/// What the end of a path says to `cp`.
@Suite struct CopyPathTests {
    @Test(arguments: [
        ("a", "/w/a", false, false), ("a/", "/w/a", false, true), ("a/.", "/w/a", true, true),
        (".", "/w", true, true), ("a/..", "/w", false, false), ("/", "/", true, true),
        ("/a//b/./c", "/a/b/c", false, false),
        ("../../..", "/", false, false), ("a/./", "/w/a", true, true), ("..a", "/w/..a", false, false),
    ])
    func itsEndIsHeard(_ path: String, text: String, isContents: Bool, assertsFolder: Bool) {
        let copy = CopyPath(path, relativeTo: "/w")
        #expect(copy.text == text)
        #expect(copy.isContents == isContents)
        #expect(copy.assertsFolder == assertsFolder)
    }

    /// A slash with an accent on it is one character to Swift.
    @Test func namesAreBytes() {
        let path = CopyPath("a/\u{301}x", relativeTo: "/w")
        #expect(path.text == "/w/a/\u{301}x" && path.parent == "/w/a" && path.name == "\u{301}x")
        #expect(path.following("../\u{301}d").text == "/w/\u{301}d")
        #expect(path.following("/\u{301}d").text == "/\u{301}d")
        #expect(
            CopyPath("/\u{301}x/", relativeTo: "/w").assertsFolder
                && CopyPath("/\u{301}x", relativeTo: "/w").parent == "/")
    }

    @Test func linksAreFollowedFromTheirOwnFolder() {
        let path = CopyPath("a/link/", relativeTo: "/w")
        #expect(path.following("../b").text == "/w/b")
        #expect(path.following("/b/c").text == "/b/c")
        #expect(path.following("b").assertsFolder)
        #expect(CopyPath("/link", relativeTo: "/w").following("..").text == "/")
        #expect(CopyPath("/a/b", relativeTo: "/").parent == "/a" && CopyPath("/a/b", relativeTo: "/").name == "b")
        #expect(CopyPath("/a", relativeTo: "/").parent == "/" && CopyPath("/", relativeTo: "/").name.isEmpty)
    }
}
