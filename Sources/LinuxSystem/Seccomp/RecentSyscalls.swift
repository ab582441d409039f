/// System calls that libseccomp 2.5.4 has no name for, by their numbers in the kernel's tables up to Linux 7.0.
///
/// Since number 424 every ABI gives a new call the same number (`scripts/syscall.tbl`, `arch/*/syscalls/*.tbl`).
enum RecentSyscalls {
    /// Calls at the same number on all five ABIs.
    private static let common: [String: UInt32] = [
        "futex_waitv": 449, "set_mempolicy_home_node": 450, "cachestat": 451, "fchmodat2": 452, "futex_wake": 454,
        "futex_wait": 455, "futex_requeue": 456, "statmount": 457, "listmount": 458, "lsm_get_self_attr": 459,
        "lsm_set_self_attr": 460, "lsm_list_modules": 461, "mseal": 462, "setxattrat": 463, "getxattrat": 464,
        "listxattrat": 465, "removexattrat": 466, "open_tree_attr": 467, "file_getattr": 468, "file_setattr": 469,
        "listns": 470, "rseq_slice_yield": 471,
    ]

    /// Calls that only some ABIs have.
    private static let partial: [String: [SeccompArchitecture: UInt32]] = [
        "map_shadow_stack": [.x86_64: 453, .x86: 453, .aarch64: 453, .arm: 453],
        "uretprobe": [.x86_64: 335],
        "uprobe": [.x86_64: 336],
        // Of other processors, but written in profiles for all.
        "riscv_hwprobe": [:],
        "riscv_flush_icache": [:],
    ]

    /// Whether the name is in the table.
    static func contains(_ name: String) -> Bool {
        common[name] != nil || partial[name] != nil
    }

    /// The number without the ABI's bias; nil when that ABI has no such call.
    static func number(of name: String, on architecture: SeccompArchitecture) -> UInt32? {
        common[name] ?? partial[name]?[architecture]
    }
}
