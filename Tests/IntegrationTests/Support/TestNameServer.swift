import Glibc
import LinuxSystem
import Testing

/// A name server of somebody else's, somewhere on the test's network.
final class TestNameServer {
    /// Whether Nestbox finds one that it can start.
    static let isInstalled = ["/usr/sbin/dnsmasq", "/usr/bin/dnsmasq"].contains { (path: String) in
        access(path, X_OK) == 0
    }

    private let process: Command

    /// Answers for these names, and for no others.
    init(in namespace: TestNamespace, at address: String, _ names: [String: String]) throws {
        process = try Command(
            namespace.entrance + [
                "dnsmasq", "--no-daemon", "--conf-file=", "--no-hosts", "--no-resolv", "--port=53",
                "--listen-address=\(address)", "--bind-interfaces", "--user=root",
            ] + names.map { "--address=/\($0)/\($1)" })
    }

    func stop() {
        process.signal(SIGKILL)
        _ = process.finish()
    }

    /// What stands before a command that is to find this server in /etc/resolv.conf, in the place of the machine's.
    static func asked(at address: String, by engine: TestEngine) throws -> [String] {
        let file = "\(engine.folder)/resolv.conf"
        try FileDescriptor.open(file, O_WRONLY | O_CREAT, mode: 0o644).writeAll(
            Array("nameserver \(address)\n".utf8))
        let script = "mount --bind \(file) /etc/resolv.conf && exec \"$@\""
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
    }
}

extension TestContainer {
    /// The addresses of a name, as the container's own servers say, asked one by one.
    func lookUp(_ name: String) throws -> Set<String> {
        let servers = try shell("sed -n 's/^nameserver //p' /etc/resolv.conf").lines.map(String.init)
        try #require(!servers.isEmpty)
        let answers = try servers.map { server in
            let result = try shell("nslookup \(name) \(server) 2>&1")
            // The first address is the server's own.
            return Set(
                result.lines.drop { !$0.hasPrefix("Name:") }.filter { $0.hasPrefix("Address") }
                    .compactMap { $0.split(separator: " ").last.map(String.init) })
        }
        #expect(Set(answers).count == 1, "servers disagree about \(name): \(answers)")
        return answers[0]
    }

    /// Whether a name comes to have these addresses, and no others.
    func finds(_ name: String, at addresses: String...) throws -> Bool {
        try TestEngine.eventually { try lookUp(name) == Set(addresses) }
    }
}
