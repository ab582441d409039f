public import LinuxNetwork
internal import LinuxSystem

/// Which container has which address of a network: one symlink each, `leases/<address>` → container id.
///
/// A lease lasts from the making of a container to its removal, so an address survives restarts of the container and of the
/// machine. A lease whose container is gone can be claimed again.
public struct AddressLeases: Sendable {
    private let paths: NetworkPaths
    private let network: NetworkDefinition
    private let table: LinkTable

    /// The leases of a network.
    public init(paths: NetworkPaths, network: NetworkDefinition) {
        self.paths = paths
        self.network = network
        table = LinkTable(folder: paths.leases(of: network.name), owners: paths.owners)
    }

    /// Leases an address of each family that the network has.
    ///
    /// - Parameters:
    ///   - container: the id of a container whose folder exists.
    ///   - number: tells where the search begins, so that containers made at the same time do not meet, and an address just
    ///     given up is not handed out again at once.
    ///   - wanted: addresses that it must be.
    /// - Throws: `NetworkError`, `SystemError`; nothing is leased then.
    public func lease(to container: String, number: UInt64, wanted: [IPAddress]) throws -> [IPAddress] {
        for address in wanted where network.subnet(address.family)?.isUsable(address) != true {
            let subnets = network.subnets.map { $0.network.description }.joined(separator: " and ")
            throw NetworkError.address(
                "cannot give the container address \(address): it is none that a container on network \(network.name) may "
                    + "have; choose one of \(subnets)")
        }
        guard let lock = try FolderLock.acquire(paths.folder(of: network.name)) else {
            throw NetworkError.noSuchNetwork(network.name)
        }
        defer { lock.hold() }
        var result: [IPAddress] = []
        do {
            for subnet in network.subnets {
                let family = subnet.network.address.family
                if let address = wanted.first(where: { $0.family == family }) {
                    try claim(address, for: container)
                    result.append(address)
                } else {
                    result.append(try search(subnet, for: container, number: number))
                }
            }
        } catch {
            release(result, of: container)
            throw error
        }
        return result
    }

    private func claim(_ address: IPAddress, for container: String) throws {
        if case .held(let holder) = try table.claim(address.description, for: container), holder != container {
            throw NetworkError.address(
                "cannot give the container address \(address): container \(holder.prefix(12)) has it; choose another one"
            )
        }
    }

    /// The most addresses that are tried before a network counts as full: all of a subnet of 16 bits.
    private static let bound: UInt64 = 1 << 16

    private func search(_ subnet: Subnet, for container: String, number: UInt64) throws -> IPAddress {
        let range = subnet.range ?? subnet.network
        let bits = UInt64(range.address.family.bits - range.prefixLength)
        let size = bits >= 63 ? UInt64(1) << 62 : UInt64(1) << bits
        for step in 0..<min(size, Self.bound) {
            guard let address = range.first.advanced(by: (number &+ step) % size), subnet.isUsable(address) else {
                continue
            }
            switch try table.claim(address.description, for: container) {
            case .claimed: return address
            // Of an earlier attempt that a crash interrupted.
            case .held(let holder) where holder == container: return address
            case .held: continue
            }
        }
        throw NetworkError.address(
            "cannot lease an address on network \(network.name): all of \(range) are in use; remove containers, or make a "
                + "larger network")
    }

    /// Gives addresses back, if the container has them.
    public func release(_ addresses: [IPAddress], of container: String) {
        for address in addresses { try? table.release(address.description, of: container) }
    }

    /// Gives back whatever a container has on a network besides these addresses.
    ///
    /// - Throws: `SystemError`.
    public static func releaseAll(
        of container: String, but kept: [IPAddress], on network: String, _ paths: NetworkPaths
    ) throws {
        let names = Set(kept.map(\.description))
        let table = LinkTable(folder: paths.leases(of: network), owners: paths.owners)
        for name in try StoredFile.names(in: table.folder) where !names.contains(name) {
            try table.release(name, of: container)
        }
    }

    /// The containers that have addresses.
    ///
    /// - Throws: `SystemError`.
    public func holders() throws -> [String] {
        let names = try StoredFile.names(in: table.folder)
        return Set(names.compactMap { table.holder(of: $0) }).sorted()
    }

    /// A lease's path, for the supervisor of a `--rm` container to remove.
    public func path(of address: IPAddress) -> String { table.folder + "/" + address.description }
}
