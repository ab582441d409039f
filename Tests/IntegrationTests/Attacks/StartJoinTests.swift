import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", row 10: the joining process traced, or its descriptors taken (CVE-2016-9962).
    @Suite struct StartJoins {
        /// Looks at every process that is called as the runtime is; only what is still the runtime's counts, and the
        /// shell's own calls are quick enough to see one.
        static let loop = """
            while [ ! -e /stop ]; do
              for process in /proc/[0-9]*; do
                read name < $process/comm
                [ "$name" = nestbox-runtime ] || continue
                echo seen >> /seen
                read line < $process/maps && case "$line" in *nestbox-runtime*) echo maps >> /success;; esac
                for number in 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
                  true < $process/fd/$number && read name < $process/comm && [ "$name" = nestbox-runtime ] \
            && echo descriptor $number >> /success
                done
                true > $process/mem && read name < $process/comm && [ "$name" = nestbox-runtime ] && echo memory >> /success
              done
            done 2> /dev/null
            """

        @Test(arguments: Users.allCases)
        func theJoiningProcessCannotBeLookedInto(_ users: Users) throws {
            try TestEngine.withBusybox { engine in
                let name = try engine.resident(users.option, script: Self.loop)
                // As often as it takes to have been seen, within a bound.
                var isSeen = false
                for _ in 0..<12 where !isSeen {
                    try #expect(engine("exec", name, "true").status == 0)
                    try #expect(engine("exec", "-u", "1000", name, "true").status == 0)
                    isSeen = try engine("exec", name, "test", "-e", "/seen").status == 0
                }
                let found = try engine("exec", name, "cat", "/success")
                #expect(found.status == 1 && found.output.isEmpty, "\(found)")
            }
        }

        /// What is in the container is its own: the runtime's environment and arguments are not in any process.
        @Test func noProcessOfTheContainerHoldsWhatTheRuntimeKnows() throws {
            try TestEngine.withBusybox { engine in
                let script = """
                    for process in /proc/[0-9]*; do
                      tr '\\0' '\\n' < $process/environ; tr '\\0' ' ' < $process/cmdline; cat $process/comm
                    done | grep -e request-fd -e nestbox-test -e SECRET
                    """
                let result = try engine.run(
                    ["run", "--rm", "busybox", "sh", "-c", script], environment: ["SECRET": "of the caller"])
                #expect(
                    result.status == 1 && result.output.isEmpty || !result.output.contains("of the caller"), "\(result)"
                )
                let name = try engine.resident()
                let environment = try engine.run(["exec", name, "env"], environment: ["SECRET": "of the caller"])
                #expect(environment.status == 0 && !environment.output.contains("SECRET"), "\(environment)")
            }
        }
    }

    /// threats.md, "Start of a container", row 11: release_agent (CVE-2022-0492), the host's cgroups writable
    /// (CVE-2023-25809).
    @Suite struct StartCgroups {
        @Test(arguments: Users.allCases)
        func theContainerSeesItsOwnCgroupAlone(_ users: Users) throws {
            try TestEngine.withBusybox { engine in
                let name = try engine.resident(users.option)
                let script = """
                    cut -d: -f3 /proc/self/cgroup | sort -u
                    awk '$3 ~ /cgroup/ { print $2 }' /proc/mounts | sort -u
                    awk '$9 ~ /cgroup/ && $4 != "/" || $10 ~ /^cgroup/ && $4 != "/" { print "root " $4 }' /proc/self/mountinfo
                    find /sys/fs/cgroup -name release_agent -o -name 'nestbox-*'
                    """
                for arguments in [["run", "--rm", users.option, "busybox"], ["exec", name]] {
                    let result = try engine.run(arguments + ["sh", "-c", script])
                    #expect(result.lines.first == "/", "\(result)")
                    #expect(
                        result.lines.dropFirst().allSatisfy {
                            $0.hasPrefix("/sys/fs/cgroup") && !$0.contains("nestbox")
                        },
                        "\(result)")
                }
            }
        }

        /// Says what of the cgroups it could change.
        static let cgroupWrites = """
            for file in $(find /sys/fs/cgroup -type f); do
              { echo 1 > $file; } 2>/dev/null && echo written $file
            done
            for folder in $(find /sys/fs/cgroup -type d); do mkdir $folder/x 2>/dev/null && echo made $folder; done
            mount -o remount,rw /sys/fs/cgroup 2>/dev/null && echo remounted
            mkdir /m
            mount -t cgroup2 none /m 2>/dev/null && echo mounted
            mount -t cgroup -o rdma none /m 2>/dev/null && echo mounted v1
            """

        @Test(arguments: Users.allCases)
        func nothingOfTheCgroupsCanBeWritten(_ users: Users) throws {
            try TestEngine.withBusybox { engine in
                let name = try engine.resident(users.option, "--memory=64m")
                let script = """
                    \(Self.cgroupWrites)
                    unshare -r -m true 2>/dev/null && echo unshared
                    true
                    """
                for arguments in [["run", "--rm", users.option, "busybox"], ["exec", name]] {
                    let result = try engine.run(arguments + ["sh", "-c", script])
                    #expect(result.output.isEmpty && result.status == 0, "\(result)")
                }
            }
        }

        /// A mount of cgroup2 from the host's cgroup namespace sets the options of the machine's tree: `nsdelegate`, which keeps
        /// containers within theirs, must survive it.
        @Test func theHostsTreeKeepsItsOptions() throws {
            try TestEngine.withBusybox { engine in
                func options() throws -> [Substring] {
                    try TestEngine.read("/proc/self/mounts").split(separator: "\n").filter { $0.contains(" cgroup2 ") }
                }
                let before = try options()
                for option in ["--privileged", "--userns=host"] {
                    let result = try engine("run", "--rm", option, "--cgroupns=host", "busybox", "true")
                    #expect(result.status == 0, "\(option): \(result)")
                }
                try #expect(options() == before)
            }
        }

        /// CVE-2022-0492 with all that a user namespace gives: root of it mounts hierarchies of its own.
        @Test(arguments: ["memory", "pids", "rdma", "none,name=attack", "none,name=systemd"])
        func noReleaseAgentForTheRootOfAUserNamespace(_ hierarchy: String) throws {
            try TestEngine.withBusybox { engine in
                let script = """
                    mkdir /m
                    mount -t cgroup -o \(hierarchy) none /m 2>/dev/null || exit 0
                    { echo /evil > /m/release_agent; } 2>/dev/null && echo agent
                    true
                    """
                let result = try engine.script(
                    script, "--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined", "--userns=private")
                #expect(result.output.isEmpty && result.status == 0, "\(result)")
            }
        }
    }
}
