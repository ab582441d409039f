internal import Glibc
internal import LinuxNetwork
internal import LinuxSystem

/// A dnsmasq process that is found again by its file.
struct NameServer: Sendable {
    /// The file that it writes its number to.
    let pidFile: String
    /// What it is told besides.
    var arguments: [String]

    /// The path of dnsmasq; nil when it is not installed.
    static let program: String? = ["/usr/sbin/dnsmasq", "/usr/bin/dnsmasq", "/usr/local/sbin/dnsmasq"].first {
        access($0, X_OK) == 0
    }

    /// The port of all servers, each of which has an address of its own on the host's loopback.
    ///
    /// Below the kernel's ephemeral range, and not registered for any other use. Port 53 stays free for containers that serve names.
    static let port: UInt16 = 30_053

    /// The port that everybody asks (RFC 1035, section 4.2); questions to it are led to a server.
    static let askedPort: UInt16 = 53

    /// The number of entries that a server remembers of others' answers.
    private static let cacheSize = 1000

    /// A server for the names in some folders.
    ///
    /// - Parameters:
    ///   - folder: where its own file is.
    ///   - address: where it listens.
    ///   - names: folders that it watches.
    ///   - servers: whom it asks for other names; empty: nobody; nil: the host's servers, on the host's loopback, too.
    init(in folder: String, at address: IPAddress, names: [String], servers: [IPAddress]?) {
        pidFile = folder + "/dnsmasq.pid"
        var arguments = [
            "--conf-file=", "--user=nobody", "--bind-interfaces", "--no-hosts", "--domain-needed", "--bogus-priv",
            "--cache-size=\(Self.cacheSize)", "--listen-address=\(address)", "--port=\(Self.port)",
        ]
        arguments += names.map { "--hostsdir=\($0)" }
        if let servers { arguments += ["--no-resolv"] + servers.map { "--server=\($0)" } }
        self.arguments = arguments
    }

    /// A server of which only the file is known.
    init(in folder: String) {
        pidFile = folder + "/dnsmasq.pid"
        arguments = []
    }

    /// Whether it runs.
    var isRunning: Bool { process() != nil }

    /// Starts it.
    ///
    /// - Parameter owner: what it serves, for messages.
    /// - Throws: `NetworkError`, `SystemError`.
    func start(_ program: String, for owner: String) throws {
        try outliveKilled()
        let (status, message) = try HelperProgram.run(program, ["--pid-file=\(pidFile)"] + arguments)
        guard status == 0 else {
            let reason = message.isEmpty ? "dnsmasq failed" : message
            throw NetworkError.invalid("cannot start the name server of \(owner): \(reason)")
        }
    }

    /// How long a server may take to end, in milliseconds.
    private static let endBound: Int32 = 2000

    /// Ends it, if it runs.
    ///
    /// - Throws: `SystemError`.
    func stop() throws {
        guard let process = process().flatMap({ ProcessIdentity(pid: $0) }), let pidfd = process.open() else { return }
        try ProcessDescriptor.send(SIGTERM, to: pidfd)
        if try ProcessDescriptor.wait(for: pidfd, milliseconds: Self.endBound) { return }
        try ProcessDescriptor.send(SIGKILL, to: pidfd)
        _ = try ProcessDescriptor.wait(for: pidfd, milliseconds: Self.endBound)
    }

    /// Its process; nil when it does not run.
    ///
    /// A pid may be another process's by now: only ours has the path of our file among its arguments.
    private func process() -> pid_t? {
        guard let pid = writtenPID(), let command = try? StoredFile.read("/proc/\(pid)/cmdline") else { return nil }
        let own = Array("--pid-file=\(pidFile)".utf8)
        return command.split(separator: 0).contains { Array($0) == own } ? pid : nil
    }

    /// The pid in its file.
    private func writtenPID() -> pid_t? {
        guard let bytes = try? StoredFile.read(pidFile),
            let pid = pid_t(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)), pid > 1
        else { return nil }
        return pid
    }

    /// Waits until one that was killed has given up its sockets, which a new one needs.
    ///
    /// The kernel takes a dying process's memory, and with it the arguments that it is known by, before its descriptors.
    private func outliveKilled() throws(SystemError) {
        guard let pid = writtenPID(), let command = try? StoredFile.read("/proc/\(pid)/cmdline"), command.isEmpty,
            let name = try? StoredFile.readText("/proc/\(pid)/comm"), name == "dnsmasq\n",
            let pidfd = ProcessIdentity(pid: pid)?.open()
        else { return }
        _ = try ProcessDescriptor.wait(for: pidfd, milliseconds: Self.endBound)
    }
}
