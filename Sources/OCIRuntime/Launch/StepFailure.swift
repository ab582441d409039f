internal import CLinux
internal import Glibc
internal import LinuxSystem

/// The text of what a child could not do.
enum StepFailure {
    private static let seccompHint = "; does the seccomp profile deny it?"

    /// A step that failed; `description` reads after "cannot".
    ///
    /// - Parameter makesNamespaces: the step makes namespaces.
    static func step(
        _ description: String, _ outcome: nb_outcome, message: String = "", isFiltered: Bool = false,
        makesNamespaces: Bool = false
    ) -> LaunchError {
        let reason = message.isEmpty ? "" : " [\(message)]"
        switch nb_detail(UInt32(bitPattern: outcome.detail)) {
        case NB_DETAIL_HOOK_STATUS:
            let status = outcome.error
            let end = status & 0x7f == 0 ? "exit status \(status >> 8 & 0xff)" : "signal \(status & 0x7f)"
            return LaunchError("cannot \(description): it ended with \(end)\(reason)")
        case NB_DETAIL_HOOK_TIME:
            return LaunchError("cannot \(description): it took longer than its timeout\(reason)")
        default: break
        }
        let errno = Errno(outcome.error)
        if makesNamespaces, let hint = namespaceHint(errno) {
            return LaunchError("cannot \(description): \(errno.meaning) (\(errno.symbol)); \(hint)")
        }
        return LaunchError(
            "cannot \(description): \(detail(outcome.detail))\(errno.meaning) (\(errno.symbol))\(reason)"
                + (isFiltered ? seccompHint : hint(detail: outcome.detail, errno)))
    }

    /// What to do when namespaces, or a process in them, cannot be made.
    static func namespaceHint(_ errno: Errno) -> String? {
        switch errno {
        case .notPermitted: "run as root, with CAP_SYS_ADMIN"
        case Errno(ENOSPC): "raise the sysctls below user.max_*_namespaces"
        case Errno(EAGAIN): "the limit of processes (RLIMIT_NPROC or the cgroup's pids) is reached"
        case .invalidArgument: "this kernel lacks a namespace kind"
        case Errno(ENODEV): "the cgroup was removed meanwhile"
        case .busy: "the cgroup hands controllers to its sub-cgroups and can hold no process itself"
        default: nil
        }
    }

    /// A program that could not be executed.
    static func execution(of name: String, _ errno: Errno) -> LaunchError {
        if errno == .noSuchFile || errno == .notDirectory {
            // Docker and Podman look for these words when they choose between 126 and 127.
            let reason =
                name.contains("/")
                ? "no such file or directory, or the interpreter that it names is missing (\(errno.symbol))"
                : "executable file not found in $PATH"
            return LaunchError(
                "cannot execute \(name) in the container: \(reason); check the command and the image", exitCode: 127)
        }
        let hint =
            errno == .notImplemented || errno == .notPermitted
            ? seccompHint : "; is it an executable file for this machine?"
        return LaunchError(
            "cannot execute \(name) in the container: \(errno.meaning.lowercased()) (\(errno.symbol))\(hint)",
            exitCode: 126)
    }

    private static func detail(_ detail: Int32) -> String {
        switch nb_detail(UInt32(bitPattern: detail)) {
        case NB_DETAIL_OPEN_TARGET: "opening the target: "
        case NB_DETAIL_MAKE_TARGET: "making the target: "
        case NB_DETAIL_FILE_SYSTEM: "opening the file system: "
        case NB_DETAIL_OPTION: "setting an option: "
        case NB_DETAIL_CREATE: "creating the mount: "
        case NB_DETAIL_ATTACH: "attaching the mount: "
        case NB_DETAIL_CLONE: "cloning the mount: "
        case NB_DETAIL_ATTRIBUTES: "changing the mount: "
        case NB_DETAIL_NOT_A_DIRECTORY: "the target is a symlink or no folder: "
        case NB_DETAIL_OUTSIDE_ROOT: "the folder lies outside the container's root: "
        case NB_DETAIL_PARENT_GONE: "the parent is gone: "
        case NB_DETAIL_NOT_PROCFS: "this is no procfs: "
        case NB_DETAIL_NOT_A_TERMINAL: "this is no terminal of the container: "
        case NB_DETAIL_IN_PROC: "mounts inside /proc are not allowed: "
        default: ""
        }
    }

    private static func hint(detail: Int32, _ errno: Errno) -> String {
        if detail == Int32(bitPattern: NB_DETAIL_IN_PROC.rawValue) { return "; choose another target" }
        if errno == .invalidArgument, detail == Int32(bitPattern: NB_DETAIL_ATTACH.rawValue) {
            return "; is one of both a folder and the other a file?"
        }
        if errno == .noSuchFile, detail == Int32(bitPattern: NB_DETAIL_FILE_SYSTEM.rawValue) {
            return "; this kernel does not have it"
        }
        return ""
    }
}
