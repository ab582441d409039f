internal import CLinux
internal import CSeccomp
internal import Glibc
public import OCISpec

/// Turns profiles into filters by way of libseccomp.
public enum SeccompCompiler {
    /// Names the way from profile to program in cache keys.
    ///
    /// It rises with every change of what a profile compiles to, the tables of system calls included.
    static let version: UInt32 = 3

    /// Compiles a profile for this machine: the native ABI and those of its other ABIs that the profile lists.
    ///
    /// Takes some milliseconds; ``SeccompCache`` spares them. A call by an ABI that is not listed kills the thread.
    /// - Throws: `SeccompError`.
    public static func compile(_ profile: RuntimeSpecification.Linux.Seccomp) throws(SeccompError) -> SeccompFilter {
        let defaultAction = try SeccompAction(
            profile.defaultAction, errnoRet: profile.defaultErrnoRet, path: "defaultErrnoRet")
        let rules = SeccompRule.distinct(try SeccompRule.rules(of: profile))
        let architectures = SeccompArchitecture.listed(in: profile)
        let names = SyscallNames(rules, architectures, defaultAction)
        // libseccomp takes a copy of all rules for each one that is added: the time would grow with their number's square.
        let decided = Set(rules.filter(\.conditions.isEmpty).map(\.syscall))
        let count = rules.count {
            $0.action != defaultAction && !decided.contains($0.syscall) && names.isKnown($0.syscall)
        }
        guard count <= FilterProgram.longest else { throw .tooManyRules(count: count) }

        var program = FilterProgram()
        program.instructions = prologue(rules, names, architectures, defaultAction).instructions
        let bytes = try program.bytes + libraryProgram(rules, names, architectures, defaultAction)
        let length = bytes.count / FilterProgram.instructionSize
        guard length <= FilterProgram.longest else { throw .tooLong(instructions: length) }
        return SeccompFilter(
            program: bytes, flags: SeccompFilter.flags(of: profile),
            needsListener: profile.defaultAction == .notify || profile.syscalls.contains { $0.action == .notify },
            unknownSyscalls: names.unknown)
    }

    /// The rules' names by who turns them into instructions.
    private struct SyscallNames {
        /// libseccomp's numbers: native ones, or its negative ones for calls of other ABIs.
        var library: [String: Int32] = [:]
        /// Those of the prologue.
        var own: Set<String> = []
        /// In the profile's order.
        var unknown: [String] = []

        /// Whether the calls of that name get instructions.
        func isKnown(_ name: String) -> Bool { library[name] != nil || own.contains(name) }

        init(_ rules: [SeccompRule], _ architectures: [SeccompArchitecture], _ defaultAction: SeccompAction) {
            let effective = rules.filter { $0.action != defaultAction }
            let intricate = Self.intricateNames(effective)
            let unconditional = Set(effective.filter(\.conditions.isEmpty).map(\.syscall))
            var seen: Set<String> = []
            for rule in rules where seen.insert(rule.syscall).inserted {
                let number = seccomp_syscall_resolve_name(rule.syscall)
                if number == __NR_SCMP_ERROR {
                    if RecentSyscalls.contains(rule.syscall) {
                        own.insert(rule.syscall)
                    } else {
                        unknown.append(rule.syscall)
                    }
                } else if intricate.contains(rule.syscall) || unconditional.contains(rule.syscall),
                    !architectures.contains(where: { isMultiplexed(rule.syscall, on: $0) })
                {
                    own.insert(rule.syscall)
                } else {
                    library[rule.syscall] = number
                }
            }
        }

        /// Calls with several conditional rules, one of which has several conditions.
        ///
        /// libseccomp 2.5 joins such rules in one tree of comparisons, where a rule whose later condition fails can hide
        /// another that holds: with a refusing rule that would let a call through.
        private static func intricateNames(_ rules: [SeccompRule]) -> Set<String> {
            Set(
                Dictionary(grouping: rules, by: \.syscall).filter { _, rules in
                    rules.count > 1 && rules.contains { $0.conditions.count > 1 }
                        && rules.allSatisfy { !$0.conditions.isEmpty }
                }.keys)
        }
    }

    private static func prologue(
        _ rules: [SeccompRule], _ names: SyscallNames, _ architectures: [SeccompArchitecture],
        _ defaultAction: SeccompAction
    ) -> SeccompPrologue {
        let interfaces = architectures.map { architecture in
            var interface = SeccompPrologue.Interface(architecture: architecture)
            for name in names.library.keys {
                guard let number = number(of: name, on: architecture) else { continue }
                interface.numbers.insert(number)
            }
            for rule in rules where names.own.contains(rule.syscall) {
                guard let number = number(of: rule.syscall, on: architecture) else { continue }
                interface.numbers.insert(number)
                if rule.action != defaultAction { interface.rules[number, default: []].append(rule) }
            }
            return interface
        }
        return SeccompPrologue(
            interfaces: interfaces, refusesNewer: !defaultAction.isPermissive && defaultAction != .errno(ENOSYS))
    }

