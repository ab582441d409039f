import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// The tokens that `nestboxd` gives.
    @Suite(.enabled(if: OwnRegistry.isInstalled, "needs skopeo and curl"))
    struct OwnRegistryTokens {
        private static let rules = """
            "repositories": [{"name": "gallery/*", "visibility": "public", "push": ["ann"]},
                             {"name": "team/*", "pull": ["bob"], "push": ["ann"]}]
            """
        private static let ann = "ann:secret"

        private func with(_ more: String = "", _ body: (TestEngine, OwnRegistry) throws -> Void) throws {
            try TestEngine.with(image: nil) { engine in
                try write(["ann", "bob"], engine)
                let settings = "{\"passwords\": \"\(engine.folder)/passwords\", \(more)\(Self.rules)}"
                let registry = try OwnRegistry(for: engine, settings: settings)
                defer { registry.stop() }
                try body(engine, registry)
            }
        }

        /// Users who all have the password `secret`.
        private func write(_ users: [String], _ engine: TestEngine) throws {
            let hash = TestRegistry.passwords.dropFirst(5)
            try TestRegistry.write(users.map { "\($0):\(hash)" }.joined(), to: "\(engine.folder)/passwords")
        }

        private func token(
            _ registry: OwnRegistry, _ scopes: String..., user: String? = nil, query: String = ""
        ) throws -> String {
            let asked = scopes.map { "&scope=\(HTTPAddress.escaped($0))" }.joined()
            let answer = try registry.call("GET", "/v2/token?service=nestboxd\(asked)\(query)", user: user)
            #expect(answer.status == 200 && answer.headers["cache-control"] == "no-store", "\(answer)")
            #expect(answer.json?["token"] == answer.json?["access_token"], "\(answer)")
            return try #require(answer.json?["token"]?.stringValue, "\(answer)")
        }

        private func call(
            _ registry: OwnRegistry, _ method: String, _ path: String, _ token: String
        ) throws -> OwnRegistry.Answer {
            try registry.call(method, path, ["-H", "Authorization: Bearer \(token)"])
        }

        private func challenge(_ answer: OwnRegistry.Answer) -> [String: String] {
            AuthenticateChallenge.parse(answer.headers["www-authenticate"] ?? "")
                .first { $0.scheme == "bearer" }?.parameters ?? [:]
        }

        @Test func aTokenAllowsWhatWasAskedForAndTheRulesPermit() throws {
            try with { _, registry in
                for name in ["gallery/cat", "team/web", "team/other"] {
                    try registry.put(artifact: "x", to: name, tag: "1", user: Self.ann)
                }
                let nobody = challenge(try registry.call("GET", "/v2/team/web/manifests/1"))
                #expect(
                    nobody == [
                        "realm": "http://\(registry.name)/v2/token", "service": "nestboxd",
                        "scope": "repository:team/web:pull",
                    ])
                let begin = "/v2/team/web/blobs/uploads/"
                let pushing = challenge(try registry.call("POST", "\(begin)?from=team/other"))
                #expect(pushing["scope"] == "repository:team/web:pull,push repository:team/other:pull", "\(pushing)")

                // Nobody's: what is public, to read.
                let public_ = try token(registry, "repository:gallery/cat:pull,push", "repository:team/web:pull")
                for (method, path, status) in [
                    ("GET", "/v2/", 200), ("GET", "/v2/gallery/cat/manifests/1", 200),
                    ("GET", "/v2/team/web/manifests/1", 401), ("POST", "/v2/gallery/cat/blobs/uploads/", 401),
                ] {
                    try #expect(call(registry, method, path, public_).status == status, "\(method) \(path)")
                }
                // A user's, for one repository and to read.
                let reading = try token(registry, "repository:team/web:pull", user: Self.ann)
                try #expect(call(registry, "GET", "/v2/team/web/manifests/1", reading).status == 200)
                for path in [begin, "/v2/team/other/blobs/uploads/"] {
                    let refused = try call(registry, "POST", path, reading)
                    #expect(refused.status == 401 && challenge(refused)["error"] == "insufficient_scope", "\(refused)")
                    #expect(challenge(refused)["scope"]?.hasSuffix(":pull,push") == true, "\(refused)")
                }
                try #expect(call(registry, "GET", "/v2/team/other/manifests/1", reading).status == 401)
                try #expect(call(registry, "GET", "/v2/_catalog", reading).status == 401)
                // Who may only read gets no more than that, however it is asked for.
                let bob = try token(
                    registry, "repository:team/web:pull,push", "repository:team/other:*", user: "bob:secret")
                try #expect(call(registry, "GET", "/v2/team/other/manifests/1", bob).status == 200)
                let denied = try call(registry, "POST", begin, bob)
                #expect(denied.status == 403 && denied.text.contains("bob may not push team/web"), "\(denied)")
                // Several in one word, and the list.
                let writing = try token(
                    registry, "repository:team/web:pull,push repository:team/other:* registry:catalog:*", user: Self.ann
                )
                let upload = try call(registry, "POST", begin, writing)
                #expect(upload.status == 202, "\(upload)")
                try #expect(call(registry, "GET", "/v2/_catalog", writing).json?["repositories"]?[2] == "team/web")
                for name in ["team/web", "team/other"] {
                    try #expect(call(registry, "DELETE", "/v2/\(name)/manifests/1", writing).status == 202)
                }
                try #expect(registry.call("GET", "/v2/token", user: "ann:wrong").status == 401)
                try #expect(registry.call("DELETE", "/v2/token").status == 405)
                let many = String(repeating: "&scope=repository:a:pull", count: 101)
                try #expect(registry.call("GET", "/v2/token?\(many.dropFirst())").status == 400)
            }
        }

        @Test func noOtherTokenCounts() throws {
            try with { engine, registry in
                try registry.put(artifact: "x", to: "team/web", tag: "1", user: Self.ann)
                let path = "/v2/team/web/manifests/1"
                let right = try token(registry, "repository:team/web:pull", user: Self.ann)
                try #expect(call(registry, "GET", path, right).status == 200)
                let parts = right.split(separator: ".").map(String.init)
                let claims = String(decoding: try #require(Base64.urlDecoded(parts[1])), as: UTF8.self)
                func encoded(_ text: String) -> String { Base64.urlEncoded(Array(text.utf8)) }
                let nobodys = try token(registry, "repository:team/web:pull").split(separator: ".").map(String.init)
                let refresh = try registry.call("GET", "/v2/token?offline_token=true", user: Self.ann)
                let forged = [
                    "", ".", "..", "x", "a.b.c", "\(parts[0]).\(parts[1])", "\(parts[0]).\(parts[1]).",
                    "\(right)A", "\(right).", String(repeating: "a", count: 40_000),
                    "\(encoded("{\"alg\":\"none\",\"typ\":\"at+jwt\"}")).\(parts[1]).",
                    "\(encoded("{\"alg\":\"none\",\"typ\":\"at+jwt\"}")).\(parts[1]).\(parts[2])",
                    "\(parts[0]).\(encoded(claims.replacing("team/web", with: "team/*"))).\(parts[2])",
                    "\(parts[0]).\(encoded(claims.replacing("\"ann\"", with: "\"bob\""))).\(parts[2])",
                    "\(parts[0]).\(encoded(claims)).\(nobodys[2])", "\(nobodys[0]).\(nobodys[1]).\(parts[2])",
                    try #require(refresh.json?["refresh_token"]?.stringValue),
                ]
                for token in forged {
                    let answer = try call(registry, "GET", path, token)
                    #expect(answer.status == 401, "\(token): \(answer)")
                }
                // The key is the store's: a token outlives the program, and nobody else can read what it is made with.
                var status = stat()
                #expect(stat("\(engine.root)/registry/_secrets/tokens", &status) == 0)
                #expect(status.st_mode & 0o777 == 0o600 && status.st_size == 32)
                try registry.restart()
                try #expect(call(registry, "GET", path, right).status == 200)
                // Another password, and it counts no more; nor without the user.
                let salted = "ann:$2y$05$abcdefghijklmnopqrstuuDGrYnQpOmQ6yhNA5yN9pVnFpEN3mGaG\n"
                try TestRegistry.write(salted, to: "\(engine.folder)/passwords")
                let changed = try call(registry, "GET", path, right)
                #expect(changed.status == 401 && challenge(changed)["error"] == "invalid_token", "\(changed)")
                try write(["bob"], engine)
                try #expect(call(registry, "GET", path, right).status == 401)
                try write(["ann"], engine)
                try #expect(call(registry, "GET", path, right).status == 200)
            }
        }

        @Test func aTokenEnds() throws {
            try with("\"tokenLifetime\": 1, ") { _, registry in
                try registry.put(artifact: "x", to: "team/web", tag: "1", user: Self.ann)
                let answer = try registry.call(
                    "GET", "/v2/token?scope=repository:team/web:pull", user: Self.ann)
                #expect(answer.json?["expires_in"] == 1, "\(answer)")
                let issued = try Timestamp(#require(answer.json?["issued_at"]?.stringValue))
                #expect(abs(issued.seconds - Int64(time(nil))) < 60)
                let token = try #require(answer.json?["token"]?.stringValue)
                let hasEnded = try TestEngine.eventually(seconds: 5) {
                    try call(registry, "GET", "/v2/team/web/manifests/1", token).status == 401
                }
                #expect(hasEnded)
            }
        }

        @Test func aFormGetsTokensToo() throws {
            try with { engine, registry in
                try registry.put(artifact: "x", to: "team/web", tag: "1", user: Self.ann)
                func ask(_ fields: String...) throws -> OwnRegistry.Answer {
                    let form = fields.joined(separator: "&")
                    return try registry.call(
                        "POST", "/v2/token", ["-H", "Content-Type: application/x-www-form-urlencoded"],
                        body: Array(form.utf8))
                }
                let scope = "scope=repository%3Ateam%2Fweb%3Apull+repository:team/other:pull"
                let who = "grant_type=password&username=ann&service=nestboxd&client_id=test"
                let first = try ask(who, "password=secret", "access_type=offline", scope)
                #expect(first.status == 200, "\(first)")
                let token = try #require(first.json?["access_token"]?.stringValue)
                try #expect(call(registry, "GET", "/v2/team/web/manifests/1", token).status == 200)
                let refresh = try #require(first.json?["refresh_token"]?.stringValue)
                let again = "grant_type=refresh_token&refresh_token=\(refresh)"
                let second = try ask(again, scope)
                #expect(second.json?["refresh_token"]?.stringValue == refresh, "\(second)")
                let other = try #require(second.json?["access_token"]?.stringValue)
                try #expect(call(registry, "GET", "/v2/team/web/manifests/1", other).status == 200)
                try #expect(ask(who, "password=secret", scope).json?["refresh_token"] == nil)
                for (form, status) in [
                    ("\(who)&password=wrong", 401), ("\(who)", 401), ("grant_type=password", 401),
                    ("grant_type=refresh_token", 401), ("grant_type=refresh_token&refresh_token=\(token)", 401),
                    ("grant_type=other", 400), ("", 400), (String(repeating: "a", count: 100_000), 413),
                ] {
                    try #expect(ask(form).status == status, "\(form.prefix(80))")
                }
                // As Docker keeps it after a login.
                mkdir("\(engine.folder)/docker", 0o700)
                let entry = "{\"auth\": \"\(Base64.encode(Array("ann:".utf8)))\", \"identitytoken\": \"\(refresh)\"}"
                try TestRegistry.write(
                    "{\"auths\": {\"\(registry.name)\": \(entry)}}", to: "\(engine.folder)/docker/config.json")
                let shown = try engine.asking("manifest", "inspect", "\(registry.name)/team/web:1")
                #expect(shown.status == 0 && shown.output.contains("test/1"), "\(shown)")
                try write(["bob"], engine)
                try #expect(ask(again).status == 401)
            }
        }
    }
}
