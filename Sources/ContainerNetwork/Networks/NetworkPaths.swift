/// Where an engine keeps what belongs to networks, and how it tells its own things in the kernel from others'.
public struct NetworkPaths: Sendable, Hashable {
    /// The folder of the networks, one folder each.
    public let networks: String
    /// The folders whose entries are the containers and tasks that exist.
    public let owners: [String]
    /// The folder of what the name servers know; it does not survive a reboot.
    public let names: String
    /// What engines with different roots are told apart by: eight hexadecimal digits.
    public let identifier: String

    /// The places of an engine.
    public init(networks: String, owners: [String], names: String, identifier: String) {
        self.names = names
        self.networks = networks
        self.owners = owners
        self.identifier = identifier
    }

    func folder(of network: String) -> String { networks + "/" + network }
    func record(of network: String) -> String { networks + "/" + network + "/network.json" }
    func leases(of network: String) -> String { networks + "/" + network + "/leases" }

    /// The name of the engine's firewall tables.
    public var table: String { "nestbox-" + identifier }

    /// A number that differs between engines, where their choices should.
    var number: UInt64 { UInt64(identifier, radix: 16) ?? 0 }
}
