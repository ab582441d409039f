internal import LinuxNetwork

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

    /// The folder of what the name servers know.
    var names: String { runRoot + "/names" }

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
