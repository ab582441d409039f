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

    /// The number of entries that a server remembers of others' answers.
    private static let cacheSize = 1000

    /// A server for the names in some folders.
    ///
    /// - Parameters:
    ///   - folder: where its own file is.
    ///   - listening: the addresses that it serves.
    ///   - port: the port that it serves there.
    ///   - names: folders that it watches.
    ///   - servers: whom it asks for other names; empty: nobody; nil: the host's servers, on the host's loopback, too.
    init(in folder: String, listening: [IPAddress], port: UInt16, names: [String], servers: [IPAddress]?) {
        pidFile = folder + "/dnsmasq.pid"
        var arguments = [
            "--conf-file=", "--user=nobody", "--bind-interfaces", "--no-hosts", "--domain-needed", "--bogus-priv",
            "--cache-size=\(Self.cacheSize)", "--port=\(port)",
        ]
        arguments += names.map { "--hostsdir=\($0)" } + listening.map { "--listen-address=\($0)" }
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
        guard let bytes = try? StoredFile.read(pidFile),
            let pid = pid_t(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)), pid > 1,
            let command = try? StoredFile.read("/proc/\(pid)/cmdline")
        else { return nil }
        let own = Array("--pid-file=\(pidFile)".utf8)
        return command.split(separator: 0).contains { Array($0) == own } ? pid : nil
    }
}
