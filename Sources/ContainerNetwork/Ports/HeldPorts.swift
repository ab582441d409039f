internal import Glibc
public import LinuxNetwork
internal import LinuxSystem

/// Ports of the host, held by bound sockets against all other programs.
///
/// Nothing listens on them: what arrives is redirected before it gets there. Bound without SO_REUSEADDR, a port cannot be bound
/// by anybody else (socket(7)), and no outgoing connection gets it as its own. The supervisor inherits the sockets.
public final class HeldPorts {
    /// The sockets.
    public private(set) var descriptors: [Int32] = []
    /// What came of each mapping.
    public private(set) var ports: [PublishedPort] = []

    /// Binds a port for each mapping.
    ///
    /// - Parameters:
    ///   - mappings: what is to be published.
    ///   - families: those of the container's addresses.
    /// - Throws: `NetworkError.port`, `SystemError`; nothing is held then.
    public init(_ mappings: [PortMapping], families: [IPFamily]) throws {
        for mapping in mappings {
            if let address = mapping.hostAddress, !families.contains(address.family) {
                throw NetworkError.port(
                    "cannot publish a port on \(address): the container has no \(address.family.rawValue) address; choose "
                        + "another address, or a network with --ipv6")
            }
            ports.append(PublishedPort(mapping, hostPort: try hold(mapping, families)))
        }
    }

    deinit { release() }

    /// Gives the ports up here; whoever has inherited the sockets still has them.
    public func release() {
        for descriptor in descriptors { close(descriptor) }
        descriptors = []
    }

    private func hold(_ mapping: PortMapping, _ families: [IPFamily]) throws -> UInt16 {
        let addresses = mapping.hostAddress.map { [$0] } ?? families.map(\.unspecified)
        guard let range = mapping.hostPorts else { return try holdAny(mapping, addresses) }
        for port in range {
            let (sockets, error) = bindAll(addresses, mapping.transport, port)
            guard let error else {
                descriptors += sockets
                return port
            }
            guard error == Errno(EADDRINUSE), port < range.upperBound else { throw failure(mapping, port, error) }
        }
        throw failure(mapping, range.upperBound, Errno(EADDRINUSE))
    }

    /// How often the kernel is asked for a port that is free for both families.
    private static let attempts = 64

    private func holdAny(_ mapping: PortMapping, _ addresses: [IPAddress]) throws -> UInt16 {
        for _ in 0..<Self.attempts {
            guard let first = addresses.first else { break }
            let (sockets, error) = bindAll([first], mapping.transport, 0)
            if let error { throw failure(mapping, 0, error) }
            let port = sockets.first.map(Self.port(of:)) ?? 0
            let (others, otherError) = bindAll(Array(addresses.dropFirst()), mapping.transport, port)
            if otherError == nil {
                descriptors += sockets + others
                return port
            }
            for socket in sockets { close(socket) }
        }
        throw NetworkError.port(
            "cannot find a free port of the host for \(mapping.containerPort)/\(mapping.transport.rawValue); "
                + "see /proc/sys/net/ipv4/ip_local_port_range")
    }

    private func failure(_ mapping: PortMapping, _ port: UInt16, _ error: Errno) -> NetworkError {
        let place =
            "\(mapping.hostAddress.map { "\($0)" } ?? "all addresses"), port \(port)/\(mapping.transport.rawValue)"
        switch error {
        case Errno(EADDRINUSE):
            return .port(
                "cannot publish port \(port): \(place) is already in use by another program or container (EADDRINUSE); "
                    + "choose another port, or see who has it with 'ss -lnp'")
        case Errno(EPROTONOSUPPORT):
            return .port(
                "cannot publish port \(mapping.containerPort): this kernel has no \(mapping.transport.rawValue) (EPROTONOSUPPORT)"
            )
        case Errno(EADDRNOTAVAIL):
            return .port("cannot publish port \(port): \(place) is no address of this host (EADDRNOTAVAIL)")
        default:
            return .port("cannot publish port \(port): binding \(place): \(error.meaning) (\(error.symbol))")
        }
    }

    /// Binds one socket for each address, or none.
    private func bindAll(
        _ addresses: [IPAddress], _ transport: TransportProtocol, _ port: UInt16
    ) -> (sockets: [Int32], error: Errno?) {
        var sockets: [Int32] = []
        for address in addresses {
            switch Self.bind(address, transport, port) {
            case .success(let socket): sockets.append(socket)
            case .failure(let error):
                for socket in sockets { close(socket) }
                return ([], error)
            }
        }
        return (sockets, nil)
    }

    private static func bind(
        _ address: IPAddress, _ transport: TransportProtocol, _ port: UInt16
    ) -> Result<Int32, Errno> {
        let kind = transport == .udp ? SOCK_DGRAM : SOCK_STREAM
        let descriptor = socket(
            address.family.number, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), Int32(transport.number))
        guard descriptor >= 0 else { return .failure(.current) }
        let result: Int32
        switch address {
        case .v4(let number):
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = port.bigEndian
            name.sin_addr.s_addr = number.bigEndian
            result = Self.bind(descriptor, &name)
        case .v6:
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, socklen_t(MemoryLayout<Int32>.size))
            var name = sockaddr_in6()
            name.sin6_family = sa_family_t(AF_INET6)
            name.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: address.bytes) }
            result = Self.bind(descriptor, &name)
        }
        guard result == 0 else {
            let error = Errno.current
            close(descriptor)
            return .failure(error)
        }
        return .success(descriptor)
    }

    private static func bind<Name>(_ descriptor: Int32, _ name: inout Name) -> Int32 {
        withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<Name>.size))
            }
        }
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        // The port stands in the same place in both families.
        var name = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let result = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return result == 0 ? UInt16(bigEndian: name.sin6_port) : 0
    }
}

extension IPFamily {
    /// The address that stands for all of a host's.
    var unspecified: IPAddress {
        switch self {
        case .v4: .v4(0)
        case .v6: .v6(0)
        }
    }
}
