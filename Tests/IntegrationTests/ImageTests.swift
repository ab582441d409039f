import Testing

extension IntegrationTests {
    /// Loading, listing, naming and removing images.
    @Suite struct Images {
        @Test func theImageOfARunningContainerStays() throws {
            try TestEngine.with { engine in
                try engine("run", "-d", "--name", "box", "busybox", "sleep", "1000")
                let refused = try engine("rmi", "-f", "busybox")
                #expect(refused.status == 1 && refused.error.contains("in use"), "\(refused)")
                try engine("stop", "-t", "0", "box")
                try #expect(engine("rmi", "busybox").status == 1)
                try #expect(engine("rmi", "-f", "busybox").status == 0)
                // Its layers stay for as long as the container needs them.
                try #expect(engine("start", "box").status == 0)
            }
        }

        @Test(arguments: [
            "busybox-docker.tar", "busybox-docker-gzip.tar", "busybox-oci", "busybox-oci-none.tar",
            "busybox-oci-gzip.tar", "busybox-oci-zstd.tar",
        ])
        func everyFormLoadsAndRuns(_ name: String) throws {
            try TestEngine.with(image: nil) { engine in
                let loaded = try engine("load", "--input", TestEngine.fixture(name))
                #expect(loaded.output == "Loaded image: busybox:latest\n", "\(loaded)")
                let result = try engine.shell("stat -c %u:%g:%a /home/app /root /bin/busybox; readlink /bin/sh")
                #expect(result.output == "1000:1000:755\n0:0:700\n0:0:755\n/bin/busybox\n", "\(result)")
            }
        }

        @Test func anArchiveIsReadFromStandardInputAlsoCompressedAsAWhole() throws {
            try TestEngine.with(image: nil) { engine in
                var layer = TarArchive()
                layer.file("etc/motd", "text\n")
                let path = try engine.file("whole.tar", TestImage.archive("small:1", layers: [layer.bytes]))
                try #expect(Command.run(["gzip", path]).status == 0)
                let load = try Command(engine.command(["load"]))
                load.write(try TestEngine.bytes("\(path).gz"))
                let loaded = load.finish()
                #expect(loaded.output == "Loaded image: small:1\n", "\(loaded)")
                let digest = TestImage.digest(layer.bytes)
                try #expect(engine.inspect("small:1", "{{index .RootFS.Layers 0}}") == "sha256:\(digest)")
            }
        }

        @Test func listsShowWhatIsThereInEveryFormat() throws {
            try TestEngine.with { engine in
                let id = try engine.inspect("busybox", "{{.Id}}")
                #expect(id.hasPrefix("sha256:") && id.utf8.count == 71)
                let short = String(id.dropFirst(7).prefix(12))
                try #expect(engine("tag", "busybox", "example.org/team/copy:1").status == 0)
                let table = try engine("images").lines
                #expect(table.count == 3)
                #expect(table.first?.hasPrefix("REPOSITORY") == true)
                #expect(table.contains { $0.hasPrefix("example.org/team/copy") && $0.contains(short) })
                let template = try engine("images", "--format", "{{.Repository}} {{.Tag}} {{.ID}}").lines
                #expect(Set(template) == ["busybox latest \(short)", "example.org/team/copy 1 \(short)"])
                let json = try engine("images", "--format", "json", "busybox").output
                #expect(json.contains(#""Repository":"busybox""#) && json.contains(#""Tag":"latest""#), "\(json)")
                try #expect(engine("images", "--format", "table {{.Tag}}", "busybox").output == "TAG\nlatest\n")
                try #expect(engine("images", "-q", "--no-trunc", "busybox").line == id)
                // By short id, by the beginning of the id and by another name it is the same image.
                for name in [short, String(short.prefix(4)), "docker.io/library/busybox:latest", id] {
                    try #expect(engine.inspect(name, "{{.Id}}") == id)
                }
            }
        }

        @Test func namesAreTakenAwayOneByOneAndTheLayersWithTheLast() throws {
            try TestEngine.with { engine in
                try engine("tag", "busybox", "second:2")
                let first = try engine("rmi", "busybox")
                #expect(first.status == 0)
                #expect(first.output.contains("Untagged: busybox:latest"), "\(first)")
                #expect(!first.output.contains("Deleted"), "\(first)")
                try #expect(engine("run", "--rm", "busybox", "true").status == 125)
                // A container that exists keeps its image.
                let container = try engine("create", "--name", "user", "second:2", "true").line
                let refused = try engine("rmi", "second:2")
                #expect(refused.status == 1)
                #expect(refused.error.contains(container.prefix(12)), "\(refused)")
                try engine("rm", "user")
                let last = try engine("rmi", "second:2")
                #expect(last.output.contains("Deleted: sha256:"), "\(last)")
                try #expect(engine("images", "-q").output.isEmpty)
                #expect(TestEngine.names(in: "\(engine.root)/layers").filter { $0.utf8.count >= 64 }.isEmpty)
                let missing = try engine("rmi", "second:2")
                #expect(missing.status == 1)
                #expect(missing.error.contains("second:2"))
            }
        }

        @Test func aRootFileSystemIsImported() throws {
            try TestEngine.with(image: nil) { engine in
                let imported = try engine(
                    "import", "--change", #"CMD ["echo", "from the image"]"#, "--change", "ENV COLOUR=green",
                    "--change", "WORKDIR /tmp", "--message", "made by hand", TestEngine.fixture("busybox.tar"), "root:1"
                )
                #expect(imported.line.hasPrefix("sha256:") && imported.line.utf8.count == 71, "\(imported)")
                try #expect(engine.inspect("root:1", "{{.Id}}") == imported.line)
                try #expect(engine("run", "--rm", "root:1").output == "from the image\n")
                try #expect(engine.shell("echo $COLOUR; pwd", image: "root:1").output == "green\n/tmp\n")
                // From standard input, compressed, without a name.
                var root = TarArchive()
                root.file("etc/motd", "text\n")
                let path = try engine.file("root.tar", root.bytes)
                try #expect(Command.run(["gzip", path]).status == 0)
                let command = try Command(engine.command(["import", "-"]))
                command.write(try TestEngine.bytes("\(path).gz"))
                let second = command.finish()
                let layers = try engine.inspect(second.line, "{{.RepoTags}} {{.RootFS.Layers}}")
                #expect(layers == "[] [sha256:\(TestImage.digest(root.bytes))]", "\(second)")
            }
        }

        @Test func whatIsNoImageIsRefusedAndLeavesNothing() throws {
            try TestEngine.with(image: nil) { engine in
                let text = try engine.file("text", text: "no archive at all\n")
                for arguments in [
                    ["load", "-i", text], ["load", "-i", "/no/such/file"], ["import", "/no/such/file", "a:1"],
                ] {
                    let result = try engine.run(arguments)
                    #expect(result.status == 1, "\(arguments) \(result)")
                    #expect(result.error.split(separator: "\n").count == 1, "\(arguments) \(result)")
                    #expect(result.error.contains(arguments[0] == "load" ? arguments[2] : arguments[1]), "\(result)")
                }
                try #expect(engine("images", "-q").output.isEmpty)
            }
        }
    }
}
