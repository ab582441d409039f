import Glibc
import Testing

extension IntegrationTests {
    /// A container that freezes itself or leaves a frozen v1 sub-cgroup: unkillable, exec and kill hang (runc 2105, 2828).
    @Suite struct RunningFreezes {
        /// The container's own cgroup, in whatever cgroup namespace.
        static let unified =
            "cd /sys/fs/cgroup; if [ -d unified ]; then cd unified; fi; cd .$(sed -n 's/^0:://p' /proc/self/cgroup)"

        /// Where the unified tree is mounted with `nsdelegate` (cgroups(7)), the kernel refuses a freeze from inside a
        /// cgroup namespace of its root; in the host's, the way is open.
        static let isDelegated =
            (try? TestEngine.read("/proc/self/mounts"))?.split(separator: "\n").contains {
                $0.contains(" cgroup2 ") && $0.contains("nsdelegate")
            } == true
        private static let namespaces = isDelegated ? ["host"] : ["private", "host"]

        /// Freezes below the container's own cgroup.
        static let freezeSelf = "\(unified); echo going; echo 1 > cgroup.freeze; sleep 1000"
        static let freezeChild =
            "\(unified); mkdir -p sub/deep; sleep 1000 & echo $! > sub/deep/cgroup.procs; echo 1 > sub/cgroup.freeze; "
            + "echo going; sleep 1000"

        private func start(_ script: String, _ options: [String] = [], in engine: TestEngine) throws {
            let result = try engine.run(
                ["run", "-d", "--name", "frozen", "--privileged"] + options + ["busybox", "sh", "-c", script])
            #expect(result.status == 0, "\(result)")
            let isThere = try TestEngine.eventually { try engine("logs", "frozen").output.contains("going") }
            #expect(isThere)
        }

        @Test(arguments: ["stop", "kill", "rm"], namespaces)
        func aContainerThatFreezesItselfStillEnds(_ command: String, _ namespace: String) throws {
            try TestEngine.withBusybox { engine in
                try start(Self.freezeSelf, ["--cgroupns", namespace], in: engine)
                // Until the freeze has taken hold, exec may still get in.
                let isRefused = try TestEngine.eventually { try engine("exec", "frozen", "true").status != 0 }
                #expect(isRefused)
                let refusal = try engine("exec", "frozen", "true")
                #expect(refusal.error.contains("frozen"), "\(refusal)")
                try end(command, engine)
            }
        }

        @Test(.enabled(if: isDelegated, "needs the unified cgroup tree mounted with nsdelegate"))
        func aDelegatedCgroupIsNotFrozenFromInside() throws {
            try TestEngine.withBusybox { engine in
                let script = "\(Self.unified); echo 1 > cgroup.freeze || echo refused"
                let result = try engine(
                    "run", "--rm", "--privileged", "--cgroupns", "private", "busybox", "sh", "-c", script, seconds: 5)
                #expect(result.output == "refused\n", "\(result)")
            }
        }

        @Test(arguments: ["stop", "rm"]) func aFrozenSubCgroupDoesNotKeepAContainer(_ command: String) throws {
            try TestEngine.withBusybox { engine in
                try start(Self.freezeChild, in: engine)
                try #expect(engine("exec", "frozen", "echo", "in").line == "in")
                try end(command, engine)
            }
        }

        /// A freezer group of version 1 outside the container's cgroup: SIGKILL does not wake what is frozen in it.
        @Test(
            .enabled(if: access("/sys/fs/cgroup/freezer", F_OK) == 0, "needs the freezer hierarchy of cgroup v1"),
            arguments: ["stop", "rm"])
        func aFreezerGroupElsewhereIsThawed(_ command: String) throws {
            let group = "/sys/fs/cgroup/freezer/nestbox-test-\(getpid())"
            mkdir(group, 0o755)
            defer { rmdir(group) }
            try TestEngine.withBusybox { engine in
                try start(
                    """
                    mkdir /tmp/f && mount -t cgroup -o freezer x /tmp/f && cd /tmp/f/nestbox-test-\(getpid()) || exit 1
                    echo $$ > cgroup.procs; echo going; echo FROZEN > freezer.state; sleep 1000
                    """, ["--cgroupns", "host"], in: engine)
                let isFrozen = try TestEngine.eventually {
                    try TestEngine.read("\(group)/freezer.state").hasPrefix("FROZEN")
                }
                #expect(isFrozen)
                try end(command, engine)
            }
        }

        private func end(_ command: String, _ engine: TestEngine) throws {
            let options = ["stop": ["-t", "1"], "rm": ["-f"]][command] ?? []
            let result = try engine.run([command] + options + ["frozen"], seconds: 9)
            #expect(result.status == 0, "\(result)")
            guard command != "rm" else { return }
            try #expect(engine.inspect("frozen", "{{.State.Status}} {{.State.ExitCode}}") == "exited 137")
            try #expect(engine("rm", "frozen").status == 0)
        }
    }
}
