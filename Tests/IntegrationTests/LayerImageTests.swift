import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Layers that are EROFS images, where the kernel mounts files.
    @Suite struct LayerImages {
        /// Whether loading makes images of layers here.
        private static let areMade: Bool = {
            var found = false
            try? TestEngine.with { found = images($0).count == 1 }
            return found
        }()

        private static let hasStrace = access("/usr/bin/strace", X_OK) == 0

        private static func images(_ engine: TestEngine) -> [String] {
            TestEngine.names(in: "\(engine.root)/layers").map { "\(engine.root)/layers/\($0)/layer.erofs" }
                .filter { access($0, F_OK) == 0 }
        }

        @Test func kernelsThatMountThemGetThem() throws {
            let systems = try TestEngine.read("/proc/filesystems")
            let isExpected = KernelVersion.running() >= KernelVersion(6, 12) && systems.contains("\terofs\n")
            // Where EROFS is a module nothing is known before.
            #expect(Self.areMade || !isExpected)
        }

        @Test(.enabled(if: areMade)) func oneMountIsForAllContainersUntilTheImageIsRemoved() throws {
            try TestEngine.with { engine in
                #expect(engine.layerMounts == [])
                // Both may be the first.
                let both = try ["one", "two"].map {
                    try engine.start("run", "--name", $0, "--network", "none", "busybox", "cat", "/etc/passwd")
                }
                for command in both {
                    let result = command.finish()
                    #expect(result.status == 0 && result.output.hasPrefix("root:"), "\(result)")
                }
                #expect(engine.layerMounts.count == 1)
                // As a machine that was stopped leaves it.
                for mount in engine.layerMounts { #expect(umount2(mount, 0) == 0) }
                try #expect(engine("start", "-a", "one").output.hasPrefix("root:"))
                #expect(engine.layerMounts.count == 1)
                try #expect(engine.asking("rmi", "busybox").status != 0)
                #expect(engine.layerMounts.count == 1)
                try engine("rm", "one", "two")
                try #expect(engine("rmi", "busybox").status == 0)
                #expect(engine.layerMounts == [])
                let places = "\(engine.runRoot)/layers"
                #expect(TestEngine.names(in: places).flatMap { TestEngine.names(in: "\(places)/\($0)") } == [])
            }
        }

        @Test(.enabled(if: areMade)) func allFilesAreOfOneFileSystem() throws {
            try TestEngine.withBusybox { engine in
                let script = """
                    stat -c %d / /etc /etc/passwd /bin/busybox | sort -u | wc -l
                    before=$(stat -c %i /etc/passwd); echo more >>/etc/passwd; after=$(stat -c %i /etc/passwd)
                    [ $before = $after ] && echo same; touch /own; stat -c %d / /own | sort -u | wc -l
                    """
                try #expect(engine.shell(script).output == "1\nsame\n1\n")
            }
        }

        /// Also of several images: overlayfs tells them apart by their UUIDs.
        @Test(.enabled(if: areMade)) func aFileKeepsItsNumberWhenItsContainerStartsAgain() throws {
            try TestEngine.with(image: nil) { engine in
                var upper = TarArchive()
                upper.file("large", String(repeating: "x", count: 300_000))
                let layers = [try TestImage.busybox.get().bytes, upper.bytes]
                let path = try engine.file("two.tar", TestImage.archive("two", layers: layers))
                try engine("load", "-q", "-i", path)
                #expect(Self.images(engine).count == 2)
                let script = "echo more >>/etc/passwd; echo more >>/large; stat -c %i /etc/passwd /large"
                let first = try engine("run", "--name", "one", "--network", "none", "two", "sh", "-c", script)
                #expect(first.status == 0 && first.lines.count == 2, "\(first)")
                try #expect(engine("start", "-a", "one").output == first.output)
            }
        }

        @Test(.enabled(if: areMade)) func aRestartDoesNotGoOnWithoutItsLayers() throws {
            try TestEngine.with { engine in
                let command = ["sh", "-c", "while [ ! -e /end ]; do sleep 0.05; done; exit 3"]
                try engine.run(
                    ["run", "-d", "--name", "one", "--network", "none", "--restart", "on-failure:2", "busybox"]
                        + command)
                for mount in engine.layerMounts { #expect(umount2(mount, Int32(MNT_DETACH)) == 0) }
                try engine("exec", "one", "touch", "/end")
                let error = "{{.State.Error}}"
                #expect(
                    try TestEngine.eventually { try engine.inspect("one", error).contains("the layer mounted on") })
                try #expect(engine("start", "-a", "one").status == 3)
            }
        }

        @Test(.enabled(if: areMade && hasStrace)) func theNextCommandUnmountsWhatAKilledRemovalHasLeft() throws {
            try TestEngine.with { engine in
                try engine("run", "--rm", "--network", "none", "busybox", "true")
                let mount = try #require(engine.layerMounts.first)
                let killed = try Command.run(
                    ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=umount2:signal=KILL"]
                        + engine.command(["rmi", "busybox"]))
                #expect(killed.status != 0)
                #expect(engine.layerMounts == [mount] && Self.images(engine) == [])
                try engine("load", "-q", "-i", TestEngine.fixture("busybox-docker.tar"))
                try #expect(engine("run", "--rm", "--network", "none", "busybox", "echo", "here").line == "here")
                #expect(engine.layerMounts.count == 1 && engine.layerMounts != [mount])
            }
        }

        @Test(.enabled(if: areMade && hasStrace)) func aKilledLoadLeavesNoImage() throws {
            try TestEngine.with(image: nil) { engine in
                // Each thread's calls are counted apart: the trial's, then those of the layer's content.
                for call in [1, 2] {
                    let killed = try Command.run(
                        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=pwrite64:signal=KILL:when=\(call)"]
                            + engine.command(["load", "-q", "-i", TestEngine.fixture("busybox-docker.tar")]))
                    #expect(killed.status != 0)
                    try #expect(engine("images", "-q").output == "")
                    #expect(TestEngine.names(in: "\(engine.root)/tmp") == [] && Self.images(engine) == [])
                }
            }
        }
    }
}
