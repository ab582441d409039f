import CLinux
import Glibc
import Testing

extension IntegrationTests {
    /// The flags of run about the process.
    @Suite struct ProcessOptions {
        @Test func rootHasItsOtherGroupsAndIDsMustBeTheContainers() throws {
            let image = HostileImage { image in
                image.layer.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
                image.layer.file("etc/group", "root:x:0:\nwheel:x:10:root\n")
            }
            try TestEngine.with(hostile: image) { engine in
                try engine("run", "-d", "--name", "box", "hostile", "sleep", "1000")
                try #expect(engine("run", "--rm", "hostile", "id", "-G").output == "0 10\n")
                try #expect(engine("exec", "box", "id", "-G").output == "0 10\n")
                let beyond = try engine("run", "--rm", "-u", "70000", "hostile", "true")
                #expect(beyond.status == 125 && beyond.error.contains("--userns=host"), "\(beyond)")
                try #expect(engine("exec", "-u", "70000", "box", "true").status == 126)
                try #expect(engine("exec", "-u", "nobody-such", "box", "true").status == 126)
                try #expect(engine("exec", "-w", "/no/such", "box", "true").status == 126)
            }
        }

        @Test func environmentUserFolderNamesAndLimits() throws {
            try TestEngine.withBusybox { engine in
                let variables = try engine.file("variables", text: "# a comment\n\nFILE=from file\nPASSED\nSAME=file\n")
                let script = """
                    echo "$ONE|$FILE|$PASSED|$OUTSIDE|$SAME|${ABSENT-unset}|$HOME|$HOSTNAME"
                    pwd; id -u; id -g; sed -n 's/^Groups:[[:space:]]*//p' /proc/self/status
                    hostname; cat /proc/sys/kernel/domainname
                    ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/sys/kernel/msgmax
                    cat /proc/sys/net/ipv4/ip_unprivileged_port_start; cat /proc/self/oom_score_adj
                    """
                let result = try engine.shell(
                    script,
                    with: [
                        "-e", "ONE=1 2", "--env", "OUTSIDE", "-e", "ABSENT", "-e", "SAME=flag", "--env-file", variables,
                        "-w", "/made/there", "-u", "app:audio", "--group-add", "staff", "--group-add", "77",
                        "--hostname", "own-host", "--domainname", "example.org", "--ulimit", "nofile=100:200",
                        "--ulimit", "core=0", "--sysctl", "kernel.msgmax=12345",
                        "--sysctl", "net.ipv4.ip_unprivileged_port_start=80", "--oom-score-adj", "321",
                    ], environment: ["OUTSIDE": "outside", "PASSED": "passed"])
                #expect(
                    result.output == """
                        1 2|from file|passed|outside|flag|unset|/home/app|own-host
                        /made/there
                        1000
                        29
                        29 50 77\u{20}
                        own-host
                        example.org
                        100
                        200
                        0
                        12345
                        80
                        321

                        """, "\(result)")
                #expect(result.error.isEmpty)
            }
        }

        @Test func usersAreNamesOrNumbers() throws {
            try TestEngine.withBusybox { engine in
                let script = """
                    echo $(id -u) $(id -g) $(sed -n 's/^Groups:[[:space:]]*//p' /proc/self/status | tr ' ' '\\n' | sort -n)
                    """
                // The user, its group and all groups: the group itself is one of them, as in Docker since CVE-2022-36109.
                for (user, expected) in [
                    ("app", "1000 1000 29 50 1000"), ("1000", "1000 1000 29 50 1000"), ("app:daemon", "1000 1 1"),
                    ("4321", "4321 0 0"), ("4321:8765", "4321 8765 8765"), ("0:50", "0 50 50"),
                ] {
                    let result = try engine.shell(script, with: ["-u", user])
                    #expect(result.line == expected, "\(user) \(result)")
                }
            }
        }

