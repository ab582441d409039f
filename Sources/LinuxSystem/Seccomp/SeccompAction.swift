/// What the kernel does with a matching system call, as the number that a filter returns (`linux/seccomp.h`).
///
/// libseccomp's `SCMP_ACT_*` are the same numbers.
struct SeccompAction: Hashable, Sendable {
    let rawValue: UInt32

    static let killProcess = SeccompAction(rawValue: 0x8000_0000)
    static let killThread = SeccompAction(rawValue: 0x0000_0000)
    static let trap = SeccompAction(rawValue: 0x0003_0000)
    static let notify = SeccompAction(rawValue: 0x7fc0_0000)
    static let log = SeccompAction(rawValue: 0x7ffc_0000)
    static let allow = SeccompAction(rawValue: 0x7fff_0000)

    static func errno(_ number: Int32) -> SeccompAction { SeccompAction(rawValue: 0x0005_0000 | UInt32(number)) }
    static func trace(_ message: UInt16) -> SeccompAction { SeccompAction(rawValue: 0x7ff0_0000 | UInt32(message)) }

    /// Whether a call that no rule names is let through, or handed to somebody who decides.
    ///
    /// A tracer or listener answers calls that it does not know by itself.
    var isPermissive: Bool {
        switch rawValue & 0xffff_0000 {
        case 0x7fff_0000, 0x7ffc_0000, 0x7ff0_0000, 0x7fc0_0000: true
        default: false
        }
    }

    /// The action of an OCI name; `errnoRet` counts for `SCMP_ACT_ERRNO` and `SCMP_ACT_TRACE`, where 1 (EPERM) is the
    /// default, and is refused elsewhere as the runtime specification demands.
    ///
    /// - Throws: `SeccompError.invalidMember`, naming `path` or `errnoPath`.
    init(name: String, errnoRet: UInt32?, path: String, errnoPath: String) throws(SeccompError) {
        switch name {
        case "SCMP_ACT_ERRNO":
            let number = errnoRet ?? 1
            // MAX_ERRNO of the kernel: larger numbers would look like addresses to the caller.
            guard number <= 4095 else {
                throw .invalidMember(path: errnoPath, reason: "\(number) is no error number; the largest is 4095")
            }
            self = .errno(Int32(number))
            return
        case "SCMP_ACT_TRACE":
            guard let message = UInt16(exactly: errnoRet ?? 1) else {
                throw .invalidMember(path: errnoPath, reason: "a tracer's message may not exceed 65535")
            }
            self = .trace(message)
            return
        case "SCMP_ACT_ALLOW": self = .allow
        case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD": self = .killThread
        case "SCMP_ACT_KILL_PROCESS": self = .killProcess
        case "SCMP_ACT_TRAP": self = .trap
        case "SCMP_ACT_LOG": self = .log
        case "SCMP_ACT_NOTIFY": self = .notify
        default:
            throw .invalidMember(
                path: path,
                reason: "unknown action \"\(name)\"; known are SCMP_ACT_ALLOW, ERRNO, KILL, KILL_PROCESS, KILL_THREAD, "
                    + "TRAP, TRACE, LOG and NOTIFY")
        }
        guard errnoRet == nil else {
            throw .invalidMember(path: errnoPath, reason: "\(name) returns no error number; remove the member")
        }
    }

    private init(rawValue: UInt32) {
        self.rawValue = rawValue
    }
}
