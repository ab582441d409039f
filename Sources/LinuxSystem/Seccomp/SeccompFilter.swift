internal import OCISpec

/// A compiled system call filter, ready for seccomp(2) with `SECCOMP_SET_MODE_FILTER`.
public struct SeccompFilter: Sendable, Hashable, CustomStringConvertible {
    /// The program: an array of `struct sock_filter`, 8 bytes each, at most 4,096 of them.
    public let program: [UInt8]
    /// The flags for seccomp(2) (`SECCOMP_FILTER_FLAG_*` of `linux/seccomp.h`).
    public let flags: UInt32
    /// Whether a rule hands calls to a listener: the loader has to add `SECCOMP_FILTER_FLAG_NEW_LISTENER` (8) and to
    /// give the descriptor away, otherwise such calls fail with ENOSYS.
    public let needsListener: Bool
    /// Names in the profile that neither libseccomp nor Nestbox knows, for a warning; their rules have no effect.
    public let unknownSyscalls: [String]

    /// The number of instructions, for `struct sock_fprog`.
    public var instructionCount: Int { program.count / FilterProgram.instructionSize }

    /// The size, not the program.
    public var description: String { "filter of \(instructionCount) instructions" }

    init(program: [UInt8], flags: UInt32, needsListener: Bool, unknownSyscalls: [String]) {
        self.program = program
        self.flags = flags
        self.needsListener = needsListener
        self.unknownSyscalls = unknownSyscalls
    }
}

extension SeccompFilter {
    /// The flags of a profile as seccomp(2) takes them.
    ///
    /// Without any, `SPEC_ALLOW`, as runc does: since Linux 5.16 filters leave the speculative store bypass alone anyway,
    /// and before that the mitigation slows the whole container down.
    static func flags(of profile: RuntimeSpecification.Linux.Seccomp) -> UInt32 {
        guard !profile.flags.isEmpty else { return 1 << 2 }
        return profile.flags.reduce(0) { flags, flag in
            switch flag {
            case .threadSync: flags | 1 << 0
            case .log: flags | 1 << 1
            case .speculationAllowed: flags | 1 << 2
            case .waitKillable: flags | 1 << 5
            }
        }
    }
}
