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
            try with(mode) { engine, _, name in
                let result = try engine.asking("pull", name, settings: Self.quick)
                #expect(result.status == 1, "\(result)")
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
                    #expect(registry.log.contains { $0.hasSuffix("Range=bytes=1400000-") }, "\(registry.log)")
                }
            }
        }

        @Test func theNextPullGoesOnWhereAKilledOneWas() throws {
            try with("slow") { engine, registry, name in
                let pull = try Command(
                    engine.command(["pull", name]), environment: engine.registryEnvironment())
                let arrived = TestEngine.eventually { size(ofPartsIn: engine) >= 262_144 }
                #expect(arrived)
                pull.signal(SIGKILL)
                _ = pull.finish()
                let left = size(ofPartsIn: engine)
                try TestRegistry.write("", to: "\(registry.folder)/go")
                let result = try engine.asking("pull", "-q", name)
                #expect(result.status == 0, "\(result)")
                let resumed = registry.log.compactMap { $0.split(separator: "Range=bytes=").last }
                    .compactMap { Int($0.dropLast()) }
                #expect(resumed == [left], "\(registry.log)")
                #expect(TestEngine.names(in: "\(engine.root)/partial") == [])
                try #expect(engine("images", "-q").lines.count == 1)
            }
        }

        @Test func aDamagedPartIsFetchedAnewAndPruneRemovesParts() throws {
            try with("slow") { engine, registry, name in
                let pull = try Command(
                    engine.command(["pull", name]), environment: engine.registryEnvironment())
                #expect(TestEngine.eventually { size(ofPartsIn: engine) >= 262_144 })
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

        private func size(ofPartsIn engine: TestEngine) -> Int {
            let folder = "\(engine.root)/partial"
            return TestEngine.names(in: folder).reduce(0) { sum, name in
                var status = stat()
                return stat("\(folder)/\(name)", &status) == 0 ? max(sum, Int(status.st_size)) : sum
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
