import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", under `nestbox-runtime`: row 10, the joining process traced, or its descriptors
    /// taken (CVE-2016-9962), and row 11, release_agent (CVE-2022-0492), the host's cgroups writable (CVE-2023-25809).
    @Suite struct RuntimeJoins {
        @Test(arguments: Users.allCases)
        func theJoiningProcessCannotBeLookedInto(_ users: Users) throws {
            try TestBundle.with(users) { bundle in
                try bundle.resident(StartJoins.loop)
                // As often as it takes to have been seen, within a bound.
                for _ in 0..<20 where access("\(bundle.folder)/rootfs/seen", F_OK) != 0 {
                    try #expect(bundle("exec", "box", "true").status == 0)
                    try #expect(bundle("exec", "-u", "1000", "box", "true").status == 0)
                }
                #expect(access("\(bundle.folder)/rootfs/success", F_OK) != 0)
                try bundle.remove()
            }
        }

        /// Nothing of the caller's environment and of the runtime's arguments is in any process inside, before or after.
        @Test func noProcessOfTheContainerHoldsWhatTheRuntimeKnows() throws {
            try TestBundle.with("true") { bundle in
                let script = """
                    for process in /proc/[0-9]*; do
                      tr '\\0' '\\n' < $process/environ; tr '\\0' ' ' < $process/cmdline; cat $process/comm
                    done 2>/dev/null
                    """
                let secrets = ["SECRET": "of the caller", "LD_PRELOAD": ""]
                bundle.configuration.process?.args = ["sh", "-c", script]
                let run = try bundle.run(["run", "box"], environment: secrets)
                #expect(run.output.contains("PATH=") && !run.output.contains("SECRET"), "\(run)")
                #expect(!run.output.contains(bundle.root) && !run.output.contains("nestbox-runtime"), "\(run)")
                try bundle.resident(command: ["create"])
                let exec = try bundle.run(["exec", "box", "sh", "-c", script], environment: secrets)
                #expect(exec.output.contains("PATH=") && !exec.output.contains("SECRET"), "\(exec)")
                try bundle.remove()
            }
        }

        // MARK: - Row 11

        private static let hosts = [true, false]

        /// With a cgroup namespace of its own, and in the host's.
        @Test(arguments: Users.allCases, hosts)
        func theContainerSeesItsOwnCgroupAlone(_ users: Users, _ isHosts: Bool) throws {
            try TestBundle.with(users) { bundle in
                if isHosts { bundle.configuration.linux?.namespaces.removeAll { $0.type == .cgroup } }
                let script = """
                    cut -d: -f3 /proc/self/cgroup | sort -u
                    awk '$3 ~ /cgroup/ { print $2 }' /proc/mounts | sort -u
                    find /sys/fs/cgroup -name release_agent -o -name 'nestbox-*' -o -name box
                    """
                let run = try bundle.script(script)
                try bundle.resident()
                let exec = try bundle("exec", "box", "sh", "-c", script)
                try bundle.remove()
                for result in [run, exec] {
                    let first = isHosts ? "/\(bundle.cgroup)/box" : "/"
                    #expect(result.lines.contains { $0 == first }, "\(result)")
                    // A hierarchy that the container has no group in shows the root's, in the host's namespace too.
                    let others = result.lines.filter { $0 != first && $0 != "/" }
                    #expect(
                        others.allSatisfy {
                            $0.hasPrefix("/sys/fs/cgroup") && !$0.contains("box") && !$0.contains("agent")
                        },
                        "\(result)")
                }
            }
        }

        @Test(arguments: Users.allCases, hosts)
        func nothingOfTheCgroupsCanBeWritten(_ users: Users, _ isHosts: Bool) throws {
            try TestBundle.with(users) { bundle in
                if isHosts { bundle.configuration.linux?.namespaces.removeAll { $0.type == .cgroup } }
                bundle.configuration.linux?.resources?.memory = .init(limit: 64 << 20)
                let script = "\(StartCgroups.cgroupWrites)\ntrue"
                let run = try bundle.script(script)
                try bundle.resident()
                let exec = try bundle("exec", "box", "sh", "-c", script)
                try bundle.remove()
                for result in [run, exec] { #expect(result.output.isEmpty && result.status == 0, "\(result)") }
            }
        }

        /// CVE-2022-0492 with all that a user namespace gives: root of it mounts hierarchies of its own.
        @Test(arguments: ["memory", "pids", "rdma", "none,name=attack", "none,name=systemd"])
        func noReleaseAgentForTheRootOfAUserNamespace(_ hierarchy: String) throws {
            try TestBundle.with(.own) { bundle in
                let names = ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"]
                bundle.configuration.process?.capabilities = .init(bounding: names, effective: names, permitted: names)
                let result = try bundle.script(
                    """
                    mkdir /m
                    mount -t cgroup -o \(hierarchy) none /m 2>/dev/null || exit 0
                    { echo /evil > /m/release_agent; } 2>/dev/null && echo agent
                    true
                    """)
                #expect(result.output.isEmpty && result.status == 0, "\(result)")
            }
        }

        /// Processes of others in the cgroup that a configuration names: they are neither joined nor killed.
        @Test func somebodyElsesCgroupIsNotTaken() throws {
            try TestBundle.with("true") { victim in
                try victim.resident()
                try TestBundle.with("true") { bundle in
                    bundle.configuration.linux?.cgroupsPath = "/\(victim.cgroup)/box"
                    let run = try bundle("run", "box")
                    #expect(run.status == 1, "\(run)")
                    try bundle.remove()
                    bundle.configuration.linux?.cgroupsPath = "/\(victim.cgroup)"
                    let above = try bundle("run", "box")
                    #expect(above.status == 1, "\(above)")
                    try bundle.remove()
                }
                try #expect(victim.status("box") == "running")
                try victim.remove()
            }
        }
    }
}
