import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "While it runs", under `nestbox-runtime`: bombs, freezes, and information of the host.
    @Suite struct RuntimeRunning {
        // MARK: - Row 2: bombs

        @Test func aForkBombStopsAtTheLimitAndCanBeDeleted() throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.linux?.resources?.pids = .init(limit: 50)
                try bundle.resident(RunningBombs.bomb)
                let isFull = try TestEngine.eventually { try bundle.printed().contains("full") }
                #expect(isFull)
                // No room is left for exec, which says so, and the host has all the processes it wants.
                let refusal = try bundle("exec", "box", "sh", "-c", "for i in 1 2 3 4 5 6; do sleep 9 & done; wait")
                #expect(refusal.status != 0)
                try TestBundle.with("true") { other in try #expect(other.script("echo here").line == "here") }
                try bundle.remove()
            }
        }

        @Test func aMemoryBombIsKilledInsideItsCgroup() throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.linux?.resources?.memory = .init(limit: 16 << 20, swap: 16 << 20)
                try #expect(bundle.script("exec tail /dev/zero").status == 137)
                // Files in memory count, too.
                let shared = try bundle.script("exec dd if=/dev/zero of=/dev/shm/file bs=1M count=60")
                #expect(shared.status == 137, "\(shared)")
                // A limit that the runtime itself does not fit in ends the start by a clear error, or lets the program run.
                bundle.configuration.linux?.resources?.memory = .init(limit: 512 << 10, swap: 512 << 10)
                let tiny = try bundle.script("exec tail /dev/zero")
                #expect(tiny.status == 137, "\(tiny)")
                try bundle.resident("tail /dev/zero & tail /dev/zero & wait; sleep 1000")
                try bundle.remove()
            }
        }

        @Test func oneContainerCannotTakeEveryTerminal() throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.process?.rlimits = [.init(type: "RLIMIT_NOFILE", hard: 1024, soft: 1024)]
                // paste opens all its files before it reads the first.
                try bundle.resident(
                    """
                    for n in 1 2 3 4 5; do paste $(yes /dev/ptmx | head -n 900) & done
                    sleep 1; ls /dev/pts | wc -l; sleep 1000
                    """)
                let isThere = try TestEngine.eventually { try bundle.printed().contains { $0.isNumber } }
                #expect(isThere)
                let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
                #expect(terminal >= 0)
                close(terminal)
                try bundle.remove()
            }
        }

        // MARK: - Row 3: freezes

        /// Everything that a container needs to freeze itself: its cgroups writable, in a namespace of its own or the host's.
        private func makePrivileged(_ bundle: TestBundle, hosts: Bool) {
            let names = ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_KILL"]
            bundle.configuration.process?.capabilities = .init(bounding: names, effective: names, permitted: names)
            for (index, mount) in bundle.configuration.mounts.enumerated() where mount.type == "cgroup" {
                bundle.configuration.mounts[index].options.removeAll { $0 == "ro" }
            }
            if hosts { bundle.configuration.linux?.namespaces.removeAll { $0.type == .cgroup } }
        }

        private static let places = RunningFreezes.isDelegated ? [true] : [true, false]

        /// In the host's cgroup namespace the bundle's mount shows the container's own group as its root.
        private static let freezeSelf =
            "cd /sys/fs/cgroup; [ -d unified ] && cd unified; "
            + "echo going; echo 1 > cgroup.freeze; sleep 1000"
        private static let freezeChild =
            "cd /sys/fs/cgroup; [ -d unified ] && cd unified; "
            + "mkdir -p sub/deep; sleep 1000 & echo $! > sub/deep/cgroup.procs; echo 1 > sub/cgroup.freeze; "
            + "echo going; sleep 1000"

        @Test(
            arguments: [["kill", "box", "KILL"], ["kill", "--all", "box", "KILL"], ["delete", "--force", "box"]], places
        )
        func aContainerThatFreezesItselfStillEnds(_ command: [String], _ hosts: Bool) throws {
            try TestBundle.with("true") { bundle in
                makePrivileged(bundle, hosts: hosts)
                try bundle.resident(Self.freezeSelf)
                let isFrozen = try TestEngine.eventually { try bundle.status("box") == "paused" }
                #expect(isFrozen)
                for options in [[], ["--ignore-paused"]] {
                    let exec = try bundle.run(["exec"] + options + ["box", "true"], seconds: 9)
                    #expect(exec.status == 255, "\(options): \(exec)")
                }
                let ended = try bundle.run(command, seconds: 9)
                #expect(ended.status == 0, "\(ended)")
                if command[0] == "kill" { try #expect(bundle.waits(for: "stopped", of: "box")) }
                try bundle.remove()
            }
        }

        @Test(arguments: [["kill", "box", "KILL"], ["kill", "--all", "box", "KILL"], ["delete", "--force", "box"]])
        func aFrozenSubCgroupDoesNotKeepAContainer(_ command: [String]) throws {
            try TestBundle.with("true") { bundle in
                makePrivileged(bundle, hosts: true)
                try bundle.resident(Self.freezeChild)
                let isThere = try TestEngine.eventually { try bundle.printed().contains("going") }
                #expect(isThere)
                try #expect(bundle("exec", "box", "echo", "in").line == "in")
                let ended = try bundle.run(command, seconds: 9)
                #expect(ended.status == 0, "\(ended)")
                let removed = try bundle.run(["delete", "--force", "box"], seconds: 9)
                #expect(removed.status == 0, "\(removed)")
            }
        }

        /// A freezer group of version 1 outside the container's cgroup: SIGKILL does not wake what is frozen in it.
        @Test(
            .enabled(if: access("/sys/fs/cgroup/freezer", F_OK) == 0, "needs the freezer hierarchy of cgroup v1"),
            arguments: [["kill", "--all", "box", "KILL"], ["kill", "box", "KILL"], ["delete", "--force", "box"]])
        func aFreezerGroupElsewhereIsThawed(_ command: [String]) throws {
            try TestBundle.with("true") { bundle in
                let group = "/sys/fs/cgroup/freezer/\(bundle.cgroup)-freezer"
                mkdir(group, 0o755)
                defer { rmdir(group) }
                makePrivileged(bundle, hosts: true)
                bundle.bind("/sys/fs/cgroup/freezer", "/freezer")
                try bundle.resident(
                    """
                    cd /freezer/\(bundle.cgroup)-freezer || exit 1
                    echo $$ > cgroup.procs; echo going; echo FROZEN > freezer.state; sleep 1000
                    """)
                let isFrozen = try TestEngine.eventually {
                    try TestEngine.read("\(group)/freezer.state").hasPrefix("FROZEN")
                }
                #expect(isFrozen)
                let ended = try bundle.run(command, seconds: 9)
                #expect(ended.status == 0, "\(ended)")
                let removed = try bundle.run(["delete", "--force", "box"], seconds: 14)
                #expect(removed.status == 0, "\(removed)")
            }
        }

        // MARK: - Row 4: the host's information

        @Test(arguments: Users.allCases) func hostInformationIsMaskedAndReadOnly(_ users: Users) throws {
            try TestBundle.with(users) { bundle in
                let open = try bundle.script(RunningHostInformation.read)
                bundle.configuration.linux?.maskedPaths = RunningHostInformation.masked
                let script = """
                    \(RunningHostInformation.read)
                    for p in \(RunningHostInformation.files.joined(separator: " ")); do
                        if [ -e $p ] && (echo 0 > $p) 2>/dev/null; then echo "$p"; fi
                    done
                    grep -E ' (/sys|/proc/sys|/proc/irq|/proc/bus) ' /proc/mounts | grep -v ' ro,'
                    for p in \(RunningHostInformation.masked.joined(separator: " ")) /proc/sys; do
                        umount $p 2>/dev/null && echo umount $p
                    done
                    mount -o remount,rw,bind /proc/sys 2>/dev/null && echo remounted
                    mount -t proc proc /tmp 2>/dev/null && echo mounted
                    true
                    """
                let run = try bundle.script(script)
                #expect(run.output == "end\n", "\(run)")
                try bundle.resident()
                let exec = try bundle("exec", "box", "sh", "-c", script)
                #expect(exec.output == "end\n", "\(exec)")
                try bundle.remove()
                // This machine has something to hide that `spec` names no mask for.
                #expect(open.lines.count > 1, "\(open)")
            }
        }

        /// The root of a user namespace that the container makes takes no mask off either.
        @Test func aMaskCannotBeTakenAway() throws {
            try TestBundle.with(.own) { bundle in
                bundle.configuration.linux?.maskedPaths = RunningHostInformation.masked
                // Without it a new user namespace has no root (user_namespaces(7)).
                let names = ["CAP_SETFCAP"]
                bundle.configuration.process?.capabilities = .init(bounding: names, effective: names, permitted: names)
                bundle.configuration.process?.env.append(
                    """
                    SCRIPT=for p in \(RunningHostInformation.masked.joined(separator: " ")) /proc/sys; do
                        umount $p && echo $p
                    done
                    mount -o remount,rw,bind /proc/sys && echo remounted
                    mount -t proc proc /tmp && echo mounted
                    mount -t sysfs sysfs /tmp && echo mounted
                    \(RunningHostInformation.read)
                    """)
                let result = try bundle.script("unshare -Urmpf sh -c \"$SCRIPT\" 2>/dev/null")
                #expect(result.output == "end\n", "\(result)")
            }
        }
    }
}
