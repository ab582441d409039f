import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `save` and `history`.
    @Suite struct Saving {
        @Test(arguments: [
            "busybox-docker.tar", "busybox-docker-gzip.tar", "busybox-oci-zstd.tar", "app-docker.tar",
        ])
        func aSavedImageLoadsAsTheSameImage(fixture: String) throws {
            try TestEngine.with(image: fixture) { engine in
                try engine(
                    "run", "--network", "none", "--name", "box", "-u", "0", "--entrypoint", "touch",
                    try Self.name(engine), "/new")
                try engine("commit", "box", "example/made:2")
                let path = "\(engine.folder)/saved.tar"
                let before = try engine("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")
                let names = before.lines.compactMap { $0.split(separator: " ").first.map(String.init) }
                let saved = try engine.run(["save", "-o", path] + names)
                #expect(saved.status == 0 && saved.output.isEmpty, "\(saved)")
                // The same images, the same bytes; and nothing half written beside.
                try engine.run(["save", "-o", path + ".again"] + names)
                try #expect(
                    TestImage.digest(TestEngine.bytes(path)) == TestImage.digest(TestEngine.bytes(path + ".again")))
                #expect(!TestEngine.names(in: engine.folder).contains { $0.contains(".new.") })
                try TestEngine.with(image: nil) { other in
                    let loaded = try other("load", "-q", "-i", path)
                    #expect(loaded.status == 0, "\(loaded)")
                    let after = try other("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")
                    #expect(after.lines.sorted() == before.lines.sorted())
                    try #expect(
                        other(
                            "run", "--rm", "--network", "none", "-u", "0", "--entrypoint", "ls", "example/made:2",
                            "/new"
                        ).status == 0)
                    // An OCI layout, too: without Docker's list the same images are found.
                    mkdir("\(other.folder)/layout", 0o755)
                    _ = try Command.run(["tar", "-C", "\(other.folder)/layout", "-xf", path])
                    unlink("\(other.folder)/layout/manifest.json")
                    let layout = try other("load", "-q", "-i", "\(other.folder)/layout")
                    #expect(layout.status == 0, "\(layout)")
                    let again = try other("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")
                    #expect(again.lines.sorted() == after.lines.sorted())
                }
            }
        }

        private static func name(_ engine: TestEngine) throws -> String {
            try engine("images", "--format", "{{.Repository}}:{{.Tag}}").lines.first.map(String.init) ?? ""
        }

        @Test func namesWithoutATagStandForAllTagsAndIdsForNone() throws {
            try TestEngine.with { engine in
                try engine("tag", "busybox", "busybox:second")
                let words = engine.command(["save", "busybox"]).map { "'\($0)'" }.joined(separator: " ")
                let list = try Command.run(["sh", "-c", "\(words) | tar -xOf - manifest.json"])
                let entries = try [DockerArchiveEntry](jsonBytes: Array(list.output.utf8))
                #expect(entries.count == 1)
                #expect(entries.first?.repoTags.sorted() == ["busybox:latest", "busybox:second"], "\(list)")
                let id = try engine("images", "-q", "busybox").line
                let path = "\(engine.folder)/id.tar"
                try engine("save", "-o", path, id)
                let single = try Command.run(["tar", "-xOf", path, "manifest.json"])
                #expect(try [DockerArchiveEntry](jsonBytes: Array(single.output.utf8)).first?.repoTags == [])
                try engine.expectRefusal("save", "-o", path, "none", status: 1, saying: ["no such image"])
                // What was there before is still there.
                try #expect(engine("load", "-q", "-i", path).status == 0)
            }
        }

        @Test func aDamagedBlobIsNotSaved() throws {
            try TestEngine.with { engine in
                let blobs = "\(engine.root)/blobs/sha256"
                let sizes = TestEngine.names(in: blobs).map { name -> (String, Int) in
                    var status = stat()
                    stat("\(blobs)/\(name)", &status)
                    return (name, Int(status.st_size))
                }
                let layer = try #require(sizes.max { $0.1 < $1.1 }?.0)
                let file = try FileDescriptor.open("\(blobs)/\(layer)", O_WRONLY)
                pwrite(file.rawValue, "x", 1, 100_000)
                let path = "\(engine.folder)/saved.tar"
                try engine.expectRefusal("save", "-o", path, "busybox", status: 1, saying: [layer, "load it again"])
                #expect(access(path, F_OK) != 0)
            }
        }

        @Test func historyShowsEachStepWithItsSize() throws {
            try TestEngine.with { engine in
                try engine(
                    "run", "--name", "box", "busybox", "sh", "-c",
                    "echo 12345678 >/new # \(String(repeating: "x", count: 60))")
                try engine("commit", "-m", "the reason", "box", "made")
                let id = try engine("images", "-q", "made").line
                let table = try engine("history", "made")
                let header = table.lines.first?.split(separator: " ", omittingEmptySubsequences: true)
                #expect(header?.joined(separator: " ") == "IMAGE CREATED CREATED BY SIZE COMMENT", "\(table)")
                let first = try #require(table.lines.dropFirst().first)
                #expect(first.hasPrefix(id) && first.contains("…") && first.hasSuffix("the reason"), "\(table)")
                #expect(table.lines.dropFirst(2).allSatisfy { $0.hasPrefix("<missing>") })
                let exact = try engine(
                    "history", "-H=false", "--no-trunc", "--format", "{{.ID}} {{.Size}} {{.CreatedAt}}", "made")
                let parts = exact.lines.first?.split(separator: " ") ?? []
                #expect(parts.count == 3 && parts[0].hasPrefix("sha256:\(id)") && parts[1] == "9", "\(exact)")
                #expect(parts.last?.hasSuffix("Z") == true && parts.last?.contains(".") == false, "\(exact)")
                try #expect(engine("history", "-q", "made").lines.first == Substring(id))
                try #expect(engine("image", "history", "-q", "made").lines.first == Substring(id))
                try engine.expectRefusal("history", "none", status: 1, saying: ["no such image"])
            }
        }
    }
}
