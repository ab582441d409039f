internal import Glibc
internal import LinuxNetwork
internal import LinuxSystem

/// The name server of one network: dnsmasq, listening on the network's gateway.
///
/// Each container has a file of its own in a folder that dnsmasq watches (`--hostsdir`): publishing a name is writing a file.
/// What is not in there goes to the host's own servers, or from an internal network nowhere (CVE-2024-29018).
public struct NameService: Sendable {
    private let network: NetworkDefinition
    private let paths: NetworkPaths

    /// The name server of a network.
    public init(of network: NetworkDefinition, paths: NetworkPaths) {
        self.network = network
        self.paths = paths
    }

    private var folder: String { paths.names + "/" + network.name }
    private var hosts: String { folder + "/hosts" }
    private var pidFile: String { folder + "/dnsmasq.pid" }

    // MARK: - The server

    /// The path of dnsmasq; nil when it is not installed.
    public static let program: String? = ["/usr/sbin/dnsmasq", "/usr/bin/dnsmasq", "/usr/local/sbin/dnsmasq"].first {
        access($0, X_OK) == 0
    }

    /// Makes sure that the server runs; the network's bridge is up.
    ///
    /// - Parameter lock: the lock under which it is started.
    /// - Throws: `NetworkError`, `SystemError`.
    func start(_ program: String, lock: () throws -> FolderLock) throws {
        guard process() == nil else { return }
        let lock = try lock()
        defer { lock.hold() }
        guard process() == nil else { return }
        // The server has given root up when it reads these; what else is in the run root has modes of its own.
        try StoredFile.makeFolder(hosts, mode: 0o755, parents: 0o755)
        let mode = try FileDescriptor.open(paths.runRoot, O_RDONLY | O_DIRECTORY).status().st_mode
        if mode & 0o011 != 0o011 {
            try retrying("change the mode of", paths.runRoot) { chmod(paths.runRoot, mode & 0o7777 | 0o011) }
        }
        var arguments = [
            "--conf-file=", "--user=nobody", "--pid-file=\(pidFile)", "--bind-interfaces", "--no-hosts",
            "--hostsdir=\(hosts)", "--domain-needed", "--bogus-priv", "--cache-size=1000",
        ]
        arguments += network.subnets.map { "--listen-address=\($0.gateway)" }
        if network.isInternal { arguments.append("--no-resolv") }
        let (status, message) = try HelperProgram.run(program, arguments)
        guard status == 0 else {
            throw NetworkError.invalid(
                "cannot start the name server of network \(network.name): \(message.isEmpty ? "dnsmasq failed" : message)"
            )
        }
    }

    /// Ends the server and forgets all names.
    ///
    /// - Throws: `SystemError`.
    func stop() throws {
        if let process = process().flatMap({ ProcessIdentity(pid: $0) }), let pidfd = process.open() {
            try ProcessDescriptor.send(SIGTERM, to: pidfd)
            if try !ProcessDescriptor.wait(for: pidfd, milliseconds: Self.endBound) {
                try ProcessDescriptor.send(SIGKILL, to: pidfd)
                _ = try ProcessDescriptor.wait(for: pidfd, milliseconds: Self.endBound)
            }
        }
        try FileTree.remove(folder)
    }

    /// How long a server may take to end, in milliseconds.
    private static let endBound: Int32 = 2000

    /// The server's process; nil when it does not run.
    ///
    /// A pid may be another process's by now: only ours has the path of our file among its arguments.
    private func process() -> pid_t? {
        guard let bytes = try? StoredFile.read(pidFile),
            let pid = pid_t(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)), pid > 1,
            let command = try? StoredFile.read("/proc/\(pid)/cmdline")
        else { return nil }
        let own = Array("--pid-file=\(pidFile)".utf8)
        return command.split(separator: 0).contains { Array($0) == own } ? pid : nil
    }

    // MARK: - Names

    /// Lets others find a container by names.
    ///
    /// - Throws: `SystemError`.
    func publish(_ names: [String], of container: String, addresses: [IPAddress]) throws {
        let text = addresses.map { "\($0) \(names.joined(separator: " "))\n" }.joined()
        // Written in place: the server reads a file when its writer closes it.
        try StoredFile.write(path(of: container), text, mode: 0o644)
    }

    /// Forgets a container's names.
    ///
    /// - Throws: `SystemError`.
    public func withdraw(_ container: String) throws {
        try StoredFile.remove(path(of: container))
    }

    /// The file of a container's names, for its supervisor to remove.
    public func path(of container: String) -> String { hosts + "/" + container }
}
