import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `nestboxd`, asked by other clients and by ours.
    @Suite(.enabled(if: OwnRegistry.isInstalled, "needs skopeo and curl"))
    struct OwnRegistries {
        private func with(
            image: String? = nil, settings: String? = nil, _ body: (TestEngine, OwnRegistry) throws -> Void
        ) throws {
            try TestEngine.with(image: image) { engine in
                let registry = try OwnRegistry(for: engine, settings: settings)
                defer { registry.stop() }
                try body(engine, registry)
            }
        }

        @Test func skopeoGetsWhatItHasPutByTagAndDigest() throws {
            try with { engine, registry in
                let source = "oci:\(try TestEngine.fixture("busybox-oci"))"
                let place = "docker://\(registry.name)/forum/web"
                try registry.skopeo("copy", "-q", "--dest-tls-verify=false", "--preserve-digests", source, "\(place):1")
                let sent = try registry.skopeo("inspect", "--raw", source).output
                let got = try registry.skopeo("inspect", "--raw", "--tls-verify=false", "\(place):1").output
                #expect(sent == got)
                let digest = try OwnRegistry.digest(Array(sent.utf8))
                for (name, folder) in [("\(place):1", "tag"), ("\(place)@\(digest)", "digest")] {
                    let target = "\(engine.folder)/\(folder)"
                    try registry.skopeo("copy", "-q", "--src-tls-verify=false", name, "dir:\(target)")
                    try #expect(OwnRegistry.digest(TestEngine.bytes("\(target)/manifest.json")) == digest)
                }
                let answer = try registry.call("HEAD", "/v2/forum/web/manifests/1")
                #expect(answer.status == 200 && answer.headers["docker-content-digest"] == digest, "\(answer)")
                #expect(answer.headers["content-length"] == "\(sent.utf8.count)", "\(answer)")
                #expect(answer.headers["docker-distribution-api-version"] == "registry/2.0", "\(answer)")
                // The store's images need not know of it, and a restart forgets nothing.
                try #expect(engine("images", "-aq").output.isEmpty)
                try registry.restart()
                try registry.skopeo("inspect", "--tls-verify=false", "\(place):1")
            }
        }

        @Test func anImageOfOursGoesThereAndComesBack() throws {
            try with(image: "busybox-docker.tar") { engine, registry in
                let name = "\(registry.name)/mine/box:1"
                try engine("tag", "busybox", name)
                let blobs = Set(TestEngine.names(in: "\(engine.root)/blobs/sha256"))
                let pushed = try engine.asking("push", name)
                #expect(pushed.status == 0, "\(pushed)")
                // Only a manifest may be new: the image came without one that a registry takes.
                let more = Set(TestEngine.names(in: "\(engine.root)/blobs/sha256")).subtracting(blobs)
                #expect(more.count <= 1, "\(more)")
                try engine("rmi", "-f", name, "busybox")
                try #expect(engine("images", "-aq").output.isEmpty)
                try engine("image", "prune", "-af")
                let run = try engine.asking("run", "--rm", "--network", "none", name, "echo", "here")
                #expect(run.status == 0 && run.line == "here", "\(run)")
            }
        }

        @Test func whatIsInTheStoreIsNeitherSentNorFetched() throws {
            try with(image: "busybox-docker.tar") { engine, registry in
                let mine = "\(registry.name)/mine/box:1"
                try engine("tag", "busybox", mine)
                let pushed = try engine.asking("push", mine)
                #expect(pushed.lines.contains { $0.hasSuffix(": Layer already exists") }, "\(pushed)")
                #expect(!pushed.output.contains(": Pushed"), "\(pushed)")

                let place = "docker://\(registry.name)/forum/web:1"
                let source = "oci:\(try TestEngine.fixture("busybox-oci"))"
                try registry.skopeo("copy", "-q", "--dest-tls-verify=false", "--preserve-digests", source, place)
                let manifest = try registry.call("GET", "/v2/forum/web/manifests/1").json
                let layer = try #require(manifest?["layers"]?[0]?["digest"]?.stringValue)
                let file = "\(engine.root)/blobs/sha256/\(layer.dropFirst(7))"
                let inode = try FileDescriptor.open(file).status().st_ino
                // It could not be fetched any more.
                #expect(unlink("\(engine.root)/registry/forum/web/_blobs/\(layer.dropFirst(7))") == 0)
                try #expect(registry.call("GET", "/v2/forum/web/blobs/\(layer)").status == 404)
                let name = "\(registry.name)/forum/web:1"
                let run = try engine.asking("run", "--rm", "--network", "none", name, "echo", "here")
                #expect(run.status == 0 && run.line == "here", "\(run)")
                let status = try FileDescriptor.open(file).status()
                #expect(status.st_ino == inode && status.st_nlink == 1)
                #expect(TestEngine.names(in: "\(engine.root)/partial") == [])
            }
        }

        @Test(.enabled(if: TestRegistry.isInstalled, "needs docker-registry"))
        func aDamagedLayerOfTheStoreIsFetchedAnew() throws {
            try with { engine, registry in
                let other = try TestRegistry(for: engine)
                defer { other.stop() }
                let source = "oci:\(try TestEngine.fixture("busybox-oci"))"
                for name in [other.name, registry.name] {
                    try registry.skopeo(
                        "copy", "-q", "--dest-tls-verify=false", "--preserve-digests", source, "docker://\(name)/box:1")
                }
                let manifest = try registry.call("GET", "/v2/box/manifests/1").json
                let layer = try #require(manifest?["layers"]?[0]?["digest"]?.stringValue)
                let file = "\(engine.root)/blobs/sha256/\(layer.dropFirst(7))"
                let number = try FileDescriptor.open(file, O_WRONLY)
                #expect(pwrite(number.rawValue, "xyz", 3, 5000) == 3)
                let pulled = try engine.asking("pull", "-q", "\(other.name)/box:1")
                #expect(pulled.status == 0, "\(pulled)")
                try #expect(OwnRegistry.digest(TestEngine.bytes(file)) == layer)
            }
        }

        @Test func anAccountsNameLeadsHere() throws {
            try with(image: "busybox-docker.tar") { engine, registry in
                let host = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
                let settings = "{\"locations\": {\"\(host)\": \"http://\(registry.name)\"}}"
                let name = "\(host)/forum/web:3"
                try engine("tag", "busybox", name)
                let pushed = try engine.asking("push", "-q", name, settings: settings)
                #expect(pushed.status == 0 && pushed.line == name, "\(pushed)")
                try #expect(registry.call("GET", "/v2/forum/web/tags/list").json?["tags"] == .array([.string("3")]))
                try engine("rmi", name)
                let run = try engine.asking(
                    "run", "--rm", "--network", "none", name, "echo", "here", settings: settings)
                #expect(run.status == 0 && run.line == "here", "\(run)")
            }
        }

        @Test func aBlobInPiecesGoesOnAfterAKill() throws {
            try with { _, registry in
                let parts = (0..<3).map { part in [UInt8](repeating: UInt8(65 + part), count: 100_000) }
                let digest = try OwnRegistry.digest(parts.flatMap { $0 })
                let begun = try registry.call("POST", "/v2/a/b/blobs/uploads/", ["-H", "Content-Length: 0"])
                #expect(begun.status == 202, "\(begun)")
                let place = try #require(begun.headers["location"])
                func range(_ first: Int, _ last: Int) -> [String] { ["-H", "Content-Range: \(first)-\(last)"] }
                let one = try registry.call("PATCH", place, range(0, 99_999), body: parts[0])
                #expect(one.status == 202 && one.headers["range"] == "0-99999", "\(one)")
                try registry.restart()
                let status = try registry.call("GET", place)
                #expect(status.status == 204 && status.headers["range"] == "0-99999", "\(status)")
                // Neither a gap nor once more.
                for first in [0, 200_000] {
                    let refused = try registry.call("PATCH", place, range(first, first + 99_999), body: parts[1])
                    #expect(refused.status == 416 && refused.headers["range"] == "0-99999", "\(refused)")
                }
                let short = try registry.call("PATCH", place, range(100_000, 100_009), body: parts[1])
                #expect(short.status == 400 && short.code == "SIZE_INVALID", "\(short)")
                let two = try registry.call("PATCH", place, range(100_000, 199_999), body: parts[1])
                #expect(two.status == 202 && two.headers["range"] == "0-199999", "\(two)")
                #expect(try registry.call("HEAD", "/v2/a/b/blobs/\(digest)").status == 404)
                let done = try registry.call("PUT", "\(place)?digest=\(digest)", body: parts[2])
                #expect(done.status == 201 && done.headers["docker-content-digest"] == digest, "\(done)")
                #expect(try registry.call("GET", place).status == 404)
                let got = try registry.call("GET", "/v2/a/b/blobs/\(digest)")
                #expect(got.status == 200 && got.body == parts.flatMap { $0 })
                let some = try registry.call("GET", "/v2/a/b/blobs/\(digest)", ["-H", "Range: bytes=99999-100000"])
                #expect(some.status == 206 && some.text == "AB", "\(some)")
                #expect(some.headers["content-range"] == "bytes 99999-100000/300000", "\(some)")
                let none = try registry.call("GET", "/v2/a/b/blobs/\(digest)", ["-H", "Range: bytes=300000-"])
                #expect(none.status == 416 && none.headers["content-range"] == "bytes */300000", "\(none)")
            }
        }

        @Test func wrongContentIsRefusedAndLeavesNothing() throws {
            try with { engine, registry in
                let (right, other) = (try OwnRegistry.digest([1, 2, 3]), try OwnRegistry.digest([4]))
                let wrong = try registry.call("POST", "/v2/a/blobs/uploads/?digest=\(other)", body: [1, 2, 3])
                #expect(wrong.status == 400 && wrong.code == "DIGEST_INVALID", "\(wrong)")
                for digest in [right, other] {
                    #expect(try registry.call("HEAD", "/v2/a/blobs/\(digest)").status == 404)
                }
                #expect(TestEngine.names(in: "\(engine.root)/blobs/sha256") == [])
                #expect(TestEngine.names(in: "\(engine.root)/registry/a/_uploads") == [])
                let config = try registry.put(blob: Array("{}".utf8), to: "a")
                let type = ["-H", "Content-Type: \(OwnRegistry.manifestType)"]
                let manifest = OwnRegistry.manifest(config, 2, right, 3)
                let missing = try registry.call("PUT", "/v2/a/manifests/1", type, body: manifest)
                #expect(missing.status == 400 && missing.code == "MANIFEST_BLOB_UNKNOWN", "\(missing)")
                #expect(missing.text.contains(right), "\(missing)")
                // Another repository having it does not count.
                try registry.put(blob: [1, 2, 3], to: "b")
                #expect(try registry.call("PUT", "/v2/a/manifests/1", type, body: manifest).status == 400)
                let mounted = try registry.call("POST", "/v2/a/blobs/uploads/?mount=\(right)&from=b")
                #expect(mounted.status == 201, "\(mounted)")
                let named = try registry.call("PUT", "/v2/a/manifests/\(right)", type, body: manifest)
                #expect(named.status == 400 && named.code == "DIGEST_INVALID", "\(named)")
                #expect(try registry.call("PUT", "/v2/a/manifests/1", type, body: manifest).status == 201)
                let deleted = try registry.call("DELETE", "/v2/a/blobs/\(right)")
                #expect(deleted.status == 409 && deleted.code == "DENIED", "\(deleted)")
                let big = [UInt8](repeating: UInt8(ascii: " "), count: (4 << 20) + 1)
                #expect(try registry.call("PUT", "/v2/a/manifests/2", type, body: big).status == 413)
                #expect(try registry.call("PUT", "/v2/a/manifests/2", type, body: [123]).code == "MANIFEST_INVALID")
            }
        }

        @Test(arguments: [
            ("GET", "/v2/A/tags/list", 400, "NAME_INVALID"), ("GET", "/v2/a/../b/tags/list", 400, "NAME_INVALID"),
            ("GET", "/v2/%2e%2e/tags/list", 400, "NAME_INVALID"), ("GET", "/v2/none/tags/list", 404, "NAME_UNKNOWN"),
            ("GET", "/v2/a/manifests/none", 404, "MANIFEST_UNKNOWN"), ("GET", "/v2/a/manifests/.x", 400, "TAG_INVALID"),
            ("GET", "/v2/a/blobs/sha256:12", 400, "DIGEST_INVALID"),
            ("GET", "/v2/a/tags/list?n=x", 400, "PAGINATION_NUMBER_INVALID"),
            ("PATCH", "/v2/a/blobs/uploads/0123456789abcdef0123456789abcdef", 404, "BLOB_UPLOAD_UNKNOWN"),
            ("PATCH", "/v2/a/blobs/uploads/..%2f..", 404, "UNSUPPORTED"),
            ("POST", "/v2/a/tags/list", 405, "UNSUPPORTED"), ("GET", "/other", 404, "UNSUPPORTED"),
        ])
        func aFailureHasItsCode(method: String, path: String, status: Int, code: String) throws {
            try with { _, registry in
                try registry.put(blob: [1], to: "a")
                let answer = try registry.call(method, path)
                #expect(answer.status == status && answer.code == code, "\(answer)")
            }
        }
    }
}
