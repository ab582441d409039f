import OCISpec
import Testing

@testable import LinuxSystem

@Suite("Seccomp profiles from files") struct SeccompProfileTests {
    typealias Seccomp = RuntimeSpecification.Linux.Seccomp

    private func load(
        _ text: String, capabilities: CapabilitySet = .containerDefault, kernel: KernelVersion = KernelVersion(6, 1)
    ) throws(SeccompError) -> Seccomp {
        try SeccompProfile.load(json: Array(text.utf8), capabilities: capabilities, kernel: kernel)
    }

    @Test("the OCI form")
    func openContainers() throws {
        let profile = try load(
            """
            {"defaultAction": "SCMP_ACT_KILL_PROCESS", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_S390X"],
             "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
             "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
              {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13,
               "args": [{"index": 1, "value": 511, "valueTwo": 4, "op": "SCMP_CMP_MASKED_EQ"}]}]}
            """)
        #expect(profile.defaultAction == .killProcess)
        #expect(profile.architectures == [.x86_64, .s390x])
        #expect(SeccompFilter.flags(of: profile) == 2 | 32)
        #expect(profile.syscalls.count == 2)
        #expect(profile.syscalls[1].errnoRet == 13)
        #expect(
            profile.syscalls[1].args == [Seccomp.Argument(index: 1, value: 511, valueTwo: 4, op: .maskedEqual)])
    }

    private static let docker = """
        {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
         "archMap": [
          {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
          {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
          {"architecture": "SCMP_ARCH_RISCV64", "subArchitectures": null}],
         "syscalls": [
          {"names": ["plain"], "action": "SCMP_ACT_ALLOW", "args": null, "comment": "", "includes": {}, "excludes": {}},
          {"name": "single", "action": "SCMP_ACT_ALLOW"},
          {"names": ["old"], "action": "SCMP_ACT_ALLOW", "excludes": {"minKernel": "4.8"}},
          {"names": ["new"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
          {"names": ["foreign"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["s390x"]}},
          {"names": ["here"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64", "arm64"]}},
          {"names": ["elsewhere"], "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["amd64", "arm64"]}},
          {"names": ["admin"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
          {"names": ["both"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN", "CAP_BPF"]}},
          {"names": ["other"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}}]}
        """

    @Test("Docker's form, with rules for architectures, capabilities and kernels")
    func dockerForm() throws {
        let plain = try load(Self.docker)
        #expect(plain.syscalls.flatMap(\.names) == ["plain", "single", "new", "here", "other"])
        #expect(plain.defaultErrnoRet == 1)
        #expect(SeccompArchitecture.listed(in: plain) == [.native] + SeccompArchitecture.compatible)
        let admin = try load(Self.docker, capabilities: [.sysAdmin], kernel: KernelVersion(4, 7))
        #expect(admin.syscalls.flatMap(\.names) == ["plain", "single", "old", "here", "admin"])
        let both = try load(Self.docker, capabilities: [.sysAdmin, .bpf])
        #expect(both.syscalls.flatMap(\.names) == ["plain", "single", "new", "here", "admin", "both"])
    }

    @Test(
        "errors name the member",
        arguments: [
            ("{}", "defaultAction"),
            (#"{"defaultAction": "SCMP_ACT_MAYBE"}"#, "defaultAction"),
            (#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": -1}"#, "defaultErrnoRet"),
            (#"{"defaultAction": "SCMP_ACT_ERRNO", "flags": ["FAST"]}"#, "flags[0]"),
            (#"{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["VAX"]}"#, "architectures[0]"),
            (
                #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_ALLOW"}, {"names": ["b"], "action": "NO"}]}"#,
                "syscalls[1].action"
            ),
            (#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"action": "SCMP_ACT_ALLOW"}]}"#, "syscalls[0].names"),
            (
                #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"name": "a", "names": ["b"], "action": "SCMP_ACT_ALLOW"}]}"#,
                "syscalls[0].name"
            ),
            (
                #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "=="}]}]}"#,
                "syscalls[0].args[0].op"
            ),
            (
                #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMN"]}}]}"#,
                "syscalls[0].includes.caps[0]"
            ),
            (
                #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_ALLOW", "excludes": {"minKernel": "new"}}]}"#,
                "syscalls[0].excludes.minKernel"
            ),
            (
                #"{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86"], "archMap": [{"architecture": "SCMP_ARCH_X86_64"}]}"#,
                "archMap"
            ),
            (#"{"defaultAction": "SCMP_ACT_ERRNO", "archMap": [{"subArchitectures": []}]}"#, "archMap[0].architecture"),
        ])
    func errors(text: String, member: String) throws {
        let error = #expect(throws: SeccompError.self) { try load(text) }
        guard case .invalidMember(let path, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path == member)
    }

    @Test("what is no JSON is told so, with the place", arguments: ["", "{", "{\"defaultAction\": }"])
    func notJSON(text: String) {
        let error = #expect(throws: SeccompError.self) { try load(text) }
        guard case .notJSON(let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("line 1"))
    }

    @Test("what only the compiler sees is an error that names the rule")
    func compilerErrors() throws {
        func failure(_ syscalls: [Seccomp.Syscall], defaultErrnoRet: UInt32? = nil) -> String? {
            let profile = Seccomp(defaultAction: .errno, defaultErrnoRet: defaultErrnoRet, syscalls: syscalls)
            return #expect(throws: SeccompError.self) { try SeccompCompiler.compile(profile) }?.description
        }
        let condition = Seccomp.Argument(index: 0, value: 1, op: .equal)
        #expect(failure([], defaultErrnoRet: 4096)?.contains("defaultErrnoRet: 4096") == true)
        #expect(
            failure([Seccomp.Syscall(names: ["read"], action: .allow, errnoRet: 1)])?
                .contains("syscalls[0].errnoRet: SCMP_ACT_ALLOW") == true)
        #expect(
            failure([
                Seccomp.Syscall(names: ["read"], action: .allow, args: [.init(index: 6, value: 0, op: .equal)])
            ])?.contains("syscalls[0].args[0].index: 6") == true)
        #expect(failure([Seccomp.Syscall(names: ["read", ""], action: .allow)])?.contains("names[1]") == true)
        #expect(
            failure([
                Seccomp.Syscall(names: ["read"], action: .allow, args: [condition]),
                Seccomp.Syscall(names: ["read"], action: .trap, args: [condition]),
            ])?.contains("syscalls[1]: contradicts an earlier rule for read") == true)
        #expect(
            failure(
                (0..<4200).map {
                    Seccomp.Syscall(names: ["ioctl"], action: .allow, args: [.init(index: 1, value: $0, op: .equal)])
                })?.contains("4200 different rules with conditions, and a BPF program has at most 4096") == true)
        #expect(
            failure(
                (0..<2000).map { (value: UInt64) in
                    let second = Seccomp.Argument(index: 2, value: value, op: .equal)
                    return Seccomp.Syscall(
                        names: ["ioctl"], action: .allow, args: [.init(index: 1, value: value, op: .equal), second])
                })?.contains("instructions, and a BPF program has at most 4096") == true)
    }

    @Test("unknown system calls are skipped and reported; those of other processors only skipped")
    func unknownSyscalls() throws {
        let filter = try SeccompCompiler.compile(
            Seccomp(
                defaultAction: .errno,
                syscalls: [
                    Seccomp.Syscall(
                        names: ["read", "frobnicate", "riscv_hwprobe", "breakpoint", "waitpid"], action: .allow),
                    Seccomp.Syscall(names: ["teleport", "frobnicate"], action: .log),
                ]))
        #expect(filter.unknownSyscalls == ["frobnicate", "teleport"])
    }

    @Test("a profile that asks a listener says so")
    func listener() throws {
        let profile = Seccomp(
            defaultAction: .allow, syscalls: [Seccomp.Syscall(names: ["mount"], action: .notify)])
        #expect(try SeccompCompiler.compile(profile).needsListener)
    }

    @Test("kernel versions are read and ordered")
    func kernelVersions() {
        #expect(KernelVersion("6.12.9-amd64") == KernelVersion(6, 12))
        #expect(KernelVersion("4.8") == KernelVersion(4, 8))
        #expect(KernelVersion("5.10-rc1") == KernelVersion(5, 10))
        for text in ["", "6", "a.b", "6x.1", ".5", "6.", "-1.2"] { #expect(KernelVersion(text) == nil) }
        #expect(KernelVersion(4, 18) > KernelVersion(4, 8))
        #expect(KernelVersion(5, 0) > KernelVersion(4, 20))
        #expect(KernelVersion.running() >= KernelVersion(5, 6))
    }
}

@Suite("The prologue on ARM") struct SeccompPrologueTests {
    @Test("newer calls, recent calls and ARM's own block of numbers")
    func arm() throws {
        let mseal = SeccompRule(syscall: "mseal", action: .allow, conditions: [], index: 0)
        let prologue = SeccompPrologue(
            interfaces: [
                .init(architecture: .aarch64, numbers: [63, 64, 462], rules: [462: [mseal]]),
                .init(architecture: .arm, numbers: [3, 4, 462, 0xf0005], rules: [462: [mseal]]),
            ], refusesNewer: true)
        var program = FilterProgram()
        program.instructions = prologue.instructions + [.answer(.trap)]
        let machine = try #require(FilterInterpreter(program.bytes))
        func answer(_ architecture: SeccompArchitecture, _ number: UInt32) -> UInt32 {
            machine.answer(to: .init(number: number, architecture: architecture.auditToken)).action
        }
        let (further, missing, allowed) = (UInt32(0x3_0000), UInt32(0x5_0026), UInt32(0x7fff_0000))
        #expect([0, 63, 461].allSatisfy { answer(.aarch64, $0) == further })
        #expect(answer(.aarch64, 462) == allowed)
        #expect([463, 0xf0005, .max].allSatisfy { answer(.aarch64, $0) == missing })
        #expect([0, 461, 0xf0000, 0xf0005].allSatisfy { answer(.arm, $0) == further })
        #expect(answer(.arm, 462) == allowed)
        #expect([463, 0xeffff, 0xf0006, .max].allSatisfy { answer(.arm, $0) == missing })
        #expect(answer(.x86_64, 462) == further)
    }

    @Test("the recent calls' numbers are distinct on each ABI")
    func recentNumbers() {
        #expect(RecentSyscalls.number(of: "uretprobe", on: .x86_64) == 335)
        #expect(RecentSyscalls.number(of: "uretprobe", on: .x86) == nil)
        #expect(RecentSyscalls.number(of: "map_shadow_stack", on: .x32) == nil)
        #expect(RecentSyscalls.contains("riscv_hwprobe"))
        #expect(!RecentSyscalls.contains("read"))
    }
}
