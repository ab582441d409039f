import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// Containers in mount and time namespaces that are not new ones.
    ///
    /// Each runs in a mount namespace of the test's own: whatever went wrong, this machine's mounts stay.
    @Suite struct RuntimeNamespaces {
        private func script(_ bundle: TestBundle, _ text: String) throws -> CommandResult {
            try bundle.write()
            let function = "cd \"$0\"; runtime() { \"$PROGRAM\" --root \"$ROOT\" \"$@\"; }\n"
            return try Command.run(
                ["unshare", "-m", "sh", "-c", function + text, bundle.folder],
                environment: ["PROGRAM": bundle.program, "ROOT": bundle.root], seconds: 30 * TestEngine.patience)
        }

        /// Takes everything out that would be mounted.
        private func share(_ bundle: TestBundle, path: String? = nil) {
            bundle.configuration.mounts = []
            bundle.configuration.linux?.maskedPaths = []
            bundle.configuration.linux?.readonlyPaths = []
            bundle.configuration.linux?.namespaces.removeAll { $0.type == .mount }
            if let path { bundle.configuration.linux?.namespaces.append(.init(type: .mount, path: path)) }
        }

        /// Without a namespace, and with the runtime's own: the root is changed by chroot(2), and nothing is mounted.
        @Test(arguments: [nil, "/proc/self/ns/mnt"]) func theMountsCanBeTheHosts(_ path: String?) throws {
            try TestBundle.with("sh", "-c", "ls /; echo of $PWD; echo > /dev/null; sleep 1000") { bundle in
                share(bundle, path: path)
                mkdir("\(bundle.folder)/rootfs/mine", 0o755)
                let run = try script(
                    bundle,
                    """
                    cat /proc/self/mountinfo > before
                    runtime run -d box > out 2> err < /dev/null || { cat err; exit 90; }
                    cmp before /proc/self/mountinfo || exit 91
                    pid=$(runtime state box | sed -n 's/.*"pid": \\([0-9]*\\),/\\1/p')
                    [ "$(readlink /proc/$pid/ns/mnt)" = "$(readlink /proc/self/ns/mnt)" ] || exit 92
                    readlink /proc/$pid/root
                    runtime exec box sh -c 'ls -d /mine; pwd; test -e "$0" || echo inside' "$0" || exit 93
                    runtime exec --cwd /mine box pwd || exit 94
                    runtime delete --force box || exit 95
                    cmp before /proc/self/mountinfo || exit 96
                    cat out
                    """)
                #expect(run.status == 0, "\(run)")
                let lines = run.lines.map(String.init)
                #expect(lines.prefix(5) == ["\(bundle.folder)/rootfs", "/mine", "/", "inside", "/mine"], "\(run)")
                #expect(lines.contains("of /") && lines.contains("mine") && !lines.contains("work"), "\(run)")
            }
        }

        /// What would have to be mounted is refused, and so is the namespace whose root would be replaced.
        @Test func nothingIsMountedOnTheHost() throws {
            try TestBundle.with("true") { bundle in
                share(bundle)
                let plain = bundle.configuration
                let changes: [(String, (inout RuntimeSpecification) -> Void)] = [
                    ("mounts:", { $0.mounts = [.init(destination: "/tmp", type: "tmpfs", source: "tmpfs")] }),
                    ("root.readonly:", { $0.root?.readonly = true }),
                    ("process.terminal:", { $0.process?.terminal = true }),
                    ("linux.maskedPaths:", { $0.linux?.maskedPaths = ["/etc"] }),
                    ("linux.readonlyPaths:", { $0.linux?.readonlyPaths = ["/etc"] }),
                    ("linux.rootfsPropagation:", { $0.linux?.rootfsPropagation = "private" }),
                ]
                for (member, change) in changes {
                    bundle.configuration = plain
                    change(&bundle.configuration)
                    let run = try script(bundle, "runtime run box")
                    #expect(run.status == 1, "\(member) \(run)")
                    #expect(run.error.contains("\(member) without a mount namespace of the container's own"), "\(run)")
                }
                bundle.configuration = plain
                bundle.configuration.linux?.namespaces.append(.init(type: .mount, path: "/proc/1/ns/mnt"))
                let first = try script(bundle, "runtime run box")
                #expect(first.status == 1, "\(first)")
                // Where this machine's first process may be looked at.
                var status = stat()
                if stat("/proc/1/ns/mnt", &status) == 0 {
                    #expect(first.error.contains("first process, whose root would be replaced"), "\(first)")
                }
            }
        }

        @Test func theWayOutIsSaid() throws {
            try TestBundle.with("true") { bundle in
                share(bundle)
                bundle.configuration.process?.capabilities?.bounding.append("CAP_SYS_CHROOT")
                let run = try script(bundle, "runtime run box")
                #expect(run.status == 0 && run.error.contains("CAP_SYS_CHROOT leads out of its root"), "\(run)")
            }
        }

        /// A container joins the time namespace of another process, and who is executed in it does, too.
        @Test(.enabled(if: access("/proc/self/ns/time", F_OK) == 0, "this kernel has no time namespaces"))
        func aTimeNamespaceIsJoined() throws {
            try TestBundle.with("sh", "-c", "readlink /proc/self/ns/time; cut -d . -f 1 /proc/uptime; read x; exit 7") {
                bundle in
                let holder = try Command(["unshare", "-T", "--boottime", "864000", "sleep", "1000"])
                defer {
                    holder.signal(SIGKILL)
                    _ = holder.finish()
                }
                let path = "/proc/\(holder.pid)/ns/time"
                let isSeparate = TestEngine.eventually {
                    StoredFile.link(path) != StoredFile.link("/proc/self/ns/time")
                }
                try #require(isSeparate)
                bundle.configuration.linux?.namespaces.append(.init(type: .time, path: path))
                let run = try bundle("run", "box")
                #expect(run.status == 7, "\(run)")
                #expect(run.lines.first.map(String.init) == StoredFile.link(path), "\(run)")
                #expect(run.lines.last.flatMap { Int($0) }.map { $0 > 864_000 } == true, "\(run)")

                bundle.configuration.process?.args = ["sleep", "1000"]
                try bundle.expect("create", "box")
                try #expect(bundle.status("box") == "created")
                try bundle.expect("start", "box")
                let inner = try bundle("exec", "box", "readlink", "/proc/self/ns/time")
                #expect(inner.line == StoredFile.link(path), "\(inner)")
                try #expect(bundle("exec", "box", "nosuch").error.contains("executable file not found"))
                try bundle.expect("delete", "--force", "box")

                bundle.configuration.process?.args = ["nosuch"]
                let failed = try bundle("run", "box")
                #expect(failed.error.contains("cannot execute nosuch in the container"), "\(failed)")
                bundle.configuration.linux?.namespaces.removeLast()
                bundle.configuration.linux?.namespaces.append(.init(type: .time, path: "/proc/self/ns/uts"))
                let other = try bundle("run", "box")
                #expect(
                    other.error.contains("cannot join the time namespace /proc/self/ns/uts: Invalid argument"),
                    "\(other)")
            }
        }

        /// Who is executed in a container with clocks of its own has them, too.
        @Test(
            .enabled(if: access("/proc/self/ns/time", F_OK) == 0, "this kernel has no time namespaces"),
            arguments: Users.allCases)
        func execSeesTheContainersClocks(_ users: Users) throws {
            try TestBundle.with(users) { bundle in
                bundle.configuration.process?.args = ["sleep", "1000"]
                bundle.configuration.linux?.namespaces.append(.init(type: .time))
                bundle.configuration.linux?.timeOffsets = ["boottime": .init(secs: 864_000)]
                try bundle.expect("run", "-d", "box")
                let uptime = try bundle("exec", "box", "cut", "-d", ".", "-f", "1", "/proc/uptime")
                #expect(Int(uptime.line).map { $0 > 864_000 } == true, "\(uptime)")
                try bundle.expect("delete", "--force", "box")
            }
        }
    }
}
