import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", under `nestbox-runtime`: row 3, masked targets, `/dev/null`, `/dev/console`
    /// (CVE-2025-31133, CVE-2025-52565), and row 4, writes meant for `/proc` redirected (CVE-2025-52881, CVE-2019-19921).
    @Suite struct RuntimeMasks {
        @Test(arguments: Users.allCases, [true, false])
        func whatIsMaskedIsEmptyWhateverTheImagesDevicesAre(_ users: Users, _ hasOwnDevices: Bool) throws {
            try TestBundle.with(StartMasks.image, users) { bundle in
                // Without a /dev of its own the image's links are what the runtime finds.
                if !hasOwnDevices { bundle.configuration.mounts.removeAll { $0.destination.hasPrefix("/dev") } }
                bundle.configuration.linux?.maskedPaths = RunningHostInformation.masked
                let script = """
                    for file in /proc/interrupts /proc/kcore /proc/keys /proc/timer_list /proc/sched_debug; do
                      [ -e $file ] && { stat -c '%t:%T' $file; cat $file; }
                    done | sort -u
                    for folder in /proc/acpi /proc/scsi /sys/firmware; do [ -d $folder ] && ls -A $folder; done
                    { echo 1 > /proc/sys/kernel/core_pattern; } 2>/dev/null && echo core pattern
                    { echo h > /proc/sysrq-trigger; } 2>/dev/null && echo sysrq
                    true
                    """
                let result = try bundle.script(script)
                #expect(result.output == "1:3\n", "\(result)")
            }
        }

        /// The terminal's device goes to the container's own /dev/console, and never over what the kernel shows.
        @Test(arguments: Users.allCases)
        func theConsoleIsTheContainersOwnTerminal(_ users: Users) throws {
            try TestBundle.with(StartMasks.image, users) { bundle in
                bundle.configuration.process?.terminal = true
                bundle.configuration.process?.args = [
                    "sh", "-c", "stat -c '%F %t' /dev/console; tty; readlink /proc/self/fd/0",
                ]
                try bundle.write()
                let session = try TerminalSession(bundle.command(["run", "box"]), rows: 24, columns: 80)
                #expect(session.shows("character special file 88\r\n/dev/pts/0\r\n/dev/pts/0\r\n"), "\(session.text)")
                #expect(session.finish() == 0)

                bundle.configuration.mounts.removeAll { $0.destination.hasPrefix("/dev") }
                bundle.configuration.mounts.append(
                    .init(destination: "/pts", type: "devpts", source: "devpts", options: ["newinstance", "mode=0620"]))
                var layer = TarArchive()
                layer.symlink("dev/pts", to: "/pts")
                try bundle.unpack(layer)
                for target in ["/proc/sysrq-trigger", "/proc/uptime", "/proc/sys/kernel/core_pattern"] {
                    var layer = TarArchive()
                    layer.symlink("dev/console", to: target)
                    try bundle.unpack(layer)
                    try bundle.write()
                    let covered = try TerminalSession(bundle.command(["run", "box"]), rows: 24, columns: 80)
                    #expect(covered.finish() == 1, "\(target): \(covered.text)")
                }
            }
        }

        /// The null device over masked files and as standard input is the host's: a root of the host's users owns it.
        @Test(arguments: Users.allCases)
        func theHostsNullDeviceCannotBeChanged(_ users: Users) throws {
            try TestBundle.with(users) { bundle in
                let before = try FileIdentity("/dev/null")
                // What is left of it must be harmless when this test fails.
                defer { chmod("/dev/null", 0o666) }
                bundle.configuration.linux?.maskedPaths = RunningHostInformation.masked
                let script = """
                    for file in /proc/keys /proc/interrupts /dev/stdin; do chmod 1666 $file; touch $file; done 2>/dev/null
                    """
                try bundle.resident("\(script); sleep 1000")
                try bundle.write()
                let exec = ["exec \"$@\" < /dev/null", "sh"] + bundle.command(["exec", "box", "sh", "-c", script])
                _ = try Command.run(["sh", "-c"] + exec)
                let after = try FileIdentity("/dev/null")
                #expect(after.mode == before.mode && after.owner == before.owner)
                try bundle.remove()
            }
        }

        /// What a startContainer hook writes goes to a null device, or nowhere: never to what the image calls one.
        @Test func aHooksOutputDoesNotGoWhereTheImageSays() throws {
            for change: @Sendable (inout TarArchive) -> Void in [
                { $0.symlink("dev/null", to: "/secret") }, { $0.fifo("dev/null") },
                { $0.file("dev/null", "as it was\n", mode: 0o666) },
            ] {
                let image = HostileImage { image in
                    image.layer.file("secret", "as it was\n")
                    change(&image.layer)
                }
                try TestBundle.with(image) { bundle in
                    bundle.configuration.mounts.removeAll { $0.destination.hasPrefix("/dev") }
                    bundle.configuration.hooks = .init(startContainer: [
                        .init(path: "/bin/sh", args: ["sh", "-c", "echo overwritten"], timeout: 5)
                    ])
                    let result = try bundle.script("cat /secret; [ -f /dev/null ] && cat /dev/null")
                    #expect(result.lines.allSatisfy { $0 == "as it was" } && !result.lines.isEmpty, "\(result)")
                }
            }
        }

        // MARK: - Row 4

        @Test func aParameterOfTheHostIsRefused() throws {
            try TestBundle.with("true") { bundle in
                let before = try TestEngine.read("/proc/sys/kernel/core_pattern")
                for name in [
                    "kernel.core_pattern", "kernel/core_pattern", "kernel/../kernel/core_pattern",
                    "net/../kernel/core_pattern", "net.ipv4/../../kernel/core_pattern",
                    "net/ipv4/../../kernel/core_pattern", "kernel.shm_rmid_forced/../core_pattern",
                    "fs.mqueue/../../kernel/core_pattern", "fs.mqueue.....kernel.core_pattern", "vm.overcommit_memory",
                    "fs/mqueue//../../kernel/core_pattern", "kernel", "", "/", "net.", "kernel.modprobe",
                ] {
                    bundle.configuration.linux?.sysctl = [name: before.trimmed]
                    let result = try bundle("run", "box")
                    #expect(result.status == 1 && result.error.contains("linux.sysctl"), "\(name): \(result)")
                }
                try #expect(TestEngine.read("/proc/sys/kernel/core_pattern") == before)
            }
        }

        @Test func aParameterIsSetForTheContainerAlone() throws {
            try TestBundle.with("true") { bundle in
                let file = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
                let before = try TestEngine.read(file)
                for name in ["net.ipv4.ip_unprivileged_port_start", "net/ipv4/ip_unprivileged_port_start"] {
                    bundle.configuration.linux?.sysctl = [name: "7"]
                    let result = try bundle.script("cat \(file)")
                    #expect(result.output == "7\n", "\(name): \(result)")
                }
                // The host's, by having none and by joining it.
                bundle.configuration.linux?.sysctl = [
                    "net.ipv4.ip_unprivileged_port_start": before.trimmed
                ]
                for path in [nil, "/proc/self/ns/net", "/proc/1/ns/net"] {
                    bundle.configuration.linux?.namespaces.removeAll { $0.type == .network }
                    if let path { bundle.configuration.linux?.namespaces.append(.init(type: .network, path: path)) }
                    guard path != "/proc/1/ns/net" || Self.isOwn("/proc/1/ns/net") else { continue }
                    let shared = try bundle("run", "box")
                    #expect(shared.status == 1 && shared.error.contains("linux.sysctl"), "\(shared)")
                }
                try #expect(TestEngine.read(file) == before)
            }
        }

        private static func isOwn(_ path: String) -> Bool {
            var (own, other) = (stat(), stat())
            return stat("/proc/self/ns/net", &own) == 0 && stat(path, &other) == 0 && own.st_ino == other.st_ino
        }

        /// The runtime writes through a procfs of its own: the image's /proc takes no part.
        @Test func whatTheImageHasForProcIsNotWrittenTo() throws {
            let image = HostileImage { image in
                image.layer.folder("proc/sys/kernel")
                image.layer.file("proc/sys/kernel/shmmni", "the image's\n")
                image.layer.folder("proc/self")
                image.layer.file("proc/self/oom_score_adj", "the image's\n")
            }
            try TestBundle.with(image) { bundle in
                bundle.configuration.mounts.removeAll { $0.destination == "/proc" }
                bundle.configuration.linux?.sysctl = ["kernel.shmmni": "1234"]
                bundle.configuration.process?.oomScoreAdj = 700
                let result = try bundle.script(
                    "cat /proc/sys/kernel/shmmni /proc/self/oom_score_adj; mkdir /p")
                #expect(result.output == "the image's\nthe image's\n", "\(result)")
                // And what was meant took place.
                bundle.configuration.mounts.append(.init(destination: "/p", type: "proc", source: "proc"))
                let real = try bundle.script("cat /p/sys/kernel/shmmni /p/self/oom_score_adj")
                #expect(real.output == "1234\n700\n", "\(real)")
            }
        }
    }
}

extension String {
    /// Without the newline at its end.
    fileprivate var trimmed: String { hasSuffix("\n") ? String(dropLast()) : self }
}
