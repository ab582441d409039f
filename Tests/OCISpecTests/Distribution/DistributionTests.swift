import OCISpec
import Testing

@Suite struct DistributionTests {
    @Test func addresses() {
        let address = HTTPAddress("https://Registry.example:5000/v2/?a=b#part")
        #expect(
            address == HTTPAddress(isSecure: true, host: "registry.example", port: 5000, path: "/v2/?a=b"))
        #expect(HTTPAddress("http://[::1]:80")?.description == "http://[::1]/")
        #expect(HTTPAddress("https://host?x")?.path == "/?x")
        for text in [
            "ftp://host", "https://", "https://user@host/", "https://host:0/", "https://host:70000/", "https://ho st/",
            "https://host/a b", "https://host/\n", "host", "https://::1/", "https://host:/",
        ] { #expect(HTTPAddress(text) == nil, "\(text)") }
    }

    @Test func addressesRelativeToOthers() throws {
        let base = try #require(HTTPAddress("https://host:5/v2/x/list?n=5"))
        let expected = [
            "/other": "https://host:5/other", "next?n=1": "https://host:5/v2/x/next?n=1",
            "?n=2": "https://host:5/v2/x/list?n=2",
            "//elsewhere/a": "https://elsewhere/a", "http://plain/": "http://plain/",
        ]
        for (reference, result) in expected { #expect(base.resolving(reference)?.description == result) }
        #expect(base.resolving("/a b") == nil)
        #expect(base.adding(query: [("scope", "a:b,c"), ("d", "é")]).path == "/v2/x/list?n=5&scope=a%3Ab%2Cc&d=%C3%A9")
        #expect(try #require(base.resolving("/x")).hasSameOrigin(as: base))
        #expect(try !#require(base.resolving("http://host:5/x")).hasSameOrigin(as: base))
    }

    @Test func challenges() {
        let field =
            #"Bearer realm="https://auth/token",service="a \"b\"", scope="repository:x:pull,push", Basic realm=x"#
        #expect(
            AuthenticateChallenge.parse(field) == [
                AuthenticateChallenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth/token", "service": "a \"b\"", "scope": "repository:x:pull,push",
                    ]),
                AuthenticateChallenge(scheme: "basic", parameters: ["realm": "x"]),
            ])
        #expect(AuthenticateChallenge.parse("Negotiate, BASIC").map(\.scheme) == ["negotiate", "basic"])
        #expect(AuthenticateChallenge.parse("") == [])
        #expect(AuthenticateChallenge.parse("Bearer realm=\"no end").first?.parameters == [:])
    }

    @Test func challengesOfAnyBytesEnd() {
        var generator = SeededGenerator(seed: 7)
        let letters = Array("Bearer =\",\\\t;a".unicodeScalars)
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...30, using: &generator) {
                text.unicodeScalars.append(letters[Int.random(in: 0..<letters.count, using: &generator)])
            }
            _ = AuthenticateChallenge.parse(text)
            _ = PageLink.next(in: text)
            _ = HTTPAddress("https://" + text)
            _ = ContentRange(text)
        }
    }

    @Test func base64() {
        for (text, encoded) in ["": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "user:päss": "dXNlcjpww6Rzcw=="] {
            #expect(Base64.encode(Array(text.utf8)) == encoded)
            #expect(Base64.decode(encoded).map { String(decoding: $0, as: UTF8.self) } == text)
        }
        #expect(Base64.decode("Zg") == Array("f".utf8))
        #expect(Base64.decode("Z") == nil && Base64.decode("Z!==") == nil)
    }

    @Test func hosts() {
        #expect(RegistryHost("docker.io").connectName == "registry-1.docker.io")
        #expect(RegistryHost("index.docker.io").credentialKey == "https://index.docker.io/v1/")
        #expect(RegistryHost(entered: "https://r.example:5000/v2/")?.name == "r.example:5000")
        #expect(RegistryHost(entered: "https://index.docker.io/v1/")?.name == "docker.io")
        #expect(RegistryHost(entered: "a b") == nil)
        for name in ["localhost", "localhost:5000", "127.0.0.1:80", "127.255.0.1", "[::1]:5000"] {
            #expect(RegistryHost(name).isLoopback, "\(name)")
        }
        for name in ["127.0.0.1.example", "localhost.example", "128.0.0.1", "docker.io", "127.0.0"] {
            #expect(!RegistryHost(name).isLoopback, "\(name)")
        }
    }

    @Test func answers() throws {
        let fault = RegistryFault.first(in: Array(#"{"errors":[{"code":"DENIED","message":"no"}]}"#.utf8))
        #expect(fault == RegistryFault(code: "DENIED", message: "no"))
        #expect(RegistryFault.first(in: Array("<html>".utf8)) == nil)
        #expect(PageLink.next(in: #"</a?n=1>; rel="prev", </b?n=2>; rel="next""#) == "/b?n=2")
        #expect(PageLink.next(in: "</a>") == nil)
        #expect(try TokenAnswer(body: Array(#"{"access_token":"x"}"#.utf8)).token == "x")
        #expect(throws: JSONError.self) { try TokenAnswer(body: Array("{}".utf8)) }
        #expect(throws: JSONError.self) { try TokenAnswer(body: Array(#"{"token":"a\r\nHost: b"}"#.utf8)) }
        #expect(try TagList(body: Array(#"{"name":"x","tags":null}"#.utf8)).tags == [])
        #expect(ContentRange("bytes 5-9/10")?.first == 5)
        #expect(ContentRange("bytes */10") == nil && ContentRange("lines 1-2/3") == nil)
    }

    @Test func dockersConfiguration() throws {
        let text = """
            {"auths": {"https://index.docker.io/v1/": {"auth": "dXNlcjpzZWM6cmV0"}, "https://r.example/v1/": {"auth": "YTpi"},
            "token.example": {"auth": "eDo=", "identitytoken": "id"}},
            "credHelpers": {"aws.example": "ecr-login"}, "HttpHeaders": {"a": "b"}}
            """
        var configuration = try DockerConfiguration(bytes: Array(text.utf8))
        #expect(
            configuration.login(for: RegistryHost("docker.io"))
                == DockerConfiguration.Login(username: "user", password: "sec:ret"))
        #expect(configuration.login(for: RegistryHost("r.example"))?.username == "a")
        #expect(configuration.login(for: RegistryHost("token.example"))?.identityToken == "id")
        #expect(configuration.helper(for: RegistryHost("aws.example")) == "ecr-login")
        #expect(configuration.login(for: RegistryHost("other.example")) == nil)
        configuration.set(DockerConfiguration.Login(username: "n", password: "p"), for: RegistryHost("r.example"))
        configuration.set(DockerConfiguration.Login(username: "q", password: ""), for: RegistryHost("new.example:5000"))
        configuration.remove(RegistryHost("docker.io"))
        let again = try DockerConfiguration(bytes: configuration.bytes)
        #expect(again.login(for: RegistryHost("r.example"))?.password == "p")
        #expect(again.login(for: RegistryHost("new.example:5000"))?.username == "q")
        #expect(!again.knows(RegistryHost("docker.io")))
        #expect(String(decoding: again.bytes, as: UTF8.self).contains("HttpHeaders"))
        #expect(throws: JSONError.self) { try DockerConfiguration(bytes: Array(#"{"auths": 5}"#.utf8)) }
    }

    @Test func settings() throws {
        let file = try RegistriesFile(
            bytes: Array(#"{"insecure": ["a:5"], "mirrors": {"docker.io": ["https://m"]}, "idleTimeout": 5}"#.utf8))
        #expect(file.insecure == ["a:5"] && file.idleTimeout == 5 && file.connectTimeout == 15)
        #expect(file.mirrors["docker.io"]?.map(\.authority) == ["m"])
        let locations = try RegistriesFile(bytes: Array(#"{"locations": {"a.b": "http://127.0.0.1:5000"}}"#.utf8))
            .locations
        #expect(locations["a.b"]?.authority == "127.0.0.1:5000")
        for text in [
            #"{"locations": {"a": "127.0.0.1"}}"#, #"{"insecur": []}"#, #"{"mirrors": {"a": ["m"]}}"#,
            #"{"idleTimeout": 0}"#, "[]",
        ] {
            #expect(throws: JSONError.self, "\(text)") { try RegistriesFile(bytes: Array(text.utf8)) }
        }
    }

    @Test func proxies() throws {
        let variables = [
            "HTTPS_PROXY": "http://us%40er:pw@proxy:3128", "http_proxy": "plain:80",
            "NO_PROXY": "in.example,.lan:5000,10.0.0.1",
        ]
        let settings = try ProxySettings { variables[$0] }
        let server = settings.server(isSecure: true, host: "r.example", port: 443)
        #expect(server == ProxySettings.Server(host: "proxy", port: 3128, user: "us@er:pw"))
        #expect(settings.server(isSecure: false, host: "r.example", port: 80)?.host == "plain")
        for (host, port) in [
            ("in.example", 443), ("x.in.example", 1), ("r.lan", 5000), ("10.0.0.1", 5), ("127.0.0.1", 5),
        ] {
            #expect(settings.server(isSecure: true, host: host, port: UInt16(port)) == nil, "\(host)")
        }
        #expect(settings.server(isSecure: true, host: "r.lan", port: 5001) != nil)
        #expect(settings.server(isSecure: true, host: "xin.example", port: 443) != nil)
        #expect(throws: InvalidProxy.self) { try ProxySettings { $0 == "HTTP_PROXY" ? "socks5://a:1" : nil } }
    }
}
