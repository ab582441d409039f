internal import OCISpec

/// A system call ABI that a machine of one of Nestbox's two families can run, by its OCI name.
enum SeccompArchitecture: String, Sendable, CaseIterable {
    /// 64-bit x86.
    case x86_64 = "SCMP_ARCH_X86_64"
    /// 32-bit x86, entered by `int 0x80`.
    case x86 = "SCMP_ARCH_X86"
    /// 32-bit pointers in 64-bit mode: x86_64's audit token, and bit 30 set in the number.
    case x32 = "SCMP_ARCH_X32"
    /// 64-bit ARM.
    case aarch64 = "SCMP_ARCH_AARCH64"
    /// 32-bit ARM (EABI).
    case arm = "SCMP_ARCH_ARM"

    #if arch(x86_64)
        /// The ABI that this program itself uses.
        static let native = SeccompArchitecture.x86_64
        /// The other ABIs that the same processor and kernel can run.
        static let compatible: [SeccompArchitecture] = [.x86, .x32]
    #elseif arch(arm64)
        /// The ABI that this program itself uses.
        static let native = SeccompArchitecture.aarch64
        /// The other ABIs that the same processor and kernel can run.
        static let compatible: [SeccompArchitecture] = [.arm]
    #endif

    /// What Docker's profiles call the native ABI in `includes` and `excludes` (the Go name).
    static var nativeDockerName: String { native == .x86_64 ? "amd64" : "arm64" }

    /// The same ABI as the OCI configuration names it.
    var specification: RuntimeSpecification.Linux.Seccomp.Architecture {
        switch self {
        case .x86_64: .x86_64
        case .x86: .x86
        case .x32: .x32
        case .aarch64: .aarch64
        case .arm: .arm
        }
    }

    /// The ABIs that a profile is about on this machine: the native one always, others when it lists them.
    ///
    /// Those that this processor cannot run are left out; no process can enter the kernel by them.
    static func listed(in profile: RuntimeSpecification.Linux.Seccomp) -> [SeccompArchitecture] {
        [native] + compatible.filter { profile.architectures.contains($0.specification) }
    }

    /// The token in `seccomp_data.arch` (`AUDIT_ARCH_*` of `linux/audit.h`).
    var auditToken: UInt32 {
        switch self {
        case .x86_64, .x32: 0xc000_003e
        case .x86: 0x4000_0003
        case .aarch64: 0xc000_00b7
        case .arm: 0x4000_0028
        }
    }

    /// The token of libseccomp (`SCMP_ARCH_*`), which has one of its own for x32.
    var libraryToken: UInt32 { self == .x32 ? 0x4000_003e : auditToken }

    /// What is added to the number in `seccomp_data.nr` (`__X32_SYSCALL_BIT`).
    var numberBias: UInt32 { self == .x32 ? Self.x32Bit : 0 }

    /// The bit that tells x32 from x86_64.
    static let x32Bit: UInt32 = 0x4000_0000

    /// Where a block of numbers begins that is apart from the common ones.
    ///
    /// x32 has 512…547, ARM `0x0f0001`…; nil where there is none. New system calls are added below, at the same
    /// number everywhere.
    var specialNumbers: UInt32? {
        switch self {
        case .x32: 512
        case .arm: 0x0f_0000
        default: nil
        }
    }
}
