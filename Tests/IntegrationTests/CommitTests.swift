import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// `commit`: images from containers.
    @Suite struct Committing {
        @Test(arguments: [false, true])
        func addedChangedAndDeletedFilesAreInTheImage(running: Bool) throws {
            try TestEngine.with(image: "app-docker.tar") { engine in
                let script = """
                    mkdir -p /made/deep && echo x >/made/deep/file && ln /made/deep/file /made/second; chown 5:6 /made/deep
                    ln -s deep/file /made/link; mkfifo /made/pipe; chmod 2751 /made; chown 7:8 /made/deep/file
                    echo more >>/etc/motd; chown 1000:50 /etc/motd; rm /etc/group; rm /bin/vi
                    rm -r /usr/sbin; mkdir /usr/sbin; echo new >/usr/sbin/new; touch /ready
                    """
                let rest = running ? "; exec sleep 1000" : ""
                try engine.run(
                    ["run"] + (running ? ["-d"] : []) + ["--name", "box", "-u", "0", "--entrypoint", "sh"]
                        + ["example/app:1.0", "-c", script + rest])
                try #require(TestEngine.eventually { try engine("diff", "box").output.contains("A /ready") })
                let commit = try engine("commit", "box", "made:1")
                #expect(commit.status == 0 && commit.output.hasPrefix("sha256:"), "\(commit)")
                if running { try #expect(engine.inspect("box", "{{.State.Status}}") == "running") }
                try engine("rm", "-f", "box")
                let look = """
                    stat -c '%n %u:%g %a %h' /made /made/deep /made/deep/file /made/second /etc/motd
                    cat /made/second /made/link; readlink /made/link; stat -c %F /made/pipe; tail -n 1 /etc/motd
                    ls -a /usr/sbin; ls /etc/group /bin/vi 2>&1 | wc -l
                    """
                let result = try engine("run", "--rm", "-u", "0", "--entrypoint", "sh", "made:1", "-c", look)
                #expect(
                    result.lines == [
                        "/made 0:0 2751 3", "/made/deep 5:6 755 2", "/made/deep/file 7:8 644 2",
                        "/made/second 7:8 644 2", "/etc/motd 1000:50 644 1", "x", "x", "deep/file", "fifo", "more",
                        ".", "..", "new", "2",
                    ], "\(result)")
                // Nothing else has changed: a container of the image starts without a difference.
                try engine("create", "--name", "fresh", "made:1")
                try #expect(engine("diff", "fresh").output.isEmpty)
                #expect(TestEngine.names(in: "\(engine.root)/tmp").isEmpty)
            }
        }

        @Test func theConfigurationIsTheContainersWithChanges() throws {
            try TestEngine.with { engine in
                try engine.run(
                    [
                        "run", "--name", "box", "-e", "A=1", "-w", "/tmp", "-u", "1000", "-l", "team=a", "-p", "8080",
                        "-v",
                    ]
                        + ["/anonymous", "busybox", "sh", "-c", "touch /tmp/file"])
                let id = try engine(
                    "commit", "-a", "Ada", "-m", "why", "-c", "ENV B=2", "-c", #"CMD ["cat", "/tmp/file"]"#, "box",
                    "made"
                ).line
                let format = "{{json .Config}} {{.Author}}"
                let shown = try engine("image", "inspect", "--format", format, "made").output
                for part in [
                    #""A=1""#, #""B=2""#, #""WorkingDir":"/tmp""#, #""User":"1000""#, #""team":"a""#, #""8080/tcp":{}"#,
                    #""Cmd":["cat","/tmp/file"]"#, #""/anonymous":{}"#, "Ada",
                ] { #expect(shown.contains(part), "\(part) in \(shown)") }
                try #expect(engine("image", "inspect", "--format", "{{.Id}}", "made").line == id)
                try #expect(engine("run", "--rm", "made").status == 0)
                let history = try engine("history", "--no-trunc", "--format", "{{.CreatedBy}}|{{.Comment}}", "made")
                #expect(history.lines.first == "sh -c touch /tmp/file|why", "\(history)")
            }
        }

        @Test func theSameFilesGiveTheSameLayerAndNoChangesGiveNone() throws {
            try TestEngine.with { engine in
                try engine("run", "--name", "box", "busybox", "sh", "-c", "mkdir /a; echo x >/a/b; rm /bin/vi")
                try engine("commit", "box", "one")
                try engine("commit", "box", "two")
                let layers = "{{json .RootFS.Layers}}"
                let first = try engine("image", "inspect", "--format", layers, "one").line
                try #expect(engine("image", "inspect", "--format", layers, "two").line == first)
                let base = try engine("image", "inspect", "--format", layers, "busybox").line
                #expect(first.split(separator: ",").count == base.split(separator: ",").count + 1)
                try engine("create", "--name", "empty", "busybox")
                try engine("commit", "empty", "three")
                try #expect(engine("image", "inspect", "--format", layers, "three").line == base)
                // An image whose name is gone is still the one below.
                try engine("tag", "busybox", "kept")
                try engine("rmi", "-f", "busybox", "kept")
                let late = try engine("commit", "box", "four")
                #expect(late.status == 0, "\(late)")
                try #expect(engine("run", "--rm", "four", "cat", "/a/b").output == "x\n")
            }
        }

        @Test func aCommitThatIsKilledLeavesNoContainerPaused() throws {
            try TestEngine.with { engine in
                try engine("run", "-d", "--name", "box", "busybox", "sleep", "1000")
                try engine("pause", "box")
                // What a commit leaves that was killed: frozen processes, and a mark that nobody has locked.
                let id = try engine.inspect("box", "{{.Id}}")
                let mark = "\(engine.runRoot)/containers/\(id)/committing"
                try AtomicFile.write([], to: mark)
                try #expect(engine("ps", "--format", "{{.Status}}").output.contains("Paused") == false)
                #expect(access(mark, F_OK) != 0)
                try #expect(engine("exec", "box", "true").status == 0)
                // Somebody's own pause stays, and so do the files that the kernel still lets be read.
                try engine("pause", "box")
                let commit = try engine("commit", "box", "made")
                #expect(commit.status == 0, "\(commit)")
                try #expect(engine.inspect("box", "{{.State.Status}}") == "paused")
                try engine("unpause", "box")
                try #expect(engine("commit", "-p=false", "box", "made").status == 0)
                #expect(access(mark, F_OK) != 0)
            }
        }

        /// An interrupted commit lets the container run before it ends.
        @Test func aCommitThatIsInterruptedLetsTheContainerRunOn() throws {
            try TestEngine.with { engine in
                let script = "dd if=/dev/urandom of=/big bs=1M count=300 2>/dev/null; touch /ready; exec sleep 1000"
                try engine("run", "-d", "--name", "box", "busybox", "sh", "-c", script)
                try #require(
                    TestEngine.eventually(seconds: 60) { try engine("exec", "box", "ls", "/ready").status == 0 })
                let group = try engine.inspect("box", "{{.CgroupPath}}")
                let unified = TestEngine.hasUnifiedCgroups ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified"
                let commit = try engine.start("commit", "box", "made")
                let isFrozen = TestEngine.eventually {
                    (try? TestEngine.read("\(unified)/\(group)/cgroup.freeze").hasPrefix("1")) ?? false
                }
                #expect(isFrozen)
                commit.signal(SIGTERM)
                let result = commit.finish()
                #expect(result.status == 128 + SIGTERM || result.status == 1, "\(result)")
                // Read from the kernel: no other command has looked at the container since.
                try #expect(TestEngine.read("\(unified)/\(group)/cgroup.freeze").hasPrefix("0"))
                try #expect(engine("images", "-q", "made").output.isEmpty)
            }
        }
    }
}
