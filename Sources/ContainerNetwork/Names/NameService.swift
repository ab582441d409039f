internal import LinuxNetwork
internal import LinuxSystem

/// The names on one network.
///
/// Each container has a file of its own in a folder that name servers watch (dnsmasq's `--hostsdir`): publishing a name is
/// writing a file. The network's own server listens on its gateway; what is not in the folder it asks the host's servers for, or
/// nobody if the network is internal (CVE-2024-29018).
public struct NameService: Sendable {
    private let network: NetworkDefinition
    private let paths: NetworkPaths

    /// The names on a network.
    public init(of network: NetworkDefinition, paths: NetworkPaths) {
        self.network = network
        self.paths = paths
    }

    /// Whether name servers can be had: dnsmasq is installed.
    public static var isAvailable: Bool { NameServer.program != nil }

    private var folder: String { paths.names + "/" + network.name }
    var hosts: String { folder + "/hosts" }

    // MARK: - The server

    /// Makes sure that the network's server runs; the network's bridge is up.
    ///
    /// - Parameter lock: the lock under which it is started.
    /// - Throws: `NetworkError`, `SystemError`.
    func start(_ program: String, lock: () throws -> FolderLock) throws {
        let server = NameServer(
            in: folder, listening: network.subnets.map(\.gateway), port: NamePort.standard, names: [hosts],
            servers: network.isInternal ? [] : nil)
        guard !server.isRunning else { return }
        let lock = try lock()
        defer { lock.hold() }
        guard !server.isRunning else { return }
        try makeFolder()
        try server.start(program, for: "network \(network.name)")
    }

    /// Ends the server and forgets all names.
    ///
    /// - Throws: `SystemError`.
    func stop() throws {
        try NameServer(in: folder).stop()
        try FileTree.remove(folder)
    }

    /// Makes the folder of the names.
    ///
    /// A server has given root up when it reads it; what else is in the run root has modes of its own.
    func makeFolder() throws {
        try StoredFile.makeFolder(hosts, mode: 0o755, parents: 0o755)
        try paths.letServersPass()
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

/// Ports that names are served at.
enum NamePort {
    /// The one that everybody asks (RFC 1035, section 4.2).
    static let standard: UInt16 = 53
    /// Those of servers for one view: below the kernel's ephemeral range, and with no other use that is registered.
    static let ofViews: ClosedRange<UInt16> = 30_053...31_052
}
