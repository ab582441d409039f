import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `commit` while others do something else with the container, and what it tells.
    @Suite struct CommitInterruption {
        /// A container with enough to read, and a commit of it that stands still in the middle of that.
        private func commitInTheMiddle(_ engine: TestEngine) throws -> Command {
            let script = "dd if=/dev/urandom of=/big bs=1M count=300 2>/dev/null; touch /ready; exec sleep 1000"
            try engine("run", "-d", "--name", "box", "busybox", "sh", "-c", script)
            try #require(
                TestEngine.eventually(seconds: 60) { try engine("exec", "box", "ls", "/ready").status == 0 })
            let group = try engine.inspect("box", "{{.CgroupPath}}")
            let unified = TestEngine.hasUnifiedCgroups ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified"
            func isFrozen() -> Bool {
                (try? TestEngine.read("\(unified)/\(group)/cgroup.freeze").hasPrefix("1")) ?? false
            }
            let commit = try engine.start("commit", "box", "made")
            try #require(TestEngine.eventually { isFrozen() })
            commit.signal(SIGSTOP)
            // It has not let the container run on, so it has not read it all.
            try #require(isFrozen())
            return commit
        }

        @Test(arguments: ["rm", "stop", "kill", "unpause"])
        func aContainerThatIsEndedMeanwhileGivesNoImage(_ verb: String) throws {
            try TestEngine.with { engine in
                let commit = try commitInTheMiddle(engine)
                let words = ["rm": ["rm", "-f"], "stop": ["stop", "-t", "5"]][verb] ?? [verb]
                let other = try engine.run(words + ["box"])
                #expect(other.status == 0, "\(other)")
                commit.signal(SIGCONT)
                let result = commit.finish()
                #expect(result.status == 1 && result.output.isEmpty, "\(result)")
                #expect(result.error.contains(verb == "rm" ? "was removed while" : "was stopped, or let run on"))
                #expect(result.error.contains("no image was made"), "\(result)")
                #expect(result.error.split(separator: "\n").count == 1, "\(result)")
                try #expect(engine("images", "--format", "{{.Repository}}").output == "busybox\n")
                #expect(TestEngine.names(in: "\(engine.root)/tmp").isEmpty)
                #expect(TestEngine.names(in: "\(engine.root)/layers").count == 1)
                // What is still there can be committed.
                if verb != "rm" { try #expect(engine("commit", "box", "made").status == 0) }
            }
        }

        /// As in Docker the image is there before it has its name: whoever looks finds it, and `image prune` removes it.
        @Test(.enabled(if: access("/usr/bin/strace", X_OK) == 0, "needs strace"))
        func aCommitThatIsKilledBeforeTheNameLeavesAListedImage() throws {
            try TestEngine.with { engine in
                try engine("run", "--name", "box", "busybox", "sh", "-c", "echo kept >/file")
                let trace = "\(engine.folder)/trace"
                let whole = try Command.run(
                    ["strace", "-f", "-o", trace, "-e", "trace=renameat"] + engine.command(["commit", "box", "made:1"]))
                try #require(whole.status == 0, "\(whole)")
                try engine("rmi", "made:1")
                let calls = try TestEngine.read(trace).split(separator: "\n").filter { $0.contains("renameat(") }
                let naming = try #require(calls.firstIndex { $0.contains("references") })
                try #require(calls[..<naming].last?.contains("images/") == true, "\(calls)")
                // The same calls again: the signal comes in the stead of the one that would give it its name.
                let killed = try Command.run(
                    [
                        "strace", "-f", "-o", "/dev/null", "-e", "trace=renameat", "-e",
                        "inject=renameat:signal=SIGKILL:when=\(naming + 1)",
                    ] + engine.command(["commit", "box", "made:1"]))
                #expect(killed.status == 137, "\(killed)")
                let images = try engine("images", "--format", "{{.Repository}}:{{.Tag}}").lines
                #expect(images.sorted() == ["<none>:<none>", "busybox:latest"], "\(images)")
                let id = try engine("images", "-q", "--filter", "dangling=true").line
                try #expect(engine("run", "--rm", id, "cat", "/file").output == "kept\n")
                try engine("image", "prune", "-f")
                try #expect(engine("images", "-q").lines.count == 1)
                #expect(TestEngine.names(in: "\(engine.root)/layers").count == 1)
                #expect(TestEngine.names(in: "\(engine.root)/tmp").isEmpty)
            }
        }

        @Test func aCommitIsToldOf() throws {
            try TestEngine.with { engine in
                try engine("create", "--name", "box", "busybox", "true")
                let id = try engine("commit", "-m", "why", "box", "made:1").line
                let format = "{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.comment}} "
                let event = try engine(
                    "events", "--since", "1h", "--until", "0s", "--filter", "event=commit", "--format",
                    format + "{{.Actor.Attributes.imageID}} {{.Actor.Attributes.imageRef}}")
                #expect(event.output == "commit box why \(id) made:1\n", "\(event)")
            }
        }

        @Test func theHealthCheckGoesIntoTheImage() throws {
            try TestEngine.with { engine in
                try engine.load(
                    image: "probed",
                    config: ["Cmd": ["sleep", "9"], "Healthcheck": ["Test": ["CMD", "old"], "Retries": 7]])
                func check(_ flags: String...) throws -> String {
                    try engine.run(["create", "--name", "box"] + flags + ["probed"])
                    try engine("commit", "box", "made")
                    try engine("rm", "box")
                    return try engine("image", "inspect", "-f", "{{json .Config.Healthcheck}}", "made").line
                }
                try #expect(check() == #"{"Test":["CMD","old"],"Retries":7}"#)
                try #expect(
                    check("--health-cmd", "test -e /well", "--health-interval", "2s", "--health-start-period", "3s")
                        == #"{"Test":["CMD-SHELL","test -e /well"],"Interval":2000000000,"StartPeriod":3000000000,"Retries":7}"#
                )
                try #expect(check("--no-healthcheck").hasPrefix(#"{"Test":["NONE"]"#))
                // The next container has it.
                try engine.run(["create", "--name", "box", "--health-cmd", "exit 0", "--health-retries", "4", "probed"])
                try engine("commit", "box", "made")
                try engine("create", "--name", "next", "made")
                try #expect(
                    engine.inspect("next", "{{json .Config.Healthcheck.Test}} {{.Config.Healthcheck.Retries}}")
                        == #"["CMD-SHELL","exit 0"] 4"#)
            }
        }
    }
}
