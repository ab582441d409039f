/// What `--security-opt` decides.
public struct SecurityOptions: Sendable, Hashable {
    /// Which system calls are allowed.
    public enum Seccomp: Sendable, Hashable {
        /// The built-in profile.
        case `default`
        /// All of them.
        case unconfined
        /// What this profile says: JSON text in Docker's or the OCI's form.
        case profile(String)
    }

    /// Setuid programs and file capabilities gain nothing.
    public var noNewPrivileges: Bool
    /// Which system calls are allowed.
    public var seccomp: Seccomp
    /// Nothing below /proc and /sys is masked or read-only (`systempaths=unconfined`).
    public var systemPathsUnconfined: Bool

    /// Docker's defaults.
    public init(
        noNewPrivileges: Bool = false, seccomp: Seccomp = .default, systemPathsUnconfined: Bool = false
    ) {
        self.noNewPrivileges = noNewPrivileges
        self.seccomp = seccomp
        self.systemPathsUnconfined = systemPathsUnconfined
    }
}
