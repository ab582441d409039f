import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// The engines of others, with `nestbox-runtime` under them.
    @Suite struct RuntimeEngines {
        private static func isInstalled(_ names: String...) -> Bool {
            names.allSatisfy { (name: String) in
                ["/usr/bin", "/usr/sbin"].contains { access("\($0)/\(name)", X_OK) == 0 }
            }
        }

        private static let podmanIsInstalled = isInstalled("podman")
        private static let buildahIsInstalled = isInstalled("podman", "buildah")
        private static let containerdIsInstalled = isInstalled("containerd", "ctr")

        private static func program() throws -> String {
            "\(String(cString: try #require(getenv("NESTBOX_BIN"))))/nestbox-runtime"
        }

        /// Limits that need no CAP_SYS_RESOURCE, which some machines lack.
        private static let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]

        /// Podman, or buildah, with a store of the test's own.
        private struct Podman {
            let engine: TestEngine
            let program: String
            var environment: [String: String] = [:]

            func run(_ name: String, _ arguments: [String], _ options: [String] = []) throws -> CommandResult {
                let store = [
                    "--root", "\(engine.folder)/podman", "--runroot", "\(engine.folder)/podman-run", "--storage-driver",
                    "vfs",
                ]
                return try Command.run(
                    engine.host.entrance + [name] + store + options + arguments, environment: environment,
                    seconds: 120 * TestEngine.patience)
            }

            func callAsFunction(_ arguments: [String]) throws -> CommandResult {
                try run(
                    "podman", arguments,
                    [
                        "--tmpdir", "\(engine.folder)/podman-tmp", "--cgroup-manager", "cgroupfs", "--runtime", program,
                    ])
            }

            func callAsFunction(_ arguments: String...) throws -> CommandResult { try self(arguments) }
        }

        private static func with(_ body: (Podman) throws -> Void) throws {
            try TestEngine.with(image: nil) { engine in
                let podman = Podman(engine: engine, program: try program())
                // Its clean-up command does not pass options of the runtime on, so the root is everybody's.
                let others = Set(TestEngine.names(in: "/run/nestbox-runtime"))
                defer {
                    _ = try? podman("rm", "-f", "-a", "-t", "0")
                    try? FileTree.remove("\(engine.folder)/podman")
                }
                let loaded = try podman("load", "-q", "-i", TestEngine.fixture("busybox-docker.tar"))
                try #require(loaded.status == 0, "\(loaded)")
                try body(podman)
                let left = Set(TestEngine.names(in: "/run/nestbox-runtime")).subtracting(others)
                #expect(left.subtracting(["@seccomp"]) == [])
            }
        }

        @Test(.enabled(if: podmanIsInstalled, "needs podman"))
        func podmanRunsContainers() throws {
            try Self.with { podman in
                func run(_ words: String..., options: [String] = []) throws -> CommandResult {
                    try podman(["run", "--rm", "--network", "none"] + Self.limits + options + ["busybox"] + words)
                }
                let first = try run("sh", "-c", "id -u; cat /proc/1/comm; exit 3")
                #expect(first.status == 3 && first.output == "0\nsh\n", "\(first)")
                try #expect(run("nosuch").status == 127)
                try #expect(run("/etc").status == 126)
                let mapped = ["--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536"]
                let inside = try run(
                    "sh", "-c", "touch /made; stat -c %u /made; cat /proc/self/uid_map", options: mapped)
                #expect(
                    inside.output.split(separator: " ").map(String.init) == ["0\n", "0", "100000", "65536\n"],
                    "\(inside)")
                let copied = try run("ls", "/etc", options: ["--tmpfs", "/etc"])
                #expect(copied.lines.contains("passwd"), "\(copied)")
                try #expect(run("sh", "-c", "touch /tmp/x && ! touch /x", options: ["--read-only"]).status == 0)

                let words = ["run", "-d", "--name", "box", "--network", "none", "--memory", "64m"] + Self.limits
                let started = try podman(words + ["busybox", "sleep", "1000"])
                #expect(started.status == 0, "\(started)")
                let inner = try podman("exec", "-u", "1", "box", "sh", "-c", "id -u; exit 4")
                #expect(inner.status == 4 && inner.output == "1\n", "\(inner)")
                try #expect(podman("pause", "box").status == 0)
                try #expect(podman("inspect", "--format", "{{.State.Status}}", "box").line == "paused")
                try #expect(podman("unpause", "box").status == 0)
                let usage = try podman("stats", "--no-stream", "--format", "{{.MemUsage}}", "box")
                #expect(usage.output.contains("67.11MB"), "\(usage)")
                try #expect(podman("stop", "-t", "0", "box").status == 0)
                try #expect(podman("start", "box").status == 0)
                try #expect(podman("rm", "-f", "-t", "0", "box").status == 0)
            }
        }

        @Test(.enabled(if: podmanIsInstalled, "needs podman"))
        func podmanRunsPods() throws {
            try Self.with { plain in
                var podman = plain
                // Nothing limits the container that a pod begins with but podman's own configuration.
                let configuration = "\(podman.engine.folder)/containers.conf"
                try TestRegistry.write(
                    "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n",
                    to: configuration)
                podman.environment = ["CONTAINERS_CONF": configuration]
                let parent = "nestbox-pods-\(getpid())"
                defer {
                    _ = try? Command.run([
                        "find", "/sys/fs/cgroup", "-depth", "-path", "*/\(parent)*", "-type", "d", "-delete",
                    ])
                }
                let made = try podman(
                    "pod", "create", "--name", "pod", "--network", "none", "--infra-image", "localhost/busybox",
                    "--infra-command", "sleep 1000", "--share", "ipc,net,uts,pid", "--cgroup-parent", "/\(parent)")
                try #require(made.status == 0, "\(made)")
                try #require(podman("pod", "start", "pod").status == 0)
                // Its first process is the pod's.
                let seen = try podman(
                    "run", "--rm", "--pod", "pod", "localhost/busybox", "sh", "-c", "hostname; cat /proc/1/comm")
                #expect(seen.output == "pod\nsleep\n", "\(seen)")
                try #expect(
                    podman("run", "-d", "--name", "box", "--pod", "pod", "localhost/busybox", "sleep", "500").status
                        == 0)
                func state() throws -> String { try podman("pod", "inspect", "-f", "{{.State}}", "pod").line }
                try #expect(podman("pod", "pause", "pod").status == 0)
                try #expect(state() == "Paused")
                try #expect(podman("pod", "unpause", "pod").status == 0)
                try #expect(podman("exec", "box", "hostname").line == "pod")
                try #expect(podman("pod", "stop", "-t", "0", "pod").status == 0)
                try #expect(state() == "Exited")
                try #expect(podman("pod", "start", "pod").status == 0)
                try #expect(state() == "Running")
                try #expect(podman("pod", "rm", "-f", "-t", "0", "pod").status == 0)
            }
        }

        @Test(.enabled(if: buildahIsInstalled, "needs podman and buildah"))
        func buildahBuilds() throws {
            try Self.with { podman in
                let context = "\(podman.engine.folder)/context"
                mkdir(context, 0o755)
                try TestRegistry.write(
                    "FROM localhost/busybox\nRUN echo made > /made\nRUN cat /made /proc/1/comm\n",
                    to: "\(context)/Containerfile")
                let built = try podman.run(
                    "buildah",
                    ["build", "--isolation", "oci", "--runtime", podman.program, "--network", "none"] + Self.limits
                        + ["-t", "made", context])
                #expect(built.status == 0 && built.output.contains("made\n"), "\(built)")
            }
        }

        @Test(.enabled(if: containerdIsInstalled, "needs containerd"))
        func containerdRunsTasks() throws {
            try TestEngine.with(image: nil) { engine in
                let program = try Self.program()
                let folder = "\(engine.folder)/containerd"
                mkdir(folder, 0o700)
                try TestRegistry.write(
                    """
                    version = 2
                    root = "\(folder)/root"
                    state = "\(folder)/state"
                    disabled_plugins = ["io.containerd.grpc.v1.cri"]
                    [grpc]
                      address = "\(folder)/socket"

                    """, to: "\(folder)/config.toml")
                let daemon = try Command(
                    engine.host.entrance + [
                        "sh", "-c", "exec containerd -c \(folder)/config.toml >\(folder)/log 2>&1",
                    ])
                defer {
                    daemon.signal(SIGTERM)
                    _ = daemon.finish()
                    try? FileTree.remove(folder)
                }
                func ctr(_ arguments: [String]) throws -> CommandResult {
                    try Command.run(["ctr", "-a", "\(folder)/socket"] + arguments, seconds: 120 * TestEngine.patience)
                }
                func ctr(_ arguments: String...) throws -> CommandResult { try ctr(arguments) }
                let isUp = try TestEngine.eventually { try ctr("version").status == 0 }
                try #require(isUp, "\((try? TestEngine.read("\(folder)/log")) ?? "")")
                try #expect(ctr("image", "import", TestEngine.fixture("busybox-docker.tar")).status == 0)
                let image = try ctr("image", "ls", "-q").line
                func run(_ options: [String], _ name: String, _ words: [String]) throws -> CommandResult {
                    try ctr(
                        [
                            "run", "--snapshotter", "native", "--runc-binary", program, "--runc-root",
                            "\(folder)/runtime",
                        ]
                            + options + [image, name] + words)
                }
                let first = try run(["--rm"], "first", ["sh", "-c", "cat /proc/1/comm; exit 3"])
                #expect(first.status == 3 && first.output == "sh\n", "\(first)")
                let missing = try run(["--rm"], "missing", ["nosuch"])
                #expect(missing.error.contains("executable file not found in $PATH"), "\(missing)")

                let started = try run(["-d", "--memory-limit", "67108864"], "box", ["sleep", "1000"])
                #expect(started.status == 0, "\(started)")
                let inner = try ctr("task", "exec", "--exec-id", "one", "box", "sh", "-c", "cat /proc/1/comm; exit 4")
                #expect(inner.status == 4 && inner.output == "sleep\n", "\(inner)")
                try #expect(ctr("task", "metrics", "box").output.contains("67108864"))
                try #expect(ctr("task", "pause", "box").status == 0)
                try #expect(ctr("task", "ls").output.contains("PAUSED"))
                try #expect(ctr("task", "resume", "box").status == 0)
                try #expect(ctr("task", "kill", "-s", "KILL", "box").status == 0)
                #expect(try TestEngine.eventually { try ctr("task", "ls").output.contains("STOPPED") })
                try #expect(ctr("task", "rm", "box").error.contains("137"))
                try #expect(ctr("container", "rm", "box").status == 0)
                #expect(TestEngine.names(in: "\(folder)/runtime/default").filter { $0 != "@seccomp" } == [])
            }
        }

        @Test(.enabled(if: TestDocker.isInstalled, "needs docker"))
        func dockerRunsContainersByDefault() throws {
            try TestEngine.with(image: nil) { engine in
                let settings = "\(engine.folder)/settings"
                mkdir(settings, 0o755)
                try TestRegistry.write(
                    """
                    {"runtimes": {"nestbox": {"path": "\(Self.program())"}}, "default-runtime": "nestbox"}
                    """, to: "\(settings)/daemon.json")
                let docker = try TestDocker(for: engine, settings: settings)
                defer { docker.stop() }
                try docker("load", "-q", "-i", TestEngine.fixture("busybox-docker.tar"))
                try #expect(docker("info", "--format", "{{.DefaultRuntime}}").line == "nestbox")
                let first = try docker.run(
                    "run", "--rm", "--network", "none", "busybox", "sh", "-c", "cat /proc/1/comm; exit 3")
                #expect(first.status == 3 && first.output == "sh\n", "\(first)")
                try #expect(docker.run("run", "--rm", "--network", "none", "busybox", "nosuch").status == 127)
                try #expect(docker.run("run", "--rm", "--network", "none", "busybox", "/etc").status == 126)
                let limited = try docker(
                    "run", "--rm", "--network", "none", "--user", "nobody", "--cap-drop", "ALL", "--security-opt",
                    "no-new-privileges", "--read-only", "--tmpfs", "/tmp", "--hostname", "host", "busybox", "sh", "-c",
                    "id -u; hostname; grep -E 'CapBnd|NoNewPrivs|Seccomp:' /proc/self/status; touch /tmp/x && ! touch /x"
                )
                #expect(
                    limited.lines == [
                        "65534", "host", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2",
                    ], "\(limited)")

                try docker("run", "-d", "--name", "box", "--network", "none", "-m", "64m", "busybox", "sleep", "1000")
                let inner = try docker.run("exec", "-w", "/tmp", "-e", "A=b", "box", "sh", "-c", "pwd; echo $A; exit 4")
                #expect(inner.status == 4 && inner.output == "/tmp\nb\n", "\(inner)")
                try docker("pause", "box")
                try #expect(docker("inspect", "--format", "{{.State.Status}}", "box").line == "paused")
                try docker("unpause", "box")
                try docker("update", "-m", "32m", "--memory-swap", "64m", "box")
                try #expect(docker("stats", "--no-stream", "--format", "{{.MemUsage}}", "box").output.contains("32MiB"))
                try #expect(docker("top", "box").output.contains("sleep 1000"))
                try docker("restart", "-t", "0", "box")
                try docker("rm", "-f", "box")
            }
        }
    }
}
