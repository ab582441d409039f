internal import Glibc
internal import LinuxNetwork
internal import LinuxSystem

/// Where an engine keeps what belongs to networks, and how it tells its own things in the kernel from others'.
public struct NetworkPaths: Sendable, Hashable {
    /// The folder of the networks, one folder each.
    public let networks: String
    /// The folders whose entries are the containers and tasks that exist.
    public let owners: [String]
    /// The folder of what does not survive a reboot.
    public let runRoot: String
    /// What engines with different roots are told apart by: eight hexadecimal digits.
    public let identifier: String

    /// The places of an engine.
    public init(networks: String, owners: [String], runRoot: String, identifier: String) {
        self.runRoot = runRoot
        self.networks = networks
        self.owners = owners
        self.identifier = identifier
    }

    /// The folder of what name servers know, a folder for each network.
    var names: String { runRoot + "/names" }

    /// The folder of the name servers.
    var nameServers: String { runRoot + "/nameservers" }

    /// Lets name servers, which have given root up, pass through the run root; what they must not see there has modes of its own.
    func letServersPass() throws(SystemError) {
        let mode = try FileDescriptor.open(runRoot, O_RDONLY | O_DIRECTORY).status().st_mode
        guard mode & 0o011 != 0o011 else { return }
        try retrying("change the mode of", runRoot) { chmod(runRoot, mode & 0o7777 | 0o011) }
    }

    /// The file that says that this host forwards a family because of us.
    func forwarding(_ family: IPFamily) -> String { runRoot + "/forwarding-" + family.rawValue }

    func folder(of network: String) -> String { networks + "/" + network }
    func record(of network: String) -> String { networks + "/" + network + "/network.json" }
    func leases(of network: String) -> String { networks + "/" + network + "/leases" }

    /// The name of the engine's firewall tables.
    public var table: String { "nestbox-" + identifier }

    /// A number that differs between engines, where their choices should.
    var number: UInt64 { UInt64(identifier, radix: 16) ?? 0 }
}
