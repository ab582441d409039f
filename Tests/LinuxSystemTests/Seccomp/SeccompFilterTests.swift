import Glibc
import OCISpec
import Testing

@testable import LinuxSystem

#if arch(x86_64)
    /// Compiled filters, run by an interpreter, against the meaning of their profiles.
    @Suite("Compiled filters mean what their profiles say") struct SeccompFilterTests {
        typealias Seccomp = RuntimeSpecification.Linux.Seccomp

        static let architectures: [SeccompArchitecture] = [.x86_64, .x86, .x32]
        static let capabilitySets: [CapabilitySet] = [
            .none, .containerDefault, CapabilitySet(mask: .max), [.sysAdmin], [.sysPtrace, .sysTime, .sysNice],
            [.bpf, .perfmon, .syslog, .dacReadSearch, .sysRawIO, .sysTTYConfig, .sysPacct, .sysModule, .sysBoot],
        ]

        private func call(
            _ architecture: SeccompArchitecture, _ number: UInt32, _ arguments: [UInt64] = []
        ) -> FilterInterpreter.Call {
            FilterInterpreter.Call(
                number: number | architecture.numberBias, architecture: architecture.auditToken, arguments: arguments)
        }

        /// Compares every number, and these arguments of every call that has rules about arguments.
        private func compare(_ profile: Seccomp, arguments: [[UInt64]]) throws {
            let machine = try #require(FilterInterpreter(SeccompCompiler.compile(profile).program))
            let oracle = try ProfileOracle(profile)
            let conditional = Set(profile.syscalls.filter { !$0.args.isEmpty }.flatMap(\.names))
            let tables = try ProfileOracle.kernelTables.get()
            for architecture in Self.architectures {
                for number in UInt32(0)...600 {
                    let isConditional = tables[architecture]?[number].map(conditional.contains) ?? false
                    for argument in isConditional ? arguments : [[]] {
                        let (found, _) = machine.answer(to: call(architecture, number, argument))
                        let expected = oracle.answer(architecture, number, argument)
                        guard found != expected else { continue }
                        let name = tables[architecture]?[number] ?? "?"
                        Issue.record(
                            """
                            \(architecture) \(number) \(name)\(argument): \(String(found, radix: 16)), \
                            expected \(String(expected, radix: 16))
                            """)
                    }
                }
            }
        }

        @Test("the default profile, every number on every ABI", arguments: capabilitySets)
        func defaultProfile(capabilities: CapabilitySet) throws {
            let flags: [UInt64] = [
                0x11, 0x3d_0f00, 0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
            ]
            let values = (0...64).map { [UInt64($0)] } + flags.map { [$0] } + [[0xffff_ffff], [0x2_0008], [0x4_0000]]
            for kernel in [KernelVersion(4, 7), KernelVersion(6, 1)] {
                try compare(SeccompProfile.default(capabilities: capabilities, kernel: kernel), arguments: values)
            }
        }

        @Test("known answers of the default profile")
        func knownAnswers() throws {
            let filter = try SeccompCompiler.compile(SeccompProfile.default(capabilities: .containerDefault))
            #expect(filter.unknownSyscalls.isEmpty)
            #expect(!filter.needsListener)
            #expect(filter.flags == 4)
            let machine = try #require(FilterInterpreter(filter.program))
            func answer(_ architecture: SeccompArchitecture, _ number: UInt32, _ arguments: UInt64...) -> UInt32 {
                machine.answer(to: call(architecture, number, arguments)).action
            }
            let allowed: UInt32 = 0x7fff_0000
            let denied: UInt32 = 0x5_0001
            let missing: UInt32 = 0x5_0026
            #expect(answer(.x86_64, 0) == allowed)  // read
            #expect(answer(.x86_64, 165) == denied)  // mount
            #expect(answer(.x86, 21) == denied)  // mount
            #expect(answer(.x32, 165) == denied)
            #expect(answer(.x86_64, 435) == missing)  // clone3
            #expect(answer(.x86, 435) == missing)
            #expect(answer(.x32, 435) == missing)
            #expect(answer(.x86_64, 56, 0x1000_0000) == denied)  // clone, CLONE_NEWUSER
            #expect(answer(.x86, 120, 0x1000_0000) == denied)
            #expect(answer(.x86_64, 56, 0x11) == allowed)
            #expect(answer(.x86_64, 41, 40) == denied)  // socket, AF_VSOCK
            #expect(answer(.x86, 359, 40) == denied)
            #expect(answer(.x32, 41, 40) == denied)
            #expect(answer(.x86_64, 41, 38) == denied)  // AF_ALG
            #expect(answer(.x86_64, 41, 2) == allowed)
            #expect(answer(.x86_64, 41, 0x1_0000_0028) == denied)
            #expect(answer(.x86_64, 101) == allowed)  // ptrace
            #expect(answer(.x86_64, 425) == denied)  // io_uring_setup
            #expect(answer(.x86_64, 246) == denied)  // kexec_load
            #expect(answer(.x86_64, 459) == denied)  // lsm_get_self_attr, older than the newest that is allowed
            #expect(answer(.x86_64, 462) == allowed)  // mseal
            #expect(answer(.x86_64, 335) == allowed)  // uretprobe
            for number: UInt32 in [467, 500, 600, 1 << 20, 0x3fff_ffff] { #expect(answer(.x86_64, number) == missing) }
            for number: UInt32 in [467, 511, 600, 1 << 20] { #expect(answer(.x32, number) == missing) }
            for number: UInt32 in [467, 600, 0x4000_0000, .max] { #expect(answer(.x86, number) == missing) }
            // syscall(-1), which the kernel itself answers with ENOSYS.
            #expect(answer(.x86_64, .max) == missing)
            // An ABI that no x86 machine has.
            #expect(machine.answer(to: call(.aarch64, 0)).action == 0)
        }

        @Test("an ABI that the profile does not list is closed, whatever the number")
        func unlistedABIs() throws {
            let profile = Seccomp(
                defaultAction: .errno, architectures: [.x86_64, .aarch64, .s390x],
                syscalls: [Seccomp.Syscall(names: ["read", "mseal"], action: .allow)])
            let machine = try #require(FilterInterpreter(SeccompCompiler.compile(profile).program))
            #expect(machine.answer(to: call(.x86_64, 0)).action == 0x7fff_0000)
            for number: UInt32 in [0, 3, 462, 600] {
                #expect(machine.answer(to: call(.x86, number)).action == 0)
                #expect(machine.answer(to: call(.x32, number)).action == 0)
                #expect(machine.answer(to: call(.aarch64, number)).action == 0)
            }
        }

        @Test("socket and System V IPC calls of i386 are not taken for newer ones")
        func multiplexedCalls() throws {
            let profile = Seccomp(
                defaultAction: .errno, architectures: [.x86],
                syscalls: [Seccomp.Syscall(names: ["read", "socket", "shmget"], action: .allow)])
            let machine = try #require(FilterInterpreter(SeccompCompiler.compile(profile).program))
            #expect(machine.answer(to: call(.x86, 359)).action == 0x7fff_0000)
            #expect(machine.answer(to: call(.x86, 102, [1])).action == 0x7fff_0000)
            #expect(machine.answer(to: call(.x86, 102, [2])).action == 0x5_0001)
            #expect(machine.answer(to: call(.x86, 395)).action == 0x7fff_0000)
            #expect(machine.answer(to: call(.x86, 450)).action == 0x5_0026)
        }

        @Test("all of socketcall beside rules for some sockets, as in Podman's profile")
        func multiplexer() throws {
            let other = Seccomp.Argument(index: 0, value: 16, op: .notEqual)
            let quiet = Seccomp.Argument(index: 2, value: 9, op: .notEqual)
            let audit = [Seccomp.Argument(index: 0, value: 16, op: .equal), .init(index: 2, value: 9, op: .equal)]
            let profile = Seccomp(
                defaultAction: .errno, architectures: [.x86_64, .x86, .x32],
                syscalls: [
                    Seccomp.Syscall(names: ["socketcall"], action: .allow),
                    Seccomp.Syscall(names: ["socket"], action: .errno, errnoRet: 22, args: audit),
                    Seccomp.Syscall(names: ["socket"], action: .allow, args: [quiet]),
                    Seccomp.Syscall(names: ["socket"], action: .allow, args: [other]),
                ])
            let machine = try #require(FilterInterpreter(SeccompCompiler.compile(profile).program))
            #expect(machine.answer(to: call(.x86_64, 41, [16, 3, 9])).action == 0x5_0016)
            #expect(machine.answer(to: call(.x86_64, 41, [16, 3, 0])).action == 0x7fff_0000)
            #expect(machine.answer(to: call(.x86_64, 41, [2, 1, 9])).action == 0x7fff_0000)
            #expect(machine.answer(to: call(.x86, 102, [1])).action == 0x7fff_0000)
            #expect(machine.answer(to: call(.x86, 102, [2])).action == 0x7fff_0000)
        }

        @Test("every default action, with newer calls answered by ENOSYS only where calls are refused")
        func defaultActions() throws {
            for action in Seccomp.Action.allCases {
                let other: Seccomp.Action = action == .allow ? .errno : .allow
                let profile = Seccomp(
                    defaultAction: action, architectures: [.x86_64, .x86, .x32],
                    syscalls: [Seccomp.Syscall(names: ["getpid", "mkdir", "mseal", "statmount"], action: other)])
                try compare(profile, arguments: [[]])
            }
        }

        @Test("random profiles with conditions on arguments", arguments: 1...40 as ClosedRange<UInt64>)
        func randomProfiles(seed: UInt64) throws {
            var generator = Generator(state: seed)
            // Calls that exist on all three ABIs and are not multiplexed; half of them unknown to libseccomp 2.5.4.
            let names = [
                "read", "ioctl", "prctl", "madvise", "openat2", "getrandom", "statmount", "listmount", "mseal",
                "setxattrat", "getxattrat", "open_tree_attr", "listns",
            ]
            let values: [UInt64] = [0, 1, 7, 8, 0xff, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff]
            let actions: [Seccomp.Action] = [.allow, .errno, .trap, .killProcess, .log, .trace]
            let defaults = actions.randomElement(using: &generator) ?? .errno
            var profile = Seccomp(defaultAction: defaults, architectures: [.x86_64, .x86, .x32])
            for name in names.shuffled(using: &generator).prefix(8) {
                // One action for each call: libseccomp has no order among overlapping rules.
                let action = actions.randomElement(using: &generator) ?? .allow
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let count = Int.random(in: 0...3, using: &generator)
                    let repeats = Bool.random(using: &generator)
                    let indices = [UInt32(0), 1, 2].shuffled(using: &generator)
                    profile.syscalls.append(
                        Seccomp.Syscall(
                            names: [name], action: action,
                            args: (0..<count).map { index in
                                let op = Seccomp.Comparison.allCases.randomElement(using: &generator) ?? .equal
                                let value = values.randomElement(using: &generator) ?? 0
                                let two = values.randomElement(using: &generator) ?? 0
                                return Seccomp.Argument(
                                    index: indices[repeats ? 0 : index], value: value,
                                    valueTwo: op == .maskedEqual ? two & value : 0, op: op)
                            }))
                }
            }
            let arguments = (0..<60).map { _ in (0..<3).map { _ in values.randomElement(using: &generator) ?? 0 } }
            try compare(profile, arguments: arguments)
        }

        @Test("conditions compare 64 bits", arguments: Seccomp.Comparison.allCases)
        func wideConditions(op: Seccomp.Comparison) throws {
            let edges: [UInt64] = [
                0, 1, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0001, 0x1_ffff_ffff, 0x2_0000_0000, .max - 1, .max,
            ]
            for value in edges {
                let argument = Seccomp.Argument(
                    index: 5, value: value, valueTwo: op == .maskedEqual ? value & 0x1_0000_0001 : 0, op: op)
                let profile = Seccomp(
                    defaultAction: .errno,
                    syscalls: [Seccomp.Syscall(names: ["ioctl", "mseal"], action: .allow, args: [argument])])
                let machine = try #require(FilterInterpreter(SeccompCompiler.compile(profile).program))
                let oracle = try ProfileOracle(profile)
                for number: UInt32 in [16, 462] {
                    for edge in edges {
                        let arguments = [0, 0, 0, 0, 0, edge]
                        #expect(
                            machine.answer(to: call(.x86_64, number, arguments)).action
                                == oracle.answer(.x86_64, number, arguments), "\(number) \(op) \(value) \(edge)")
                    }
                }
            }
        }

        @Test("a common call costs few instructions")
        func steps() throws {
            let program = try SeccompCompiler.compile(SeccompProfile.default(capabilities: .containerDefault)).program
            let machine = try #require(FilterInterpreter(program))
            #expect(machine.answer(to: call(.x86_64, 0)).steps < 40)
            #expect(machine.answer(to: call(.x86_64, 202)).steps < 40)
            #expect(machine.answer(to: call(.x86, 3)).steps < 40)
        }
    }

    /// SplitMix64: the same profiles at every run.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
            return value ^ value >> 31
        }
    }
#endif
