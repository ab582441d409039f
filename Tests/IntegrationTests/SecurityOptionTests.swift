import Glibc
import Testing

extension IntegrationTests {
    /// Capabilities, system call filters, and what is hidden.
    @Suite struct SecurityOptions {
        private static let rights =
            "sed -n 's/^\\(Cap...\\|NoNewPrivs\\|Seccomp\\):[[:space:]]*/\\1 /p' /proc/self/status"

        private static func rights(_ engine: TestEngine, _ flags: [String]) throws -> [String: String] {
            let result = try engine.shell(rights, with: flags)
            var values: [String: String] = [:]
            for line in result.lines {
                let words = line.split(separator: " ")
                if words.count == 2 { values[String(words[0])] = String(words[1]) }
            }
            #expect(values.count >= 7, "\(flags) \(result)")
            return values
        }

        private static let zero = "0000000000000000"

        @Test func capabilitiesAreDockersDefaultAddedToAndDroppedFrom() throws {
            try TestEngine.withBusybox { engine in
                let standard = try Self.rights(engine, [])
                #expect(standard["CapEff"] == "00000000a80425fb" && standard["CapBnd"] == "00000000a80425fb")
                #expect(standard["CapInh"] == Self.zero && standard["CapAmb"] == Self.zero)
                #expect(standard["Seccomp"] == "2" && standard["NoNewPrivs"] == "0")
                // CHOWN is bit 0, SYS_TIME bit 25, NET_RAW bit 13.
                let changed = try Self.rights(
                    engine, ["--cap-drop", "chown", "--cap-drop", "CAP_NET_RAW", "--cap-add", "SYS_TIME"])
                #expect(changed["CapEff"] == "00000000aa0405fa" && changed["CapBnd"] == "00000000aa0405fa")
                let one = try Self.rights(engine, ["--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE"])
                #expect(one["CapEff"] == "0000000000000400")
                let user = try Self.rights(engine, ["-u", "app", "--security-opt", "no-new-privileges"])
                #expect(
                    user["CapEff"] == Self.zero && user["CapPrm"] == Self.zero && user["CapBnd"] == standard["CapBnd"])
                #expect(user["NoNewPrivs"] == "1")
                let own = try TestEngine.read("/proc/self/status").split(separator: "\n")
                    .first { $0.hasPrefix("CapBnd:") }.map { String($0.dropFirst(8)) }
                let privileged = try Self.rights(engine, ["--privileged"])
                #expect(privileged["CapEff"] == own && privileged["Seccomp"] == "0")
                try #expect(Self.rights(engine, ["--cap-add", "ALL"])["CapEff"] == own)
                try #expect(Self.rights(engine, ["--security-opt", "seccomp=unconfined"])["Seccomp"] == "0")
            }
        }

        @Test func setUserIDProgramsGainNothingWithNoNewPrivileges() throws {
            try TestEngine.withBusybox { engine in
                // passwd of busybox refuses to work unless the set-user-id bit made it root's.
                let script = """
                    cp /bin/busybox /tmp/passwd; chmod 4755 /tmp/passwd
                    su app -s /bin/sh -c '/tmp/passwd -l nobody' 2>&1 | grep -c 'must be suid'
                    """
                try #expect(engine.shell(script).output == "0\n")
                let kept = try engine.shell(script, with: ["--security-opt", "no-new-privileges"])
                #expect(kept.output == "1\n", "\(kept)")
            }
        }

