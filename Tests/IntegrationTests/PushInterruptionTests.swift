import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// Pushes that break off, and go on.
    @Suite struct PushInterruptions {
        /// Gives the engine an image of one layer, of bytes that nothing makes shorter.
        private func makeImage(_ name: String, megabytes: Int, _ engine: TestEngine) throws {
            let folder = "\(engine.folder)/tree"
            mkdir(folder, 0o755)
            let made = try Command.run([
                "sh", "-c",
                "head -c \(megabytes)000000 /dev/urandom >\(folder)/file && tar -C \(folder) -cf \(folder).tar .",
            ])
            try #require(made.status == 0, "\(made)")
            let imported = try engine("import", "\(folder).tar", name)
            try #require(imported.status == 0, "\(imported)")
        }

        @Test(
            .enabled(if: HostileRegistry.isInstalled, "needs python3"),
            arguments: [
                // Asked how far it is, the registry gets the rest.
                ("keep", ["GET upload0 -", "PATCH upload0 half-", "PUT upload0 -"]),
                ("forget", ["GET upload0 -", "POST uploads -", "PUT upload1 -"]),
                (
                    "spoil",
                    ["GET upload0 -", "PATCH upload0 half-", "PUT upload0 -", "POST uploads -", "PUT upload1 -"]
                ),
                ("claim", ["GET upload0 -", "PATCH upload0 more-", "POST uploads -", "PUT upload1 -"]),
            ])
        func aBrokenUploadGoesOn(mode: String, expected: [String]) throws {
            try TestEngine.with(image: nil) { engine in
                let registry = try HostileRegistry(mode, for: engine, program: "uploads.py")
                defer { registry.stop() }
                let name = "\(registry.name)/test/image:1"
                try makeImage(name, megabytes: 4, engine)
                let pushed = try engine.asking("push", "-q", name)
                #expect(pushed.status == 0 && pushed.line == name, "\(pushed)")
                let log = registry.log.map(String.init)
                let broken = try #require(log.firstIndex { $0.hasPrefix("PUT") })
                let said = log.dropFirst(broken + 1).prefix(expected.count).map { line in
                    let words = line.split(separator: " ")
                    let first = words[2].split(separator: "-").first.flatMap { Int($0) }
                    let range = first.map { $0 % 2 == 0 && $0 > 2_000_000 && $0 < 2_010_000 ? "half-" : "more-" } ?? "-"
                    let place = words[1].split(separator: "/").last ?? ""
                    return "\(words[0]) \(place) \(mode == "claim" && first != nil ? "more-" : range)"
                }
                #expect(said == expected, "\(log)")
                #expect(TestEngine.names(in: "\(engine.root)/uploads") == [])
            }
        }

        @Test(.enabled(if: OwnRegistry.isInstalled, "needs skopeo and curl"))
        func theNextPushGoesOnWhereAKilledOneWas() throws {
            try TestEngine.with(image: nil) { server in
                let registry = try OwnRegistry(for: server)
                defer { registry.stop() }
                try TestEngine.with(image: nil) { engine in
                    let name = "\(registry.name)/test/image:1"
                    try makeImage(name, megabytes: 256, engine)
                    let folder = "\(server.root)/registry/test/image/_uploads"
                    func size() -> Int {
                        guard let upload = TestEngine.names(in: folder).first else { return 0 }
                        return Int((try? FileDescriptor.open("\(folder)/\(upload)").status().st_size) ?? 0)
                    }
                    let push = try Command(
                        engine.command(["push", "-q", name]), environment: engine.registryEnvironment())
                    let deadline = time(nil) + 30
                    while size() < 2_000_000, time(nil) < deadline { usleep(500) }
                    registry.signal(SIGSTOP)
                    // The program that speaks to registries is what the command has become.
                    push.signal(SIGKILL)
                    _ = push.finish()
                    registry.signal(SIGCONT)
                    let kept = TestEngine.names(in: "\(engine.root)/uploads")
                    #expect(kept.count == 1, "\(kept)")
                    // The registry notices that nobody sends any more, and writes what had come.
                    var seen = 0
                    let isQuiet = TestEngine.eventually {
                        let last = seen
                        seen = size()
                        usleep(100_000)
                        return seen > 0 && seen == last
                    }
                    #expect(isQuiet && seen < 256_000_000, "\(seen)")
                    let first = TestEngine.names(in: folder)
                    #expect(first.count == 1)
                    let again = try engine.asking("push", "-q", name)
                    #expect(again.status == 0 && again.line == name, "\(again)")
                    // Begun anew, it would have left the other one there.
                    #expect(TestEngine.names(in: folder) == [])
                    #expect(TestEngine.names(in: "\(engine.root)/uploads") == [])
                    let answer = try registry.call("GET", "/v2/test/image/manifests/1")
                    let layer = try #require(answer.json?["layers"]?[0]?["digest"]?.stringValue, "\(answer)")
                    let sum = try Command.run(["sha256sum", "\(server.root)/blobs/sha256/\(layer.dropFirst(7))"])
                    #expect(sum.output.hasPrefix(layer.dropFirst(7)), "\(sum)")
                }
            }
        }
    }
}
