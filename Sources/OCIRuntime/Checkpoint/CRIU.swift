internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The criu of this machine: the program that dumps processes and restores them.
struct CRIU {
    /// Absolute.
    let program: String
    let version: CRIUVersion

    /// The first that knows external PID namespaces, cgroup v2's freezer and terminals without their masters.
    private static let oldest = CRIUVersion(major: 3, minor: 15)

    /// Folders that are looked through behind those of the PATH: that of a user's often lacks them.
    private static let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    /// The most that an answer may take that needs nothing but criu, in milliseconds.
    private static let questionBound: Int32 = 20_000

    /// Finds criu and asks for its version.
    ///
    /// - Parameter path: where it is (`--criu`), or its name to look for in the PATH; nil: `criu`.
    /// - Throws: `LaunchError` when it is not there, does not answer or is too old.
    init(_ path: String?) throws(LaunchError) {
        let name = path ?? "criu"
        guard let program = Self.find(name) else {
            throw LaunchError(
                "criu is not installed: no program \(name) was found; install it, or say with --criu where it is")
        }
        self.program = program
        let session = try CRIUSession(program, streams: .null, bound: Self.questionBound)
        let response = try session.send(CRIURequest(kind: .version))
        guard response.isSuccess, let version = response.version else {
            throw LaunchError("cannot use \(program): it does not tell its version; is it criu?")
        }
        self.version = version
        try require(Self.oldest, "checkpoint and restore")
    }

    /// - Throws: `LaunchError` when this criu is older than that.
    func require(_ version: CRIUVersion, _ purpose: String) throws(LaunchError) {
        guard self.version < version else { return }
        throw LaunchError(
            "cannot use \(program): it is criu \(self.version), and \(purpose) need \(version) or later")
    }

    /// - Throws: `LaunchError` when this kernel does not tell which memory was written to.
    func requireMemoryTracking() throws(LaunchError) {
        let session = try CRIUSession(program, streams: .null, bound: Self.questionBound)
        let response = try session.send(CRIURequest(kind: .featureCheck))
        guard response.isSuccess, response.tracksMemory else {
            throw LaunchError(
                "cannot use --pre-dump or --parent-path: this kernel does not tell criu which memory was written to "
                    + "(CONFIG_MEM_SOFT_DIRTY)")
        }
    }

    /// What keeps packets away where nothing else was asked for: criu's default, or what it can do without a program.
    var defaultNetworkLock: CRIUOptions.NetworkLock? {
        if Self.find("iptables-restore") != nil { return nil }
        return version < CRIUVersion(major: 3, minor: 17) ? nil : .nftables
    }

    /// The program of a name without slashes in the PATH; any other is taken as it is.
    private static func find(_ name: String) -> String? {
        if name.hasSlash { return access(name, X_OK) == 0 ? Bundle.absolute(name) : nil }
        let listed = getenv("PATH").map { String(cString: $0) } ?? ""
        // A relative folder is whatever the working folder is.
        let named = listed.parts(UInt8(ascii: ":")).filter { $0.begins(with: "/") }
        return (named + folders).map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
