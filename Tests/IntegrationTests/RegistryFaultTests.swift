import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// Registries that misbehave, and connections that break.
    @Suite(.enabled(if: HostileRegistry.isInstalled, "needs python3"))
    struct RegistryFaults {
        private static let quick = "{\"idleTimeout\": 1, \"connectTimeout\": 5}"

        private func with(_ mode: String, _ body: (TestEngine, HostileRegistry, String) throws -> Void) throws {
            try TestEngine.with(image: nil) { engine in
                let registry = try HostileRegistry(mode, for: engine)
                defer { registry.stop() }
                try body(engine, registry, "\(registry.name)/test/image:latest")
            }
        }

        @Test(arguments: [
            ("wrong", ["blob was damaged or changed"]), ("other", ["blob was damaged or changed"]),
            ("long", ["has", "bytes, not the"]), ("long-chunked", ["has", "bytes, not the"]),
            ("short", ["has", "bytes, not the"]), ("hang", ["broke off at layer", "nothing arrived in time"]),
            ("cut-always", ["broke off at layer", "the connection was closed"]),
            ("loop", ["redirects", "more than 5 times"]), ("html", ["page for browsers"]),
            ("huge", ["more than 4194304 bytes"]), ("endless", ["more than 4194304 bytes"]),
            ("realm", ["\"not a place\", which is no address"]), ("missing", ["does not have test/image:latest"]),
            ("lying-digest", ["was damaged or changed"]), ("lying-diff-ids", ["was damaged or changed"]),
        ])
        func aHostileRegistryIsToldOfAndLeavesNothing(mode: String, words: [String]) throws {
            try with(mode) { engine, registry, name in
                let result = try engine.asking("pull", name, settings: Self.quick)
                #expect(result.status == 1, "\(result)")
                // Five attempts, not five times five.
                #expect(registry.log.count { $0.contains("Range=") } < 5, "\(registry.log)")
                for word in words { #expect(result.error.contains(word), "\(result)") }
                #expect(result.error.split(separator: "\n").count == 1, "\(result)")
                #expect(!result.error.contains("\u{1B}"), "\(result)")
                try #expect(engine("images", "-aq").output.isEmpty)
                #expect(TestEngine.names(in: "\(engine.root)/images") == [])
                #expect(TestEngine.names(in: "\(engine.root)/blobs/sha256") == [])
                #expect(TestEngine.names(in: "\(engine.root)/layers") == [])
                // The next command finds nothing of a dead one, either.
                #expect(TestEngine.names(in: "\(engine.root)/tmp") == [])
            }
        }

        @Test(arguments: ["good", "busy", "cuts", "no-ranges"])
        func whatPassesIsWaitedFor(mode: String) throws {
            try with(mode) { engine, registry, name in
                let result = try engine.asking("pull", "-q", name, settings: Self.quick)
                #expect(result.status == 0 && result.line == name, "\(result)")
                try #expect(engine("images", "-q").lines.count == 1)
                #expect(TestEngine.names(in: "\(engine.root)/partial") == [])
                if mode == "cuts" {
                    #expect(registry.log.contains { $0.contains("Range=bytes=") }, "\(registry.log)")
                }
            }
        }

        @Test func theNextPullGoesOnWhereAKilledOneWas() throws {
            try with("slow") { engine, registry, name in
                let pull = try Command(
                    engine.command(["pull", name]), environment: engine.registryEnvironment())
                // Both layers have come, as far as they do.
                let arrived = TestEngine.eventually { sizesOfParts(in: engine).filter { $0 >= 262_144 }.count == 2 }
                #expect(arrived, "\(sizesOfParts(in: engine))")
                pull.signal(SIGKILL)
                _ = pull.finish()
                let left = sizesOfParts(in: engine)
                try TestRegistry.write("", to: "\(registry.folder)/go")
                let result = try engine.asking("pull", "-q", name)
                #expect(result.status == 0, "\(result)")
                let blobs = registry.log.filter { $0.contains("/blobs/") }
                let resumed = blobs.compactMap { $0.split(separator: " Range=bytes=").dropFirst().first }
                    .compactMap { Int($0.dropLast()) }
                #expect(!resumed.isEmpty && resumed.allSatisfy(left.contains), "\(left) \(registry.log)")
                // The configuration and the layers for the first pull, the configuration and what was missing for the second.
                #expect(blobs.count == 4 + resumed.count, "\(registry.log)")
                #expect(TestEngine.names(in: "\(engine.root)/partial") == [])
                try #expect(engine("images", "-q").lines.count == 1)
            }
        }

        @Test func aDamagedPartIsFetchedAnewAndPruneRemovesParts() throws {
            try with("slow") { engine, registry, name in
                let pull = try Command(
                    engine.command(["pull", name]), environment: engine.registryEnvironment())
                #expect(TestEngine.eventually { sizesOfParts(in: engine).filter { $0 >= 262_144 }.count == 2 })
                pull.signal(SIGKILL)
                _ = pull.finish()
                let folder = "\(engine.root)/partial"
                for part in TestEngine.names(in: folder) {
                    pwrite(try FileDescriptor.open("\(folder)/\(part)", O_WRONLY).rawValue, "xxxx", 4, 100_000)
                }
                try TestRegistry.write("", to: "\(registry.folder)/go")
                let result = try engine.asking("pull", "-q", name)
                #expect(result.status == 0, "\(result)")
                try TestRegistry.write("part", to: "\(folder)/\(String(repeating: "0", count: 64))")
                try #expect(engine("image", "prune", "-f").output.contains("4B"))
                #expect(TestEngine.names(in: folder) == [])
            }
        }

        private func sizesOfParts(in engine: TestEngine) -> [Int] {
            let folder = "\(engine.root)/partial"
            return TestEngine.names(in: folder).map { name in
                var status = stat()
                return stat("\(folder)/\(name)", &status) == 0 ? Int(status.st_size) : 0
            }
        }

        @Test func credentialsGoToTheRegistryOnly() throws {
            try with("thief") { engine, registry, name in
                let result = try engine.asking("pull", "-q", name)
                #expect(result.status == 0, "\(result)")
                #expect(registry.log.contains { $0.contains("Authorization=Bearer secret-token") })
                let stolen = try TestEngine.read("\(registry.folder)/stolen").split(separator: "\n")
                #expect(!stolen.isEmpty && stolen.allSatisfy { $0.hasSuffix(" -") }, "\(stolen)")
            }
        }

        @Test func tokensAreGotWithAPasswordOrAnIdentityToken() throws {
            try with("tokens") { engine, registry, name in
                let refused = try engine.asking("pull", name)
                #expect(refused.status == 1, "\(refused)")
                #expect(refused.error.contains("log in with 'nestbox login \(registry.name)'"), "\(refused)")
                mkdir("\(engine.folder)/docker", 0o700)
                let file = "\(engine.folder)/docker/config.json"
                let password = Base64.encode(Array("user:secret".utf8))
                try TestRegistry.write("{\"auths\": {\"\(registry.name)\": {\"auth\": \"\(password)\"}}}", to: file)
                try #expect(engine.asking("pull", "-q", name).line == name)
                #expect(registry.log.contains { $0.contains("scope=repository%3Atest%2Fimage%3Apull") })
                try TestRegistry.write(
                    "{\"auths\": {\"\(registry.name)\": {\"identitytoken\": \"identity\"}}}", to: file)
                try #expect(engine.asking("pull", "-q", name).line == name)
                #expect(registry.log.contains { $0.hasPrefix("POST /token") && $0.contains("client_id=nestbox") })
                let wrong = try engine.asking("login", "-u", "user", "--password-stdin", registry.name, input: "x")
                #expect(wrong.status == 1 && wrong.error.contains("is not accepted"), "\(wrong)")
            }
        }

        @Test func aProxyOfTheEnvironmentIsUsed() throws {
            try with("good") { engine, registry, _ in
                // No such host: only the proxy can be reached.
                let name = "registry.example:5000/test/image:latest"
                let settings = "{\"insecure\": [\"registry.example:5000\"]}"
                var environment = ["HTTP_PROXY": "http://\(registry.name)"]
                let pulled = try engine.asking("pull", "-q", name, settings: settings, environment: environment)
                #expect(pulled.status == 0 && pulled.line == name, "\(pulled)")
                #expect(registry.log.contains("CONNECT registry.example:5000"), "\(registry.log)")
                environment["NO_PROXY"] = ".example"
                let direct = try engine.asking("pull", "-q", name, settings: settings, environment: environment)
                #expect(direct.status == 1 && direct.error.contains("cannot reach registry"), "\(direct)")
            }
        }

        @Test func aVariantIsChosenByPlatform() throws {
            try with("index") { engine, _, name in
                let own = try engine.asking("pull", "-q", name)
                #expect(own.status == 0, "\(own)")
                try #expect(
                    engine("image", "inspect", "-f", "{{.Architecture}}", name).line == TestImage.architecture)
                let other = try engine.asking("pull", "-q", "--platform", "linux/s390x", name)
                #expect(other.status == 0, "\(other)")
                try #expect(engine("image", "inspect", "-f", "{{.Architecture}}", name).line == "s390x")
                let none = try engine.asking("pull", "--platform", "linux/mips64le", name)
                #expect(none.status == 1 && none.error.contains("only for linux/s390x, linux/"), "\(none)")
                let manifest = try engine.asking("manifest", "inspect", name)
                let json = try JSONValue(parsing: Array(manifest.output.utf8))
                #expect(json["manifests"]?.arrayValue?.count == 2, "\(manifest)")
            }
        }

        @Test func thousandsOfTagsComeInParts() throws {
            try with("good") { engine, registry, _ in
                let all = try engine.asking("search-tags", "\(registry.name)/test/image")
                #expect(all.lines.count == 10_000 && all.lines.last == "v09999", "\(all.error)")
                let few = try engine.asking("search-tags", "--limit", "800", "\(registry.name)/test/image")
                #expect(few.lines.count == 800, "\(few.error)")
            }
        }

        @Test func aMirrorIsAskedFirst() throws {
            try with("good") { engine, registry, _ in
                let settings = """
                    {"mirrors": {"docker.io": ["http://127.0.0.1:1", "http://\(registry.name)"]}}
                    """
                let result = try engine.asking("pull", "-q", "test/image", settings: settings)
                #expect(result.status == 0 && result.line == "docker.io/test/image:latest", "\(result)")
                #expect(result.error.contains("mirror 127.0.0.1:1 is passed over"), "\(result)")
                #expect(registry.log.contains { $0.contains("/v2/test/image/manifests/latest") })
            }
        }
    }
}
