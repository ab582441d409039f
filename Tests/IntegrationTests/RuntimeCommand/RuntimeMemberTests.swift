import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// Members of a configuration that would have no effect, or another one than they say: they have it, are refused, or are
    /// told of.
    @Suite struct RuntimeMembers {
        private func run(
            _ script: String, sourceLocation: SourceLocation = #_sourceLocation,
            _ change: (inout RuntimeSpecification, TestBundle) throws -> Void
        ) throws -> CommandResult {
            var result: CommandResult?
            try TestBundle.with("sh", "-c", script, sourceLocation: sourceLocation) { bundle in
                try change(&bundle.configuration, bundle)
                result = try bundle("run", "box")
            }
            return try #require(result, sourceLocation: sourceLocation)
        }

        private typealias Change = (inout RuntimeSpecification) -> Void

        @Test func whatCannotBeMeantIsRefused() throws {
            let ids = [RuntimeSpecification.IDMapping(containerID: 0, hostID: 1000, size: 10)]
            let changes: [(String, Change)] = [
                (
                    "process.rlimits: RLIMIT_NOFILE is there twice",
                    {
                        $0.process?.rlimits = [
                            .init(type: "RLIMIT_NOFILE", hard: 9, soft: 9),
                            .init(type: "RLIMIT_NOFILE", hard: 8, soft: 8),
                        ]
                    }
                ),
                (
                    "linux.namespaces: cgroup is named twice",
                    {
                        $0.linux?.namespaces += [.init(type: .cgroup), .init(type: .cgroup)]
                    }
                ),
                (
                    "linux.namespaces: network is named twice",
                    {
                        $0.linux?.namespaces.append(.init(type: .network, path: "/proc/1/ns/net"))
                    }
                ),
                (
                    "linux.namespaces: the path ns/uts must be absolute",
                    {
                        $0.linux?.namespaces.removeAll { $0.type == .uts }
                        $0.hostname = nil
                        $0.linux?.namespaces.append(.init(type: .uts, path: "ns/uts"))
                    }
                ),
                ("nor do linux.gidMappings", { $0.linux?.gidMappings = ids }),
                (
                    "/m needs uidMappings and gidMappings, or neither",
                    {
                        $0.mounts.append(.init(destination: "/m", source: "/tmp", options: ["bind"], gidMappings: ids))
                    }
                ),
                (
                    "/m: ids can be mapped for bind mounts only",
                    {
                        $0.mounts.append(
                            .init(destination: "/m", type: "tmpfs", source: "t", uidMappings: ids, gidMappings: ids))
                    }
                ),
                (
                    "/m: ids can be mapped for bind mounts only",
                    {
                        $0.mounts.append(.init(destination: "/m", type: "tmpfs", source: "t", options: ["idmap"]))
                    }
                ),
                (
                    "linux.devices: /dev/none has no major and minor number",
                    {
                        $0.linux?.devices = [.init(path: "/dev/none", type: .character)]
                    }
                ),
                (
                    "linux.seccomp.syscalls[0].names: it must name a system call",
                    {
                        $0.linux?.seccomp = .init(defaultAction: .allow, syscalls: [.init(names: [], action: .errno)])
                    }
                ),
                (
                    "linux.resources.blockIO.weightDevice: 8:0 has neither weight nor leafWeight",
                    {
                        $0.linux?.resources?.blockIO = .init(weightDevice: [.init(major: 8, minor: 0)])
                    }
                ),
                (
                    "linux.resources.rdma: mlx5 has neither hcaHandles nor hcaObjects",
                    {
                        $0.linux?.resources?.rdma = ["mlx5": .init()]
                    }
                ),
                (
                    "cannot remount /dev/shm: size is the file system's own option",
                    {
                        $0.mounts.append(.init(destination: "/dev/shm", type: "tmpfs", options: ["remount", "size=5"]))
                    }
                ),
            ]
            for (reason, change) in changes {
                let result = try run("true") { spec, _ in change(&spec) }
                #expect(result.status == 1 && result.error.contains(reason), "\(reason): \(result)")
            }
        }

        /// Relative paths mean the root's and the bundle's folders, wherever the runtime was started.
        @Test func relativePathsOfMountsAreTheBundles() throws {
            try TestBundle.with("sh", "-c", "cat /below/the/root/file") { bundle in
                mkdir("\(bundle.folder)/source", 0o755)
                try TestRegistry.write("words", to: "\(bundle.folder)/source/file")
                bundle.configuration.mounts.append(
                    .init(destination: "below/the/root", source: "source", options: ["rbind"]))
                try bundle.write()
                let run = try Command.run(
                    [bundle.program, "--root", bundle.root, "run", "--bundle", bundle.folder, "box"], seconds: 30)
                #expect(run.status == 0 && run.output == "words", "\(run)")
            }
        }

        @Test func aRemountChangesWhatIsThere() throws {
            let result = try run("grep -c ' /m ' /proc/mounts; touch /m/file 2>&1; grep ' /m ' /proc/mounts") {
                spec, _ in
                spec.mounts += [
                    .init(destination: "/m", type: "tmpfs", source: "tmpfs"),
                    .init(destination: "/m", type: "none", options: ["remount", "ro", "nosuid"]),
                ]
            }
            #expect(result.status == 0 && result.lines.first == "1", "\(result)")
            #expect(result.output.contains("Read-only file system") && result.output.contains("ro,nosuid"), "\(result)")
        }

        /// Options that nothing is to be done for any more.
        @Test func oldOptionsAreTaken() throws {
            let result = try run("grep ' /m ' /proc/mounts") { spec, _ in
                spec.mounts.append(
                    .init(
                        destination: "/m", type: "tmpfs", source: "tmpfs",
                        options: ["silent", "loud", "iversion", "noiversion", "dirsync", "lazytime", "nodev"]))
            }
            #expect(result.status == 0 && result.output.contains("dirsync"), "\(result)")
        }

        /// Without a /dev of its own the container has the devices of every container in its image's folder, also the next time.
        @Test func devicesAreThereWithoutAMount() throws {
            try TestBundle.with(
                "sh", "-c", "echo x > /dev/null && head -c 3 /dev/zero | wc -c; ls -l /dev/fuse; readlink /dev/fd"
            ) {
                bundle in
                bundle.configuration.mounts.removeAll { $0.destination.hasPrefix("/dev") }
                bundle.configuration.linux?.devices = [
                    .init(path: "/dev/fuse", type: .character, major: 10, minor: 229, fileMode: 0o640)
                ]
                for _ in 0..<2 {
                    let run = try bundle("run", "box")
                    #expect(run.status == 0, "\(run)")
                    #expect(run.lines.first == "3" && run.output.contains("crw-r-----"), "\(run)")
                    #expect(run.lines.last == "/proc/self/fd", "\(run)")
                }
                // Something else under the name is an error.
                bundle.configuration.linux?.devices[0].minor = 200
                let other = try bundle("run", "box")
                #expect(
                    other.status == 1 && other.error.contains("cannot make the device /dev/fuse: File exists"),
                    "\(other)")
            }
        }

        @Test func whatCannotBeHadIsToldOf() throws {
            let result = try run("grep CapBnd /proc/self/status") { spec, _ in
                spec.process?.capabilities = .init(bounding: ["CAP_NEW_ONE", "CAP_CHOWN"], permitted: ["CAP_OTHER"])
                spec.linux?.resources?.memory = .init(kernel: 1 << 30, useHierarchy: false)
            }
            #expect(result.status == 0 && result.output == "CapBnd:\t0000000000000001\n", "\(result)")
            #expect(result.error.contains("this kernel has no CAP_NEW_ONE, CAP_OTHER"), "\(result)")
            for member in ["kernel", "useHierarchy"] {
                #expect(result.error.contains("linux.resources.memory.\(member) has no effect"), "\(result)")
            }
        }

        /// No process beside the first.
        @Test func aPidsLimitOfNothingLimits() throws {
            let result = try run("(true) & wait; echo $?") { spec, _ in spec.linux?.resources?.pids = .init(limit: 0) }
            #expect(result.error.contains("can't fork"), "\(result)")
        }

        /// Who may write to its cgroup owns it, on a machine with cgroup v2 alone: here in a mount namespace of the test's own.
        @Test func aWritableCgroupIsTheContainers() throws {
            try TestBundle.with(.own) { bundle in
                let script =
                    "mkdir /sys/fs/cgroup/sub && echo $$ > /sys/fs/cgroup/sub/cgroup.procs && cat /proc/self/cgroup"
                bundle.configuration.process?.args = [
                    "sh", "-c", "\(script); echo 1 > /sys/fs/cgroup/cgroup.max.depth",
                ]
                bundle.configuration.linux?.namespaces.removeAll { $0.type == .cgroup }
                bundle.configuration.linux?.namespaces.append(.init(type: .cgroup))
                bundle.configuration.mounts.removeAll { $0.destination == "/sys/fs/cgroup" }
                let mount = RuntimeSpecification.Mount(
                    destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "nodev"])
                for options in [["rw"], ["ro"]] {
                    bundle.configuration.mounts.removeAll { $0.destination == "/sys/fs/cgroup" }
                    bundle.configuration.mounts.append(mount)
                    bundle.configuration.mounts[bundle.configuration.mounts.count - 1].options += options
                    try bundle.write()
                    let pure =
                        "umount -l /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && cd \"$0\" && exec \"$@\""
                    let run = try Command.run(
                        ["unshare", "-m", "sh", "-c", pure, bundle.folder, bundle.program, "--root", bundle.root]
                            + ["run", "box"], seconds: 30 * TestEngine.patience)
                    #expect(run.output.hasSuffix("0::/sub\n") == (options == ["rw"]), "\(run)")
                    // Its limits stay the runtime's.
                    #expect(run.status == 1, "\(run)")
                }
            }
        }

        /// A profile that cannot fit is refused by its number of rules, before time is spent on compiling it.
        @Test func aProfileThatIsTooLongIsRefusedUncompiled() throws {
            let result = try run("true") { spec, _ in
                spec.linux?.seccomp = .init(
                    defaultAction: .allow,
                    syscalls: (0..<30_000).map { value in
                        .init(names: ["lseek"], action: .errno, args: [.init(index: 0, value: value, op: .equal)])
                    })
            }
            #expect(result.status == 1, "\(result)")
            #expect(
                result.error.contains(
                    "seccomp profile has 30000 different rules with conditions, and a BPF program has at most 4096 instructions"
                ),
                "\(result)")
        }
    }
}
