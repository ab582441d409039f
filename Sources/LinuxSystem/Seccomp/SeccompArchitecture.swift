/// A system call ABI that a machine of one of Nestbox's two families can run, by its OCI name.
public enum SeccompArchitecture: String, Sendable, CaseIterable {
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
        public static let native = SeccompArchitecture.x86_64
        /// The other ABIs that the same processor and kernel can run.
        public static let compatible: [SeccompArchitecture] = [.x86, .x32]
    #elseif arch(arm64)
        /// The ABI that this program itself uses.
        public static let native = SeccompArchitecture.aarch64
        /// The other ABIs that the same processor and kernel can run.
        public static let compatible: [SeccompArchitecture] = [.arm]
    #endif

    /// What Docker's profiles call the native ABI in `includes` and `excludes` (the Go name).
    static var nativeDockerName: String { native == .x86_64 ? "amd64" : "arm64" }

    /// Every name that runtime-spec 1.3 lists and that this machine's processor cannot run: valid, and ignored.
    static let foreignNames: Set<String> = [
        "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64",
        "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390",
        "SCMP_ARCH_S390X", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64",
        "SCMP_ARCH_M68K", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB",
    ]

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