        @Test func profilesInBothFormsDecideSystemCalls() throws {
            try TestEngine.withBusybox { engine in
                let oci = try engine.file(
                    "oci.json",
                    text: """
                        {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
                        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
                        """)
                let docker = try engine.file(
                    "docker.json",
                    text: """
                        {"defaultAction": "SCMP_ACT_ALLOW", "archMap": [{"architecture": "SCMP_ARCH_X86_64",
                        "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]}], "syscalls": [
                        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_SYS_TIME"]}},
                        {"names": ["symlink", "symlinkat"], "action": "SCMP_ACT_ERRNO", "includes": {"arches": ["other"]}}]}
                        """)
                let script = "mkdir /new && echo made; ln -s a /b && echo linked"
                let first = try engine.shell(script, with: ["--security-opt", "seccomp=\(oci)"])
                #expect(first.output == "linked\n" && first.error.contains("No space left on device"), "\(first)")
                let second = try engine.shell(script, with: ["--security-opt", "seccomp=\(docker)"])
                #expect(second.output == "linked\n" && second.error.contains("Operation not permitted"), "\(second)")
                let third = try engine.shell(
                    script, with: ["--security-opt", "seccomp=\(docker)", "--cap-add", "SYS_TIME"])
                #expect(third.output == "made\nlinked\n", "\(third)")
                // The profile of a container holds for what is executed in it later.
                try engine(
                    "run", "-d", "--name", "box", "--security-opt", "seccomp=\(oci)", "busybox", "sleep", "1000")
                try #expect(engine("exec", "box", "sh", "-c", script).output == "linked\n")
            }
        }

        @Test(arguments: [
            "[]", #"["capset", "prctl", "close_range", "setgroups", "setresuid", "setresgid", "fcntl", "sendto"]"#,
        ])
        func aProfileThatDeniesEverythingFailsTheStart(allowed: String) throws {
            try TestEngine.withBusybox { engine in
                let profile = try engine.file(
                    "deny.json",
                    text: """
                        {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": \(allowed), "action": "SCMP_ACT_ALLOW"}]}
                        """)
                let result = try engine("run", "--rm", "--security-opt", "seccomp=\(profile)", "busybox", "true")
                // Neither execve nor exit_group can be called, and yet the start ends, and with one line.
                #expect([125, 126].contains(result.status) && result.output.isEmpty, "\(result)")
                #expect(result.error.split(separator: "\n").count == 1 && result.error.contains("seccomp"), "\(result)")
            }
        }

        @Test func aProfileThatKillsEndsWithItsSignal() throws {
            try TestEngine.withBusybox { engine in
                let profile = try engine.file("kill.json", text: #"{"defaultAction": "SCMP_ACT_KILL_PROCESS"}"#)
                let result = try engine("run", "--rm", "--security-opt", "seccomp=\(profile)", "busybox", "true")
                #expect(result.status == 128 + SIGSYS, "\(result)")
            }
        }

        @Test func aProfileThatNeedsAListenerIsRefused() throws {
            try TestEngine.withBusybox { engine in
                let profile = try engine.file(
                    "notify.json",
                    text: """
                        {"defaultAction": "SCMP_ACT_ALLOW",
                        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]}
                        """)
                let result = try engine("run", "--rm", "--security-opt", "seccomp=\(profile)", "busybox", "true")
                #expect(result.status == 125 && result.error.contains("SCMP_ACT_NOTIFY"), "\(result)")
            }
        }

        @Test func kernelPathsAreHiddenAndReadOnlyUnlessOpened() throws {
            try TestEngine.withBusybox { engine in
                let script = """
                    for f in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do
                    [ ! -e $f ] || [ ! -s $f ] && [ "$(head -c 1 $f 2>/dev/null | wc -c)" = 0 ] || echo $f; done
                    ls -A /sys/firmware /proc/acpi 2>/dev/null | grep -v : | grep .
                    for f in /proc/sys/kernel/msgmax /proc/sysrq-trigger /sys/kernel/mm/transparent_hugepage/enabled; do
                    (true >$f) 2>/dev/null && echo writable $f; done; echo end
                    """
                let hidden = try engine.shell(script)
                #expect(hidden.output == "end\n", "\(hidden)")
                let open = try engine.shell(script, with: ["--security-opt", "systempaths=unconfined"])
                #expect(open.output.contains("writable /proc/sys/kernel/msgmax"), "\(open)")
                let privileged = try engine.shell(script, with: ["--privileged"])
                #expect(privileged.output.contains("writable /proc/sys/kernel/msgmax"), "\(privileged)")
            }
        }
    }
}
