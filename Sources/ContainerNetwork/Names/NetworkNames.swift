internal import LinuxNetwork
internal import LinuxSystem

/// The names on one network.
///
/// Each container has a file of its own in a folder that name servers watch (dnsmasq's `--hostsdir`): publishing a name is
/// writing a file.
public struct NetworkNames: Sendable {
    private let network: NetworkDefinition
    private let paths: NetworkPaths

    /// The names on a network.
    public init(of network: NetworkDefinition, paths: NetworkPaths) {
        self.network = network
        self.paths = paths
    }

    /// Whether name servers can be had: dnsmasq is installed.
    public static var areServed: Bool { NameServer.program != nil }

    /// The folder of the files.
    var folder: String { paths.names + "/" + network.name }

    /// Makes the folder.
    ///
    /// A server has given root up when it reads it; what else is in the run root has modes of its own.
    func makeFolder() throws {
        try StoredFile.makeFolder(folder, mode: 0o755, parents: 0o755)
        try paths.letServersPass()
    }

    /// Lets others find a container by names.
    ///
    /// - Throws: `SystemError`.
    func publish(_ names: [String], of container: String, addresses: [IPAddress]) throws {
        let text = addresses.map { "\($0) \(names.joined(separator: " "))\n" }.joined()
        // Written in place: a server reads a file when its writer closes it.
        try StoredFile.write(path(of: container), text, mode: 0o644)
    }

    /// Forgets a container's names.
    ///
    /// - Throws: `SystemError`.
    public func withdraw(_ container: String) throws {
        try StoredFile.remove(path(of: container))
    }

    /// The file of a container's names, for its supervisor to remove.
    public func path(of container: String) -> String { folder + "/" + container }
}
