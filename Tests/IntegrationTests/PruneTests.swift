import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `container prune`, `image prune`, and the commands that are there under both of Docker's names.
    @Suite struct Prune {
        @Test func containersThatDoNotRunAreRemoved() throws {
            try TestEngine.withBusybox { engine in
                let runs = try engine("run", "-d", "--name", "runs", "busybox", "sleep", "1000").line
                let made = try engine("create", "--label", "a=1", "busybox", "true").line
                try engine("run", "--name", "ended", "-v", "/data", "busybox", "sh", "-c", "head -c 5000 /dev/zero >/f")
                let ended = try engine.inspect("ended", "{{.Id}}")
                let declined = try engine("container", "prune", input: "\n")
                #expect(declined.output.hasPrefix("WARNING! This will remove all stopped containers.\n"), "\(declined)")
                for filter in ["label=a=2", "until=1h", "until=2020-01-01"] {
                    let pruned = try engine("container", "prune", "-f", "--filter", filter)
                    #expect(pruned.output == "Total reclaimed space: 0B\n", "\(filter): \(pruned)")
                }
                let some = try engine("container", "prune", "-f", "--filter", "label!=a")
                #expect(some.output == "Deleted Containers:\n\(ended)\n\nTotal reclaimed space: 5kB\n", "\(some)")
                // Its volume stays, as in Docker.
                try #expect(engine("volume", "ls", "-q").lines.count == 1)
                let rest = try engine("container", "prune", "-f", "--filter", "until=0s")
                #expect(rest.output == "Deleted Containers:\n\(made)\n\nTotal reclaimed space: 0B\n", "\(rest)")
                try #expect(engine("container", "ls", "-aq", "--no-trunc").line == runs)
                try #expect(engine("exec", "runs", "echo", "well").line == "well")
                try #expect(engine("container", "prune", "-f", "--filter", "size=1").status == 1)
            }
        }

        @Test func containersAreNotPrunedWhileTheyAreMadeOrRun() throws {
            try TestEngine.withBusybox { engine in
                let count = TestEngine.patience == 1 ? 12 : 2
                let command = engine.command(["run", "--network", "none", "busybox", "echo"]).joined(separator: " ")
                let loops = try (0..<4).map { number in
                    try Command(["sh", "-c", "for i in $(seq \(count)); do \(command) \(number) || exit; done"])
                }
                for _ in 0..<count * 2 {
                    let pruned = try engine("container", "prune", "-f")
                    #expect(pruned.status == 0 && pruned.error.isEmpty, "\(pruned)")
                }
                for (number, loop) in loops.enumerated() {
                    let result = loop.finish(seconds: 120 * TestEngine.patience)
                    #expect(result.output == String(repeating: "\(number)\n", count: count), "\(result)")
                    #expect(result.status == 0 && result.error.isEmpty, "\(result)")
                }
                try #expect(engine("container", "prune", "-f").status == 0)
                try #expect(engine("ps", "-aq").output.isEmpty)
            }
        }

        @Test func imagesWithoutContainersAreRemoved() throws {
            try TestEngine.with { engine in
                func load(_ text: String, label: String) throws {
                    var layer = TarArchive()
                    layer.file("etc/motd", text)
                    let bytes = TestImage.archive(
                        "small:1", layers: [layer.bytes], config: ["Labels": ["kind": .string(label)]])
                    try #expect(engine("load", "-i", engine.file("small.tar", bytes)).status == 0)
                }
                try load("old", label: "a")
                let old = try engine.inspect("small:1", "{{.Id}}")
                try load("new", label: "b")
                let new = try engine("image", "inspect", "-f", "{{.Id}}", "small:1").line
                let box = try engine("create", "busybox", "true").line
                let used = try engine.inspect("busybox", "{{.Id}}")
                let declined = try engine("image", "prune", input: "no\n")
                #expect(declined.output.hasPrefix("WARNING! This will remove all dangling images.\n"), "\(declined)")
                for filter in ["label=kind=b", "until=1h"] {
                    let none = try engine("image", "prune", "-f", "--filter", filter)
                    #expect(none.output == "Total reclaimed space: 0B\n", "\(filter): \(none)")
                }
                let dangling = try engine("image", "prune", "-f").lines
                #expect(dangling.prefix(2) == ["Deleted Images:", "deleted: \(old)"], "\(dangling)")
                #expect(dangling.count == 4 && dangling[2].hasPrefix("deleted: sha256:"), "\(dangling)")
                #expect(
                    dangling[3].hasPrefix("Total reclaimed space: ") && !dangling[3].hasSuffix(" 0B"), "\(dangling)")
                let all = try engine("image", "prune", "-af").lines
                #expect(all.prefix(3) == ["Deleted Images:", "untagged: small:1", "deleted: \(new)"], "\(all)")
                try #expect(engine("image", "ls", "-q", "--no-trunc").lines == [used[...]])
                try #expect(engine("start", "-a", box).status == 0)
                try #expect(engine("rm", box).status == 0)
                try #expect(engine("image", "prune", "-af").output.contains("untagged: busybox:latest\n"))
                for folder in ["layers", "blobs/sha256", "tmp"] {
                    #expect(TestEngine.names(in: "\(engine.root)/\(folder)").isEmpty, "\(folder)")
                }
            }
        }

        @Test func theSameCommandsAreThereInTheirGroups() throws {
            try TestEngine.with(image: nil) { engine in
                let archive = try TestEngine.fixture("busybox-docker.tar")
                try #expect(engine("image", "load", "-i", archive).output == "Loaded image: busybox:latest\n")
                try #expect(engine("image", "tag", "busybox", "copy:1").status == 0)
                try #expect(engine("image", "ls", "--format", "{{.Repository}}", "copy").line == "copy")
                try #expect(engine("image", "list").output == engine("images").output)
                try #expect(engine("image", "rm", "copy:1").output == "Untagged: copy:1\n")
                try #expect(
                    engine("image", "inspect", "-f", "{{index .RepoTags 0}}", "busybox").line == "busybox:latest")
                let ran = try engine("container", "run", "--name", "box", "busybox", "sh", "-c", "echo in; exit 3")
                #expect(ran.status == 3 && ran.output == "in\n", "\(ran)")
                try #expect(engine("container", "ls", "-a").output == engine("ps", "-a").output)
                try #expect(
                    engine("container", "ps", "-a", "--filter", "exited=3", "--format", "{{.Names}}").line == "box")
                try #expect(engine("container", "inspect", "-f", "{{.Name}}", "box").line == "/box")
                try #expect(engine("container", "logs", "box").output == "in\n")
                // Each knows its own kind only.
                try #expect(engine("container", "inspect", "busybox").status == 1)
                try #expect(engine("image", "inspect", "box").status == 1)
                try #expect(engine("container", "rm", "box").output == "box\n")
                try #expect(engine("container", "--help").output.contains("prune"))
                try #expect(engine("container", "nosuch").status == 125)
            }
        }
    }
}
