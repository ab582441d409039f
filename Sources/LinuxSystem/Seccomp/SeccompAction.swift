internal import OCISpec

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

    /// The action of an OCI configuration.
    ///
    /// `errnoRet` counts for `errno` and `trace`, where 1 (EPERM) is the default, and is refused elsewhere, as the
    /// runtime specification demands.
    /// - Throws: `SeccompError.invalidMember`, naming `path`, the member that holds `errnoRet`.
    init(
        _ action: RuntimeSpecification.Linux.Seccomp.Action, errnoRet: UInt32?, path: @autoclosure () -> String
    ) throws(SeccompError) {
        switch action {
        case .errno:
            let number = errnoRet ?? 1
            // MAX_ERRNO of the kernel: larger numbers would look like addresses to the caller.
            guard number <= 4095 else {
                throw .invalidMember(path: path(), reason: "\(number) is no error number; the largest is 4095")
            }
            self = .errno(Int32(number))
            return
        case .trace:
            guard let message = UInt16(exactly: errnoRet ?? 1) else {
                throw .invalidMember(path: path(), reason: "a tracer's message may not exceed 65535")
            }
            self = .trace(message)
            return
        case .allow: self = .allow
        case .kill, .killThread: self = .killThread
        case .killProcess: self = .killProcess
        case .trap: self = .trap
        case .log: self = .log
        case .notify: self = .notify
        }
        guard errnoRet == nil else {
            throw .invalidMember(
                path: path(), reason: "\(action.rawValue) returns no error number; remove the member")
        }
    }

    private init(rawValue: UInt32) {
        self.rawValue = rawValue
    }
}
