import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// Who may do what at `nestboxd`, what it lists, and many clients at once.
    @Suite(.enabled(if: OwnRegistry.isInstalled, "needs skopeo and curl"))
    struct OwnRegistryAccess {
        private static let ann = "ann:secret"
        private static let bob = "bob:hidden"

        private func with(
            image: String? = nil, settings: String? = nil, _ body: (TestEngine, OwnRegistry) throws -> Void
        ) throws {
            try TestEngine.with(image: image) { engine in
                // bcrypt of `secret`, SHA-512 of `hidden`.
                try TestRegistry.write(
                    """
                    ann:\(TestRegistry.passwords.dropFirst(5))
                    # as mkpasswd writes it
                    bob:$6$saltsalt$O5igcpfl.fR3dZSRWPLdiJIQf.Z/YrDFgl.SCSYO1vXlKx9cxF3I3UnP4.DsSt5As2KdW5Nx35sQeU5W.OZg6/
                    """, to: "\(engine.folder)/passwords")
                let settings = settings?.replacing("PASSWORDS", with: "\(engine.folder)/passwords")
                let registry = try OwnRegistry(for: engine, settings: settings)
                defer { registry.stop() }
                try body(engine, registry)
            }
        }

        @Test func whoHasNoPasswordGetsWhatIsPublicOnly() throws {
            let settings = """
                {"passwords": "PASSWORDS", "repositories": [
                  {"name": "gallery/*", "visibility": "public", "push": ["ann"]},
                  {"name": "team/secret", "pull": ["bob"], "push": ["ann"]}]}
                """
            try with(settings: settings) { engine, registry in
                let ping = try registry.call("GET", "/v2/")
                #expect(ping.status == 401 && ping.code == "UNAUTHORIZED", "\(ping)")
                #expect(ping.headers["www-authenticate"]?.hasPrefix("Bearer realm=") == true, "\(ping)")
                for (user, status) in [(Self.ann, 200), (Self.bob, 200), ("ann:wrong", 401), ("eve:secret", 401)] {
                    try #expect(registry.call("GET", "/v2/", user: user).status == status, "\(user)")
                }
                for name in ["gallery/cat", "team/secret"] {
                    try registry.put(artifact: "x", to: name, tag: "1", user: Self.ann)
                    let upload = "/v2/\(name)/blobs/uploads/"
                    let refused = try registry.call("POST", upload, user: Self.bob)
                    #expect(refused.status == 403 && refused.code == "DENIED", "\(refused)")
                    try #expect(registry.call("POST", upload).status == 401)
                    try #expect(registry.call("DELETE", "/v2/\(name)/manifests/1", user: Self.bob).status == 403)
                }
                let path = "/v2/team/secret/manifests/1"
                for (user, status) in [(nil, 401), (Self.bob, 200), (Self.ann, 200)] as [(String?, Int)] {
                    try #expect(registry.call("GET", path, user: user).status == status, "\(user ?? "-")")
                }
                try #expect(registry.call("GET", "/v2/gallery/cat/manifests/1").status == 200)
                let seen = try registry.call("GET", "/v2/_catalog")
                #expect(seen.json?["repositories"] == .array([.string("gallery/cat")]), "\(seen)")
                // What somebody may not read is not mounted, either.
                let secret = try registry.put(blob: [1, 2, 3], to: "team/secret", user: Self.ann)
                let mount = "/v2/mine/blobs/uploads/?mount=\(secret)"
                try #expect(registry.call("POST", "\(mount)&from=team/secret", user: Self.bob).status == 201)
                try TestRegistry.write("ann:\(TestRegistry.passwords.dropFirst(5))", to: "\(engine.folder)/passwords")
                // A user who is taken out of the file is out at once.
                try #expect(registry.call("GET", path, user: Self.bob).status == 401)
                let place = "docker://\(registry.name)/gallery/cat:1"
                let inspect = ["skopeo", "inspect", "--raw", "--tls-verify=false"]
                try #expect(engine.host.run(inspect + ["--no-creds", place]).status == 0)
                let other = "docker://\(registry.name)/team/secret:1"
                try #expect(engine.host.run(inspect + ["--no-creds", other]).status != 0)
                try #expect(engine.host.run(inspect + ["--creds", Self.ann, other]).status == 0)
            }
        }

        @Test func oursLogsInAndPushes() throws {
            try with(image: "busybox-docker.tar", settings: "{\"passwords\": \"PASSWORDS\"}") { engine, registry in
                let name = "\(registry.name)/private/box:1"
                try engine("tag", "busybox", name)
                let refused = try engine.asking("push", name)
                #expect(refused.status == 1 && refused.error.contains("log in with"), "\(refused)")
                let wrong = try engine.asking("login", "-u", "ann", "-p", "wrong", registry.name)
                #expect(wrong.status == 1, "\(wrong)")
                try #expect(engine.asking("login", "-u", "ann", "-p", "secret", registry.name).status == 0)
                let pushed = try engine.asking("push", "-q", name)
                #expect(pushed.status == 0, "\(pushed)")
                try engine("rmi", "-f", name)
                let pulled = try engine.asking("pull", "-q", name)
                #expect(pulled.status == 0 && pulled.line == name, "\(pulled)")
            }
        }

        @Test func immutableTagsAndNamedRepositoriesAreKept() throws {
            let settings = """
                {"createOnPush": false, "repositories": [{"name": "forum/web", "imageTagMutability": "IMMUTABLE"}]}
                """
            try with(settings: settings) { _, registry in
                let unknown = try registry.call("POST", "/v2/other/blobs/uploads/")
                #expect(unknown.status == 404 && unknown.code == "NAME_UNKNOWN", "\(unknown)")
                let empty = try registry.call("GET", "/v2/forum/web/tags/list")
                #expect(empty.status == 200 && empty.json?["tags"] == .array([]), "\(empty)")
                for (blob, tag, status) in [("x", "1", 201), ("x", "1", 201), ("yy", "1", 409), ("yy", "2", 201)] {
                    let put = try registry.put(artifact: blob, to: "forum/web", tag: tag)
                    #expect(put.status == status, "\(put)")
                    if status == 409 {
                        #expect(put.code == "TAG_INVALID" && put.text.contains("tags of this repository are immutable"))
                    }
                }
                let first = try registry.call("GET", "/v2/forum/web/manifests/1")
                #expect(first.text.contains("test/1"), "\(first)")
            }
        }

        @Test func listsComeInParts() throws {
            try with { engine, registry in
                let put = try registry.put(artifact: "x", to: "many", tag: "t0001")
                let digest = try #require(put.headers["docker-content-digest"])
                let manifest = try registry.call("GET", "/v2/many/manifests/t0001").body
                try FileDescriptor.open("\(engine.folder)/manifest", O_WRONLY | O_CREAT).writeAll(manifest)
                let result = try engine.host.run([
                    "curl", "-s", "-f", "-X", "PUT", "-H", "Content-Type: \(OwnRegistry.manifestType)", "--data-binary",
                    "@\(engine.folder)/manifest", "http://\(registry.name)/v2/many/manifests/t[0001-1000]",
                ])
                #expect(result.status == 0, "\(result)")
                var found: [String] = []
                var next: String? = "/v2/many/tags/list?n=300"
                var pages = 0
                while let path = next {
                    let answer = try registry.call("GET", path)
                    found += answer.json?["tags"]?.arrayValue?.compactMap(\.stringValue) ?? []
                    next = answer.headers["link"].flatMap(PageLink.next)
                    pages += 1
                    if pages > 10 { break }
                }
                #expect(pages == 4 && found.count == 1000 && found == found.sorted(), "\(pages) \(found.count)")
                #expect(Set(found).count == 1000)
                let all = try registry.call("GET", "/v2/many/tags/list")
                #expect(all.json?["tags"]?.arrayValue?.count == 1000 && all.headers["link"] == nil)
                let none = try registry.call("GET", "/v2/many/tags/list?n=0")
                #expect(none.json?["tags"] == .array([]), "\(none)")
                let last = try registry.call("GET", "/v2/many/tags/list?last=t0998")
                #expect(last.json?["tags"] == .array([.string("t0999"), .string("t1000")]), "\(last)")
                try registry.put(artifact: "x", to: "few", tag: "1")
                let names = try registry.call("GET", "/v2/_catalog?n=1")
                #expect(names.json?["repositories"] == .array([.string("few")]), "\(names)")
                #expect(names.headers["link"] == "</v2/_catalog?n=1&last=few>; rel=\"next\"", "\(names)")
                // One tag goes alone, and all others with their manifest.
                try #expect(registry.call("DELETE", "/v2/many/manifests/t0500").status == 202)
                try #expect(registry.call("GET", "/v2/many/manifests/t0500").status == 404)
                try #expect(registry.call("GET", "/v2/many/manifests/t0501").status == 200)
                try #expect(registry.call("DELETE", "/v2/many/manifests/\(digest)").status == 202)
                try #expect(registry.call("GET", "/v2/many/tags/list").json?["tags"] == .array([]))
            }
        }

        @Test func whatIsAboutAManifestIsFoundByIt() throws {
            try with { _, registry in
                let subject = try #require(
                    registry.put(artifact: "x", to: "a", tag: "1").headers["docker-content-digest"])
                for repository in ["a", "none"] {
                    let nobody = try registry.call("GET", "/v2/\(repository)/referrers/\(subject)")
                    #expect(nobody.status == 200 && nobody.json?["manifests"] == .array([]), "\(nobody)")
                }
                var digests: [String] = []
                for blob in ["four", "fives"] {
                    let put = try registry.put(artifact: blob, to: "a", subject: subject)
                    #expect(put.status == 201 && put.headers["oci-subject"] == subject, "\(put)")
                    digests.append(try #require(put.headers["docker-content-digest"]))
                }
                let all = try registry.call("GET", "/v2/a/referrers/\(subject)")
                #expect(all.headers["content-type"] == "application/vnd.oci.image.index.v1+json", "\(all)")
                let manifests = all.json?["manifests"]?.arrayValue ?? []
                #expect(Set(manifests.compactMap { $0["digest"]?.stringValue }) == Set(digests), "\(all)")
                let one = try registry.call("GET", "/v2/a/referrers/\(subject)?artifactType=test/4")
                #expect(one.headers["oci-filters-applied"] == "artifactType", "\(one)")
                #expect(one.json?["manifests"]?.arrayValue?.count == 1, "\(one)")
                #expect(one.json?["manifests"]?[0]?["artifactType"] == .string("test/4"), "\(one)")
                try #expect(registry.call("DELETE", "/v2/a/manifests/\(digests[0])").status == 202)
                let left = try registry.call("GET", "/v2/a/referrers/\(subject)")
                #expect(left.json?["manifests"]?.arrayValue?.count == 1, "\(left)")
            }
        }

        @Test func manyClientsPushTheSameBlob() throws {
            try with { engine, registry in
                let blob = [UInt8](repeating: 7, count: 3_000_000)
                let digest = try OwnRegistry.digest(blob)
                try FileDescriptor.open("\(engine.folder)/blob", O_WRONLY | O_CREAT).writeAll(blob)
                let clients = try (0..<16).map { number in
                    try Command(
                        engine.host.entrance + [
                            "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary",
                            "@\(engine.folder)/blob",
                            "http://\(registry.name)/v2/r\(number % 3)/blobs/uploads/?digest=\(digest)",
                        ])
                }
                for client in clients { #expect(client.finish().line == "201") }
                #expect(TestEngine.names(in: "\(engine.root)/blobs/sha256") == [String(digest.dropFirst(7))])
                for number in 0..<3 {
                    try #expect(registry.call("GET", "/v2/r\(number)/blobs/\(digest)").body == blob)
                    #expect(TestEngine.names(in: "\(engine.root)/registry/r\(number)/_uploads") == [])
                }
            }
        }

        @Test func pruningBesidePushesAndPullsLosesNothing() throws {
            try with(image: "busybox-docker.tar") { engine, registry in
                let loop = "while ! [ -e \(engine.folder)/stop ]; do \"$@\" >/dev/null || exit 1; done"
                let pruning = try Command(["sh", "-c", loop, "sh"] + engine.command(["image", "prune", "-af"]))
                defer { _ = pruning.finish() }
                defer { _ = try? TestRegistry.write("", to: "\(engine.folder)/stop") }
                let source = "docker-archive:\(try TestEngine.fixture("busybox-docker.tar"))"
                for round in 0..<8 {
                    let place = "docker://\(registry.name)/r\(round % 2):\(round)"
                    try registry.skopeo("copy", "-q", "--dest-tls-verify=false", source, place)
                    try registry.skopeo(
                        "copy", "-q", "--src-tls-verify=false", place, "dir:\(engine.folder)/copy\(round)")
                    let name = "\(registry.name)/r\(round % 2):\(round)"
                    let pulled = try engine.asking("pull", "-q", name)
                    #expect(pulled.status == 0, "\(pulled)")
                }
                try TestRegistry.write("", to: "\(engine.folder)/stop")
                let pruned = pruning.finish()
                #expect(pruned.status == 0, "\(pruned)")
                for round in 0..<8 {
                    try registry.skopeo(
                        "copy", "-q", "--src-tls-verify=false", "docker://\(registry.name)/r\(round % 2):\(round)",
                        "dir:\(engine.folder)/last\(round)")
                }
            }
        }
    }
}