    /// The highest number, without the bias, by which a rule about `name` matches; nil when the ABI has no such call.
    private static func number(of name: String, on architecture: SeccompArchitecture) -> UInt32? {
        switch seccomp_syscall_resolve_name_arch(architecture.libraryToken, name) {
        case let number where number >= 0: UInt32(number) & ~architecture.numberBias
        case __NR_SCMP_ERROR: RecentSyscalls.number(of: name, on: architecture)
        // The direct numbers of the calls that i386 has twice: rules get both.
        case socketCalls where architecture == .x86: 373
        case systemVCalls where architecture == .x86: 402
        default: nil
        }
    }

    /// Whether the call is one of i386's socket and System V IPC calls.
    ///
    /// It has them twice: through socketcall(2) and ipc(2), which is what libseccomp's negative numbers stand for, and
    /// directly at 359…373 and 393…402.
    ///
    /// socketcall(2) and ipc(2) themselves count, too: a rule that allows all of one makes those about its parts void, which
    /// libseccomp else finds contradictory (Podman's profile has both).
    private static func isMultiplexed(_ name: String, on architecture: SeccompArchitecture) -> Bool {
        guard architecture == .x86 else { return false }
        if name == "socketcall" || name == "ipc" { return true }
        let number = seccomp_syscall_resolve_name_arch(architecture.libraryToken, name)
        return socketCalls.contains(number) || systemVCalls.contains(number)
    }

    /// libseccomp's numbers for socket calls that may be multiplexed (`__PNR_sendmmsg`…`__PNR_socket`).
    private static let socketCalls: ClosedRange<Int32> = -120 ... -101
    /// The same for System V IPC (`__PNR_shmctl`…`__PNR_semop`).
    private static let systemVCalls: ClosedRange<Int32> = -224 ... -201

    /// libseccomp's version: the names and numbers that it knows depend on it.
    public static var libraryVersion: (major: UInt32, minor: UInt32, micro: UInt32) {
        seccomp_version().map { ($0.pointee.major, $0.pointee.minor, $0.pointee.micro) } ?? (0, 0, 0)
    }

    /// libseccomp's program for the rules whose names it knows.
    private static func libraryProgram(
        _ rules: [SeccompRule], _ names: SyscallNames, _ architectures: [SeccompArchitecture],
        _ defaultAction: SeccompAction
    ) throws(SeccompError) -> [UInt8] {
        guard let context = seccomp_init(defaultAction.rawValue) else {
            throw .library(step: "begin", object: "a filter", errno: Errno(ENOMEM))
        }
        defer { seccomp_release(context) }
        for architecture in architectures where architecture != .native {
            try check(seccomp_arch_add(context, architecture.libraryToken), "add", architecture.rawValue)
        }
        // A binary tree instead of a chain of comparisons: a few instead of hundreds of instructions for each call.
        // Without it (libseccomp before 2.5) the filter is the same, only slower.
        seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)
        for rule in rules where rule.action != defaultAction {
            guard let number = names.library[rule.syscall] else { continue }
            let conditions = rule.conditions.map { condition in
                scmp_arg_cmp(
                    arg: condition.index, op: operation(condition.op), datum_a: condition.value,
                    datum_b: condition.valueTwo)
            }
            let result = conditions.withUnsafeBufferPointer {
                seccomp_rule_add_array(context, rule.action.rawValue, number, UInt32($0.count), $0.baseAddress)
            }
            if result == -EEXIST { throw .conflictingRule(path: "syscalls[\(rule.index)]", syscall: rule.syscall) }
            try check(result, "add syscalls[\(rule.index)], a rule for", rule.syscall)
        }
        return try export(context)
    }

    private static func export(_ context: scmp_filter_ctx) throws(SeccompError) -> [UInt8] {
        do throws(SystemError) {
            let file = FileDescriptor(
                owning: try checked(nb_memory_file("seccomp"), "make", "a memory file for the compiled filter"))
            let result = seccomp_export_bpf(context, file.rawValue)
            guard result >= 0 else { throw SystemError("export", "the compiled filter", Errno(-result)) }
            try retrying("rewind", "the compiled filter") { lseek(file.rawValue, 0, SEEK_SET) }
            let size = Int(try file.status().st_size)
            // What is too long is only counted.
            guard size <= FilterProgram.longest * FilterProgram.instructionSize else {
                return [UInt8](repeating: 0, count: size)
            }
            return try file.readAll(limit: size)
        } catch {
            throw .system(error)
        }
    }

    private static func check(_ result: Int32, _ step: String, _ object: String) throws(SeccompError) {
        guard result < 0 else { return }
        throw .library(step: step, object: object, errno: Errno(-result))
    }

    private static func operation(_ comparison: RuntimeSpecification.Linux.Seccomp.Comparison) -> scmp_compare {
        switch comparison {
        case .notEqual: SCMP_CMP_NE
        case .less: SCMP_CMP_LT
        case .lessOrEqual: SCMP_CMP_LE
        case .equal: SCMP_CMP_EQ
        case .greaterOrEqual: SCMP_CMP_GE
        case .greater: SCMP_CMP_GT
        case .maskedEqual: SCMP_CMP_MASKED_EQ
        }
    }
}