        @Test func deviceRulesAllowMoreThanIsOffered() throws {
            try TestEngine.withBusybox { engine in
                // A number that no driver has (42 is for demonstrations): the cgroup is asked before the driver is looked for.
                let script = "mknod /tmp/d c 42 7 && cat /tmp/d"
                let allowed = "No such device"
                func run(_ flags: String...) throws -> CommandResult {
                    try engine.run(
                        ["run", "--rm", "--userns", "host", "--security-opt", "seccomp=unconfined"] + flags
                            + ["busybox", "sh", "-c", script])
                }
                let denied = try run()
                #expect(denied.status != 0 && denied.error.contains("not permitted"), "\(denied)")
                try #expect(run("--device-cgroup-rule", "c 42:7 r").error.contains(allowed))
                try #expect(run("--device-cgroup-rule", "c 42:* rwm").error.contains(allowed))
                try #expect(run("--device-cgroup-rule", "c 42:8 r").error.contains("not permitted"))
                try #expect(run("--device-cgroup-rule", "b 42:7 r").error.contains("not permitted"))
                for wrong in ["c 1:11", "x 1:1 r", "c 1 r", "c 1:1 q", "c a:1 r"] {
                    try #expect(run("--device-cgroup-rule", wrong).status == 125)
                }
            }
        }

        @Test func thePlatformMustBeTheImages() throws {
            try TestEngine.withBusybox { engine in
                let own = TestImage.architecture
                try #expect(engine("run", "--rm", "--platform", "linux/\(own)", "busybox", "echo", "x").output == "x\n")
                let other = try engine("run", "--platform", "linux/s390x", "busybox", "true")
                #expect(other.status == 125 && other.error.contains("linux/s390x"), "\(other)")
                try #expect(engine("create", "--platform", "a/b/c/d", "busybox", "true").status == 125)
            }
        }

        @Test func devicesAreOfferedWithTheirOwnersAndPermissions() throws {
            try TestEngine.withBusybox { engine in
                // Every machine has this one, and no container; only its owner may open it.
                let numbers = try TestEngine.trimmed("/sys/class/misc/cpu_dma_latency/dev").split(separator: ":")
                    .compactMap { UInt32($0) }
                let path = "\(engine.folder)/latency"
                try #require(mknod(path, S_IFCHR | 0o600, dev_t(nb_device_number(numbers[0], numbers[1]))) == 0)
                let script = """
                    stat -c '%F %u:%g %a' /dev/mine; head -c 4 /dev/mine | wc -c
                    (: >/dev/mine) 2>/dev/null || echo not writable
                    su app -s /bin/sh -c '(: </dev/mine) 2>/dev/null || echo not readable'
                    cd /dev; stat -c '%n %t:%T' full null random tty urandom zero
                    echo lost >null; head -c 3 zero | wc -c; (echo x >full) 2>/dev/null || echo full
                    """
                let result = try engine.shell(
                    script, with: ["--device", "\(path):/dev/mine:r"])
                #expect(
                    result.output == """
                        character special file 0:0 600
                        4
                        not writable
                        not readable
                        full 1:7
                        null 1:3
                        random 1:8
                        tty 5:0
                        urandom 1:9
                        zero 1:5
                        3
                        full

                        """, "\(result)")
                let writable = try engine.shell(
                    ": >/dev/mine && echo writable", with: ["--device", "\(path):/dev/mine"])
                #expect(writable.output == "writable\n", "\(writable)")
            }
        }

        @Test func everybodyMayPingAndUseLowPorts() throws {
            try TestEngine.withBusybox { engine in
                let script = "cd /proc/sys/net/ipv4; cat ping_group_range ip_unprivileged_port_start"
                try #expect(engine.shell(script).output == "0\t65535\n0\n")
                try #expect(engine.shell(script, with: ["--userns", "host"]).output == "0\t2147483647\n0\n")
            }
        }
    }
}
