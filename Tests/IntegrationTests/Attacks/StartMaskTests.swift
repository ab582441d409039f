import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", row 3: masked targets, `/dev/null`, `/dev/console` (CVE-2025-31133,
    /// CVE-2025-52565), and row 4: writes meant for `/proc` redirected (CVE-2025-52881, CVE-2019-19921).
    @Suite struct StartMasks {
        /// An image's own /dev, with links where the runtime would look for a null device or a console.
        static let image = HostileImage { image in
            image.layer.folder("dev")
            image.layer.symlink("dev/null", to: "/proc/sys/kernel/core_pattern")
            image.layer.symlink("dev/console", to: "/proc/sysrq-trigger")
            image.layer.symlink("dev/ptmx", to: "/proc/kcore")
            image.layer.symlink("dev/pts", to: "/etc")
        }

        @Test(arguments: Users.allCases)
        func whatIsMaskedIsEmptyWhateverTheImagesDevicesAre(_ users: Users) throws {
            try TestEngine.with(hostile: Self.image) { engine in
                let script = """
                    for file in /proc/interrupts /proc/kcore /proc/keys /proc/timer_list /proc/sched_debug; do
                      [ -e $file ] && { stat -c '%t:%T' $file; cat $file; }
                    done | sort -u
                    for folder in /proc/acpi /proc/scsi /sys/firmware; do [ -d $folder ] && ls -A $folder; done
                    stat -c '%F %t:%T' /dev/null
                    echo x > /proc/keys && echo y > /dev/null && echo z
                    { echo 1 > /proc/sys/kernel/core_pattern; } 2>/dev/null && echo core pattern
                    { echo h > /proc/sysrq-trigger; } 2>/dev/null && echo sysrq
                    """
                let result = try engine.script(script, image: "hostile", users.option)
                #expect(result.output == "1:3\ncharacter special file 1:3\nz\n", "\(result)")
            }
        }

        @Test(arguments: Users.allCases)
        func theConsoleIsTheContainersOwnTerminal(_ users: Users) throws {
            try TestEngine.with(hostile: Self.image) { engine in
                let result = try engine.script(
                    "stat -c '%F %t' /dev/console; tty; readlink /proc/self/fd/0", image: "hostile", "-t", users.option)
                let expected = "character special file 88\r\n/dev/pts/0\r\n/dev/pts/0\r\n"
                #expect(result.output == expected, "\(result)")
            }
        }

        /// The null device over masked files and as standard input is the host's: a root of the host's users owns it.
        @Test(arguments: Users.allCases)
        func theHostsNullDeviceCannotBeChanged(_ users: Users) throws {
            try TestEngine.withBusybox { engine in
                let before = try FileIdentity("/dev/null")
                // What is left of it must be harmless when this test fails.
                defer { chmod("/dev/null", 0o666) }
                let name = try engine.resident(users.option)
                let script =
                    "for file in /proc/keys /proc/interrupts /dev/stdin; do chmod 1666 $file; touch $file; done"
                _ = try engine.script(script, users.option)
                _ = try engine("exec", name, "sh", "-c", script)
                let after = try FileIdentity("/dev/null")
                #expect(after.mode == before.mode && after.owner == before.owner)
            }
        }

        /// A device of `--device` in a private user namespace is the host's node.
        @Test func theHostsDevicesCannotBeChanged() throws {
            try TestEngine.withBusybox { engine in
                // A node of its own, on a file system that maps ids.
                let node = "\(engine.folder)/node"
                try retrying("make", node) { mknod(node, S_IFCHR | 0o600, 0x105) }
                let before = try FileIdentity(node)
                _ = try engine.script("chmod 666 /dev/x; chown 1000 /dev/x", "--device", "\(node):/dev/x")
                try #expect(FileIdentity(node) == before)
            }
        }

        @Test func aParameterOfTheHostIsRefused() throws {
            try TestEngine.withBusybox { engine in
                let before = try TestEngine.read("/proc/sys/kernel/core_pattern")
                for parameter in [
                    "kernel.core_pattern=|/x", "kernel/../kernel/core_pattern=x", "net/../kernel/core_pattern=x",
                    "net.ipv4/../../kernel/core_pattern=x", "kernel.shm_rmid_forced/../core_pattern=x",
                    "fs.mqueue/../../kernel/core_pattern=x", "fs.mqueue.....kernel.core_pattern=x",
                    "vm.overcommit_memory=1",
                ] {
                    let result = try engine("run", "--rm", "--sysctl", parameter, "busybox", "true")
                    #expect(result.status == 125 && result.error.contains("--sysctl"), "\(parameter): \(result)")
                }
                try #expect(TestEngine.read("/proc/sys/kernel/core_pattern") == before)
            }
        }

        @Test func aParameterIsSetForTheContainerAlone() throws {
            try TestEngine.withBusybox { engine in
                let name = "net/ipv4/ip_unprivileged_port_start"
                let before = try TestEngine.read("/proc/sys/\(name)")
                let result = try engine(
                    "run", "--rm", "--sysctl", "net.ipv4.ip_unprivileged_port_start=7", "busybox", "cat",
                    "/proc/sys/\(name)")
                #expect(result.output == "7\n", "\(result)")
                try #expect(TestEngine.read("/proc/sys/\(name)") == before)
                let shared = try engine(
                    "run", "--rm", "--network=host", "--sysctl", "net.ipv4.ip_unprivileged_port_start=7", "busybox",
                    "true")
                #expect(shared.status == 125, "\(shared)")
                try #expect(TestEngine.read("/proc/sys/\(name)") == before)
            }
        }

        /// The kernel sets it for every process that shares memory: the supervisor did.
        @Test func theSupervisorKeepsItsOwnPreferenceWhenMemoryRunsOut() throws {
            try TestEngine.withBusybox { engine in
                let own = try TestEngine.read("/proc/self/oom_score_adj")
                let name = try engine.resident("--oom-score-adj=700")
                let (process, supervisor) = try engine.processes(of: name)
                try #expect(TestEngine.read("/proc/\(process)/oom_score_adj") == "700\n")
                try #expect(TestEngine.read("/proc/\(supervisor)/oom_score_adj") == own)
            }
        }
    }
}
