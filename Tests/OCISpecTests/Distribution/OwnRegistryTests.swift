import OCISpec
import Testing

struct DistributionCallTests {
    private static let digest = "sha256:" + String(repeating: "a", count: 64)

    @Test func pathsAreCalls() throws {
        let name = try RepositoryName("forum/web")
        let digest = try Digest(Self.digest)
        for (path, call) in [
            ("/v2", DistributionCall.version), ("/v2/", .version), ("/v2/_catalog", .catalog),
            ("/v2/forum/web/tags/list", .tags(name)), ("/v2/forum/web/manifests/1.0", .manifest(name, .tag("1.0"))),
            ("/v2/forum/web/manifests/\(digest)", .manifest(name, .digest(digest))),
            ("/v2/forum/web/blobs/sha256%3A\(digest.hex)", .blob(name, digest)),
            ("/v2/forum/web/blobs/uploads", .uploads(name)), ("/v2/forum/web/blobs/uploads/", .uploads(name)),
            ("/v2/forum/web/blobs/uploads/12", .upload(name, id: "12")),
            ("/v2/forum/web/referrers/\(digest)", .referrers(name, digest)),
            ("/v2/tags/list/tags/list", .tags(try RepositoryName("tags/list"))),
        ] {
            try #expect(DistributionCall(path: path) == call, "\(path)")
        }
    }

    @Test(arguments: [
        "/", "/v1/", "/v2x/", "/v2//", "/v2/a", "/v2/a/b", "/v2//tags/list", "/v2/../a/tags/list",
        "/v2/a/%2e%2e/tags/list",
        "/v2/_a/tags/list", "/v2/a%00/tags/list", "/v2/a/manifests/-x", "/v2/a/manifests/..", "/v2/a/blobs/sha256:x",
        "/v2/a/manifests/sha512:12", "/v2/a/%zz/tags/list", "/v2/A/tags/list", "/v2/a/manifests/",
    ])
    func otherPathsAreNone(path: String) {
        #expect(throws: InvalidCall.self) { try DistributionCall(path: path) }
    }

    @Test func rangesAreThoseOfTheContent() {
        #expect(ByteRange("bytes=0-9")?.within(100) == 0..<10)
        #expect(ByteRange("bytes=90-1000")?.within(100) == 90..<100)
        #expect(ByteRange("bytes=99-")?.within(100) == 99..<100)
        #expect(ByteRange("bytes=-7")?.within(100) == 93..<100)
        #expect(ByteRange("bytes=-700")?.within(100) == 0..<100)
        #expect(ByteRange("bytes=0-9223372036854775807")?.within(100) == 0..<100)
        #expect(ByteRange("bytes=100-")?.within(100) == nil)
        #expect(ByteRange("bytes=-0")?.within(100) == nil)
        #expect(ByteRange("bytes=0-")?.within(0) == nil)
        for none in ["bytes=", "bytes=-", "bytes=9-0", "bytes=a-b", "bytes=0-1,3-4", "items=0-1", "bytes=+1-2"] {
            #expect(ByteRange(none) == nil, "\(none)")
        }
        #expect(UploadRange("5-9")?.first == 5 && UploadRange("5-9")?.count == 5)
        #expect(UploadRange("bytes 5-9/*")?.last == 9)
        for none in ["", "5", "9-5", "-1-5", "a-b"] { #expect(UploadRange(none) == nil, "\(none)") }
        #expect(HTTPAddress.unescaped("a%3Ab%e2%82%ac") == "a:b€")
        for broken in ["%", "%4", "%zz", "%ff", "%+1"] { #expect(HTTPAddress.unescaped(broken) == nil, "\(broken)") }
    }
}

struct RegistryConfigurationTests {
    @Test func whoeverMayDoesAndNobodyElse() throws {
        let text = """
            {"passwords": "/p", "repositories": [
              {"name": "gallery/*", "visibility": "public", "push": ["ann"]},
              {"name": "team/secret", "pull": ["bob"], "push": ["ann"], "imageTagMutability": "IMMUTABLE"}]}
            """
        let configuration = try RegistryConfiguration(bytes: Array(text.utf8))
        func may(_ access: RegistryConfiguration.Access, _ name: String, _ user: String?) throws -> Bool {
            configuration.permits(access, to: try RepositoryName(name), for: user)
        }
        for (access, name, user, expected) in [
            (.pull, "gallery/cat", nil, true), (.push, "gallery/cat", nil, false), (.push, "gallery/cat", "bob", false),
            (.push, "gallery/cat", "ann", true), (.pull, "gallery", nil, false), (.pull, "team/secret", "bob", true),
            (.push, "team/secret", "bob", false), (.pull, "team/secret", "ann", true),
            (.pull, "team/secret", "eve", false), (.pull, "other", nil, false), (.pull, "other", "eve", true),
            (.push, "other", "eve", true),
        ] as [(RegistryConfiguration.Access, String, String?, Bool)] {
            try #expect(may(access, name, user) == expected, "\(access) \(name) \(user ?? "-")")
        }
        try #expect(configuration.rule(of: RepositoryName("team/secret")).keepsTags)
        #expect(configuration.namedRepositories.map(\.description) == ["team/secret"])
        #expect(configuration.createsOnPush)
        let open = RegistryConfiguration()
        #expect(open.permits(.push, to: try RepositoryName("a"), for: nil))
    }

    @Test func howItIsReachedIsRead() throws {
        let text = """
            {"tls": {"certificate": "/c", "key": "/k"}, "allowPlainPasswords": true, "address": "https://r.lan",
             "tokenLifetime": 60}
            """
        let configuration = try RegistryConfiguration(bytes: Array(text.utf8))
        #expect(configuration.tls == .init(certificate: "/c", key: "/k") && configuration.allowsPlainPasswords)
        #expect(configuration.address?.host == "r.lan" && configuration.tokenLifetime == 60)
        let other = try RegistryConfiguration(bytes: Array("{}".utf8))
        #expect(other.tls == nil && !other.allowsPlainPasswords && other.address == nil && other.tokenLifetime == 300)
    }

    @Test(arguments: [
        ("{\"users\": 1}", "users"), ("{\"repositories\": [{\"name\": \"A\"}]}", "no repository's name"),
        ("{\"repositories\": [{\"name\": \"a\", \"visibility\": \"open\"}]}", "private or public"),
        ("{\"repositories\": [{\"name\": \"a\", \"push\": [\"ann\"]}]}", "there are none"),
        ("{\"createOnPush\": \"no\"}", "createOnPush"), ("[]", "object"),
        ("{\"tls\": {\"certificate\": \"/c\"}}", "tls.key"), ("{\"tokenLifetime\": 0}", "seconds from 1"),
        ("{\"address\": \"r.lan\"}", "no address"),
        ("{\"tls\": {\"certificate\": \"/c\", \"key\": \"/k\", \"ca\": \"/a\"}}", "certificate, key"),
    ])
    func whatIsWrongIsNamed(text: String, word: String) {
        #expect {
            try RegistryConfiguration(bytes: Array(text.utf8))
        } throws: {
            "\($0)".contains(word)
        }
    }
}
