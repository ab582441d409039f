/// Why a seccomp profile cannot be used.
public enum SeccompError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A member of the profile has no valid value: its path (`syscalls[3].action`) and what is wrong with it.
    case invalidMember(path: String, reason: String)
    /// The profile is no JSON.
    case notJSON(reason: String)
    /// A rule contradicts an earlier one for the same system call and the same arguments.
    case conflictingRule(path: String, syscall: String)
    /// libseccomp refused a step of the compilation.
    case library(step: String, object: String, errno: Errno)
    /// The compiled filter has more instructions than the kernel takes (`BPF_MAXINSNS`, 4,096).
    case tooLong(instructions: Int)
    /// The profile has more rules with conditions than a filter has room for, whatever they compile to.
    case tooManyRules(count: Int)
    /// The compiled filter could not be read back.
    case system(SystemError)

    /// One line: what failed, on what, why, and what to do.
    public var description: String {
        switch self {
        case .invalidMember(let path, let reason): "seccomp profile: \(path): \(reason)"
        case .notJSON(let reason): "seccomp profile is not valid JSON: \(reason)"
        case .conflictingRule(let path, let syscall):
            "seccomp profile: \(path): contradicts an earlier rule for \(syscall) with the same arguments; remove one"
        case .library(let step, let object, let errno):
            "seccomp profile: libseccomp cannot \(step) \(object): \(errno.meaning) (\(errno.symbol))"
        case .tooLong(let instructions):
            "seccomp profile compiles to \(instructions) instructions, and a BPF program has at most "
                + "\(FilterProgram.longest): remove architectures or rules"
        case .tooManyRules(let count):
            "seccomp profile has \(count) different rules with conditions, and a BPF program has at most "
                + "\(FilterProgram.longest) instructions: each such rule takes one or more; drop rules, or let one with fewer "
                + "conditions stand for many"
        case .system(let error): "seccomp profile: \(error)"
        }
    }
}
