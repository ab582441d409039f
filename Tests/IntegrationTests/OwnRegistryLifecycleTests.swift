import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `nestbox repository` beside `nestboxd`: repositories with settings, and lifecycle policies.
    @Suite(.enabled(if: OwnRegistry.isInstalled, "needs skopeo and curl")) struct OwnRegistryLifecycle {
        private static let untagged = """
            {"rules": [{"rulePriority": 1, "description": "what a later push took the tag from",
              "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1},
              "action": {"type": "expire"}}]}
            """

        private func with(
            settings: String? = nil, _ body: (TestEngine, OwnRegistry) throws -> Void
        ) throws {
            try TestEngine.with(image: nil) { engine in
                try TestRegistry.write("ann:\(TestRegistry.passwords.dropFirst(5))", to: "\(engine.folder)/passwords")
                let settings = settings?.replacing("PASSWORDS", with: "\(engine.folder)/passwords")
                let registry = try OwnRegistry(for: engine, settings: settings)
                defer { registry.stop() }
                try body(engine, registry)
            }
        }

        /// What `nestbox repository` prints.
        @discardableResult
        private func text(_ engine: TestEngine, _ words: String...) throws -> String {
            let result = try engine.run(["repository"] + words)
            #expect(result.status == 0, "\(words): \(result)")
            return result.output.hasSuffix("\n") ? String(result.output.dropLast()) : result.output
        }

        private func digests(_ engine: TestEngine, _ name: String) throws -> [String] {
            try text(engine, "images", "-q", name).split(separator: "\n").map(String.init)
        }

        @Test func aRepositoryIsMadeListedAndRemoved() throws {
            try with { engine, registry in
                try #expect(
                    text(engine, "create", "--image-tag-mutability", "IMMUTABLE", "team/web") == "team/web")
                let again = try engine.asking("repository", "create", "team/web")
                #expect(again.status == 1 && again.error.contains("has repository team/web already"), "\(again)")
                for (blob, tag, status) in [("x", "1", 201), ("yy", "1", 409), ("yy", "2", 201)] {
                    let put = try registry.put(artifact: blob, to: "team/web", tag: tag)
                    #expect(put.status == status, "\(put)")
                }
                let list = try text(engine, "ls")
                #expect(
                    list.contains("REPOSITORY") && list.contains("team/web") && list.contains("IMMUTABLE"), "\(list)")
                let row = try text(engine, "ls", "--format", "{{.Name}} {{.Images}} {{.LifecyclePolicy}}")
                #expect(row == "team/web 2 no")
                let images = try text(engine, "images", "--format", "{{.Tags}} {{.Size}} {{.Status}}", "team/web")
                #expect(images == "1 3B active\n2 4B active", "\(images)")
                let json = try text(engine, "images", "--no-trunc", "--format", "json", "team/web")
                let first = try JSONValue(parsing: Array(json.split(separator: "\n")[0].utf8))
                #expect(first["Digest"]?.stringValue?.count == 71 && first["Tags"] == "1", "\(json)")
                let inspected = try text(engine, "inspect", "team/web")
                #expect(inspected.contains("\"ImageTagMutability\": \"IMMUTABLE\""), "\(inspected)")
                let refused = try engine.asking("repository", "rm", "team/web")
                #expect(refused.status == 1 && refused.error.contains("has 2 images"), "\(refused)")
                try text(engine, "rm", "-f", "team/web")
                try #expect(registry.call("GET", "/v2/team/web/tags/list").status == 404)
                #expect(TestEngine.names(in: "\(engine.root)/blobs/sha256") == [])
                let bad = try engine.asking("repository", "create", "Team")
                #expect(bad.status == 1 && bad.error.contains("Team"), "\(bad)")
            }
        }

        @Test func aPublicRepositoryIsPulledFromWithoutAPassword() throws {
            try with(settings: "{\"passwords\": \"PASSWORDS\"}") { engine, registry in
                try text(engine, "create", "--visibility", "public", "gallery")
                for name in ["gallery", "secret"] {
                    let put = try registry.put(artifact: "x", to: name, tag: "1", user: "ann:secret")
                    #expect(put.status == 201, "\(put)")
                }
                try #expect(registry.call("GET", "/v2/gallery/manifests/1").status == 200)
                try #expect(registry.call("GET", "/v2/secret/manifests/1").status == 401)
                try #expect(registry.call("POST", "/v2/gallery/blobs/uploads/").status == 401)
                let seen = try registry.call("GET", "/v2/_catalog")
                #expect(seen.json?["repositories"] == .array([.string("gallery")]), "\(seen)")
            }
        }

        @Test func aPolicyIsTriedPutAndApplied() throws {
            try with { engine, registry in
                for content in ["a", "bb", "ccc"] { try registry.put(artifact: content, to: "web", tag: "latest") }
                let all = try digests(engine, "web")
                #expect(all.count == 3)
                let file = "\(engine.folder)/policy.json"
                try TestRegistry.write(Self.untagged, to: file)
                let preview = try text(
                    engine, "lifecycle", "preview", "--policy", file, "--no-trunc", "--format",
                    "{{.Digest}} {{.Tags}} {{.Action}} {{.RulePriority}}", "web")
                #expect(preview == "\(all[0]) <none> expire 1")
                try #expect(digests(engine, "web") == all)
                let none = try engine.asking("repository", "lifecycle", "get", "web")
                #expect(none.status == 1 && none.error.contains("has no lifecycle policy"), "\(none)")
                let put = try text(engine, "lifecycle", "put", "web", file)
                #expect(put.contains("ACTION") && put.contains(String(all[0].prefix(19))), "\(put)")
                try #expect(digests(engine, "web") == Array(all.dropFirst()))
                try #expect(registry.call("GET", "/v2/web/manifests/\(all[0])").status == 404)
                try #expect(registry.call("GET", "/v2/web/manifests/latest").status == 200)
                try #expect(text(engine, "lifecycle", "get", "web") == Self.untagged)
                try registry.put(artifact: "dddd", to: "web", tag: "latest")
                let applied = try text(engine, "lifecycle", "apply", "--no-trunc", "--format", "{{.Digest}}", "web")
                #expect(applied == all[1])
                // Nothing is left of what expired but its layers, which may be pushed again for a day.
                let blobs = TestEngine.names(in: "\(engine.root)/blobs/sha256")
                #expect(all.prefix(2).allSatisfy { !blobs.contains(String($0.dropFirst(7))) })
                try text(engine, "lifecycle", "rm", "web")
                try TestRegistry.write(
                    Self.untagged.replacing("\"countNumber\": 1", with: "\"countNumber\": 0"), to: file)
                let bad = try engine.asking("repository", "lifecycle", "put", "web", file)
                #expect(
                    bad.status == 1
                        && bad.error.contains("rules[0].selection.countNumber (rule 1): it is 0; expected 1"), "\(bad)")
            }
        }

        @Test func theDaemonAppliesPoliciesAndNotesPulls() throws {
            try with { engine, registry in
                for content in ["a", "bb", "ccc"] { try registry.put(artifact: content, to: "web", tag: "latest") }
                let all = try digests(engine, "web")
                let pulled = { try text(engine, "images", "--format", "{{.PulledSince}}", "web") }
                try #expect(registry.call("HEAD", "/v2/web/manifests/latest").status == 200)
                try #expect(pulled() == "N/A\nN/A\nN/A")
                try #expect(registry.call("GET", "/v2/web/manifests/latest").status == 200)
                let last = try pulled()
                #expect(last.hasPrefix("N/A\nN/A\n") && last.hasSuffix(" ago"), "\(last)")
                registry.stop()
                // As put by somebody whose process died before it was applied.
                let record: JSONValue = ["text": .string(Self.untagged)]
                try TestRegistry.write(
                    String(decoding: record.serialized(), as: UTF8.self), to: "\(engine.root)/registry/web/_lifecycle")
                try registry.restart()
                for _ in 0..<200 where try digests(engine, "web").count == 3 { usleep(50_000) }
                try #expect(digests(engine, "web") == Array(all.dropFirst()))
            }
        }
    }
}
