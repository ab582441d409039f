import Testing

@testable import nestbox

/// Which arguments of `cp` are paths of containers.
@Suite struct CopyArgumentTests {
    @Test(
        arguments: [
            ("box:/a", "box", "/a"), ("box:", "box", ""), ("box:a:b", "box", "a:b"), ("/a:b", nil, "/a:b"),
            ("./a:b", nil, "./a:b"), (".a:b", nil, ".a:b"), ("a", nil, "a"), ("-", nil, "-"),
        ] as [(String, String?, String)])
    func aColonMakesAContainersPath(_ argument: String, container: String?, path: String) {
        let parsed = CopyArgument(argument)
        #expect(parsed.container == container)
        #expect(parsed.path == path)
    }
}
