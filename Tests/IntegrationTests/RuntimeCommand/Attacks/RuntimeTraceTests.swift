import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// What strace sees of a start: no descriptor is left open (threats.md, primitive 4), and no path below the root is
    /// resolved twice (primitive 1).
    @Suite(.enabled(if: access("/usr/bin/strace", X_OK) == 0, "needs strace")) struct RuntimeTraces {
        /// The trace of a command that starts `/bin/sh` in the container.
        private func trace(
            _ bundle: TestBundle, _ arguments: [String], leaking leaked: [Int32] = []
        ) throws -> [SystemCallTrace.Call] {
            let file = "\(bundle.folder)/trace"
            try bundle.write()
            let traced = try Command.run(
                ["strace", "-f", "-y", "-s", "4096", "-o", file, "-e"]
                    + ["trace=%file,%desc,%process,close_range,unshare,pivot_root,socket,socketpair,accept,pidfd_open"]
                    + bundle.command(arguments), seconds: 30, leaking: leaked)
            #expect(traced.status == 0, "\(traced)")
            let trace = SystemCallTrace(try TestEngine.read(file))
            return try #require(trace.untilExecution(of: "/bin/sh"), "\(trace.calls.suffix(20).map(\.line))")
        }

        private func prepare(_ bundle: TestBundle) {
            bundle.configuration.process?.args = ["/bin/sh", "-c", "true"]
            bundle.configuration.process?.cwd = "/made/for/this"
            bundle.configuration.linux?.maskedPaths = RunningHostInformation.masked
            bundle.configuration.linux?.sysctl = ["net.ipv4.ip_unprivileged_port_start": "7", "kernel.shmmni": "99"]
            bundle.configuration.mounts.append(.init(destination: "/new/folder", type: "tmpfs", source: "tmpfs"))
            bundle.bind("/etc/hostname", "/etc/hostname")
            bundle.bind("/etc/hostname", "/bound/file")
        }

        @Test(arguments: Users.allCases) func noDescriptorIsLeftOpen(_ users: Users) throws {
            try StartDescriptors.withLeak { leak in
                try TestBundle.with(users) { bundle in
                    prepare(bundle)
                    let run = try trace(bundle, ["run", "box"], leaking: [leak])
                    #expect(SystemCallTrace.inheritable(at: run, leaked: [Int(leak)]) == [0, 1, 2])
                    // The check itself can fail: without the calls that mark descriptors the leak is there.
                    let unmarked = run.filter { $0.name != "close_range" && $0.name != "close" }
                    #expect(SystemCallTrace.inheritable(at: unmarked, leaked: [Int(leak)]).contains(Int(leak)))
                    try bundle.resident()
                    let exec = try trace(
                        bundle, ["exec", "--cwd", "/", "box", "/bin/sh", "-c", "true"], leaking: [leak])
                    #expect(SystemCallTrace.inheritable(at: exec, leaked: [Int(leak)]) == [0, 1, 2])
                    try bundle.remove()
                }
            }
        }

        /// Paths that are resolved more than once, each with its reason.
        private static let exceptions: [String: String] = [
            "/": "the root's own descriptor: nothing is between",
            "/dev":
                "a tmpfs that this process has mounted before, and that no other process is in: the folder of the nodes",
            "/sys/fs/cgroup": "likewise, on a hybrid machine: the folder of the hierarchies",
            "/proc/sys": "a procfs of this process's own: once for each parameter, which is opened beneath it",
            "/bin/sh":
                "the program: looked for when the container is made, executed at its start, both in the container and as "
                + "its user; a script's interpreter would not find one that is executed by descriptor",
        ]

        @Test(arguments: Users.allCases) func noPathOfTheRootIsResolvedTwice(_ users: Users) throws {
            try TestBundle.with(users) { bundle in
                prepare(bundle)
                let calls = try trace(bundle, ["run", "box"])
                let child = try #require(calls.last?.process)
                let resolutions = SystemCallTrace.resolutions(by: child, in: calls)
                // It has seen what there is to be seen.
                for path in [
                    "/proc", "/dev/null", "/sys", "/made/for/this", "/new/folder", "/proc/keys", "/bound/file",
                ] {
                    #expect(resolutions.contains { $0.path == path }, "\(path)")
                }
                for (path, lines) in resolutions where lines.count > 1 && Self.exceptions[path] == nil {
                    Issue.record("\(path) is resolved \(lines.count) times: \(lines.joined(separator: "\n"))")
                }
            }
        }

        /// Below the root only `openat2` with RESOLVE_IN_ROOT, and single names in an open folder, resolve anything before the
        /// root is changed.
        @Test(arguments: Users.allCases) func everyPathIsOpenedBelowTheRoot(_ users: Users) throws {
            try TestBundle.with(users) { bundle in
                prepare(bundle)
                let calls = try trace(bundle, ["run", "box"])
                let child = try #require(calls.last?.process)
                let before = calls.filter { $0.process == child }.prefix { $0.name != "pivot_root" }
                #expect(before.contains { $0.name == "openat2" })
                for call in before {
                    if call.name == "openat2" {
                        #expect(
                            call.arguments.contains("RESOLVE_IN_ROOT") || call.arguments.contains("RESOLVE_BENEATH"),
                            "\(call.line)")
                        #expect(call.arguments.contains("RESOLVE_NO_MAGICLINKS"), "\(call.line)")
                    }
                    if call.name == "openat" {
                        #expect(call.arguments.contains("O_NOFOLLOW"), "\(call.line)")
                        let name = call.arguments.split(separator: "\"")
                        #expect(name.count > 1 && !name[1].contains("/"), "\(call.line)")
                    }
                    let others: Set<Substring> = [
                        "open", "stat", "lstat", "access", "chmod", "chown", "fchmodat", "mkdir", "mknod", "symlink",
                        "chdir",
                    ]
                    #expect(!others.contains(call.name), "\(call.line)")
                }
            }
        }

        /// Nothing that the runtime calls on the host's side resolves a path through the bundle's root, its folder apart.
        @Test func theHostsSideDoesNotWalkThroughTheRoot() throws {
            try TestBundle.with("true") { bundle in
                prepare(bundle)
                let calls = try trace(bundle, ["run", "box"])
                for call in calls where call.arguments.contains("\"\(bundle.folder)/rootfs/") {
                    Issue.record("\(call.line)")
                }
                #expect(calls.contains { $0.arguments.contains("\"\(bundle.folder)/rootfs\"") })
            }
        }
    }
}
