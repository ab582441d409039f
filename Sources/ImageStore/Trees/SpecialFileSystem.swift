internal import CLinux
internal import Glibc

/// File systems whose files are the kernel's own words: reading them may do something, and none of them is a container's.
enum SpecialFileSystem {
    /// Magic numbers of linux/magic.h.
    private static let magics: Set<UInt32> = [
        0x9fa0,  // procfs
        0x6265_6572,  // sysfs
        0x0027_e0eb,  // cgroup
        0x6367_7270,  // cgroup2
        0x6462_6720,  // debugfs
        0x7472_6163,  // tracefs
        0x7363_6673,  // securityfs
        0xcafe_4a11,  // bpf
        0x1cd1,  // devpts
        0x1980_0202,  // mqueue
        0x6e73_6673,  // nsfs
        0x6265_6570,  // configfs
        0x6165_676c,  // pstore
        0xde5e_81e4,  // efivarfs
        0x4249_4e4d,  // binfmt_misc
        0xf97c_ff8c,  // selinuxfs
        0x0187,  // autofs
    ]

    /// Whether an open file, or one opened with O_PATH, lies on one of them.
    static func has(_ descriptor: Int32) -> Bool {
        // The importer hides the C library's structure: f_type is the first of its fifteen words.
        var status = [Int](repeating: 0, count: 15)
        let result = status.withUnsafeMutableBytes {
            nb_syscall6(Int(SYS_fstatfs), Int(descriptor), Int(bitPattern: $0.baseAddress), 0, 0, 0, 0)
        }
        return result == 0 && magics.contains(UInt32(truncatingIfNeeded: status[0]))
    }
}
