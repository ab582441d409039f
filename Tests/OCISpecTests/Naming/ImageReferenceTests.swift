import OCISpec
import Testing

@Suite struct ImageReferenceTests {
    static let digest = "sha256:\(DigestTests.hex)"

    static let valid: [(String, full: String, familiar: String)] = [
        ("busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
        ("library/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("index.docker.io/library/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"),
        ("user/app", "docker.io/user/app:latest", "user/app:latest"),
        ("docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest"),
        ("localhost/app", "localhost/app:latest", "localhost/app:latest"),
        ("localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1"),
        ("localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"),
        ("registry.example.com/a/b/c:x", "registry.example.com/a/b/c:x", "registry.example.com/a/b/c:x"),
        ("HOST/app", "HOST/app:latest", "HOST/app:latest"),
        ("127.0.0.1:80/a", "127.0.0.1:80/a:latest", "127.0.0.1:80/a:latest"),
        ("[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest"),
        ("[2001:db8::1]/a", "[2001:db8::1]/a:latest", "[2001:db8::1]/a:latest"),
        ("a__b", "docker.io/library/a__b:latest", "a__b:latest"),
        ("a---b_c.d", "docker.io/library/a---b_c.d:latest", "a---b_c.d:latest"),
        ("a:_", "docker.io/library/a:_", "a:_"),
        ("a:A.b-c_d", "docker.io/library/a:A.b-c_d", "a:A.b-c_d"),
        ("a@\(digest)", "docker.io/library/a@\(digest)", "a@\(digest)"),
        ("x.y/a:t@\(digest)", "x.y/a:t@\(digest)", "x.y/a:t@\(digest)"),
    ]

    @Test(arguments: valid)
    func normalizes(text: String, full: String, familiar: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.description == full)
        #expect(reference.familiar == familiar)
        #expect(try ImageReference(full) == reference)
        #expect(try ImageReference(familiar) == reference)
    }

    @Test func hasParts() throws {
        let reference = try ImageReference("quay.io:443/org/app:v1@\(Self.digest)")
        #expect(reference.domain == "quay.io:443")
        #expect(reference.path == "org/app")
        #expect(reference.tag == "v1")
        #expect(reference.digest?.description == Self.digest)
        #expect(reference.name == "quay.io:443/org/app")
        #expect(try ImageReference("busybox").familiarName == "busybox")
        #expect(try ImageReference("busybox@\(Self.digest)").tag == nil)
        #expect(try reference.tagged("v2").description == "quay.io:443/org/app:v2")
        #expect(throws: InvalidImageReference.self) { try reference.tagged("a/b") }
        #expect(reference.pinned(to: try Digest(Self.digest)).description == "quay.io:443/org/app@\(Self.digest)")
    }

    static let invalid: [(String, InvalidImageReference.Part)] = [
        ("", .whole), (DigestTests.hex, .whole),
        ("Busybox", .path), ("a/B", .path), ("a//b", .path), ("a/", .path), ("/a", .path), ("a..b", .path),
        ("a___b", .path), ("a._b", .path), ("a-", .path), ("-a", .path), ("_a", .path), (".a", .path), ("a.", .path),
        ("a b", .path), ("a\n", .path), ("é", .path), ("a\u{0}", .path), (":tag", .path), ("a:b:c", .path),
        ("../a", .domain), ("./a", .domain), ("http://a/b", .domain), ("user/../a", .path), ("a\\b", .path),
        ("x.y/", .path), ("x.y//a", .path), ("@\(digest)", .path),
        (String(repeating: "a", count: 256), .path), ("x.y/\(String(repeating: "a", count: 256))", .path),
        ("a:", .tag), ("a:-b", .tag), ("a:.b", .tag), ("a:b c", .tag), ("a:é", .tag),
        ("a:\(String(repeating: "b", count: 129))", .tag), ("localhost:5000/a:", .tag),
        ("a@", .digest), ("a@sha256:12", .digest), ("a@b@\(digest)", .digest), ("a@md5:\(DigestTests.hex)", .digest),
        ("-x.y/a", .domain), ("x-.y/a", .domain), ("x..y/a", .domain), (".x/a", .domain), ("x_y.z/a", .domain),
        ("x:y/a", .domain), ("x:/a", .domain), ("x:65536/a", .domain), ("[::1/a", .domain), ("[x.y]/a", .domain),
        ("::1/a", .domain), ("x.y:+5/a", .domain), ("é.com/a", .domain),
    ]

    @Test(arguments: invalid)
    func refuses(text: String, part: InvalidImageReference.Part) {
        let error = #expect(throws: InvalidImageReference.self) { try ImageReference(text) }
        #expect(error?.part == part)
    }

    @Test func explains() {
        let error = #expect(throws: InvalidImageReference.self) { try ImageReference("x/Busybox") }
        #expect(
            error?.description
                == "invalid image reference \"x/Busybox\": repository: capital letters are not allowed")
    }
}
