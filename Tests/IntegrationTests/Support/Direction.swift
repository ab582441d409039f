import Glibc
import LinuxSystem
import Testing

/// Who talks to whom, and by which address.
enum Direction: String, CaseIterable, Sendable {
    case peer = "another host → port"
    case hostAddress = "host → its LAN address"
    case loopback = "host → its loopback"
    case bridgeAddress = "host → bridge's address"
    case neighbour = "container → container"
    case throughHost = "container → host's address"
    case itself = "itself → host's address"
    case outwards = "container → another host"
    case ownAddress = "host → container's address"
    case ownAddressFromPeer = "another host → container's address"
}

/// A mode, as the table of directions has them.
enum DirectionMode: String, CaseIterable, Sendable {
    case bridge = "bridge, IPv4"
    case bridgeIPv6 = "bridge, IPv6"
    case internalBridge = "bridge `--internal`"
    case host = "host, IPv4"
    case hostIPv6 = "host, IPv6"
    case none = "none"
    case task = "task, IPv4"
    case taskIPv6 = "task, IPv6"
    case lanTask = "task, macvlan"

    var family: TestNetwork.Family { [.bridgeIPv6, .hostIPv6, .taskIPv6].contains(self) ? .ipv6 : .ipv4 }
    var isBridge: Bool { self == .bridge || self == .bridgeIPv6 || self == .internalBridge }
    var isTask: Bool { self == .task || self == .taskIPv6 || self == .lanTask }

    /// Whether the direction exists: there is no way from `::1` to anywhere else (RFC 4291, 2.5.3), only bridges have an address
    /// and containers with one, and nothing of a task is at an address of the host's.
    func has(_ direction: Direction) -> Bool {
        switch direction {
        case .loopback: self != .bridgeIPv6 && !isTask
        case .bridgeAddress: isBridge
        case .neighbour, .ownAddress, .ownAddressFromPeer: isBridge || isTask
        case .peer, .hostAddress, .throughHost, .itself: !isTask
        case .outwards: true
        }
    }
}

/// A container that serves, another one, and a host with another host beside it.
struct DirectionPlace {
    /// The port on the host.
    static let port: UInt16 = 8080

    /// The serving container and the network that it is on.
    let web: TestContainer
    let name: String
    let other: TestContainer
    private let mode: DirectionMode
    private let network: TestNetwork
    private let gateway: String
    /// The containers' own, of the one that serves and of the other; empty where they have none.
    private let addresses: [String]

    init(_ engine: TestEngine, _ network: TestNetwork, _ mode: DirectionMode) throws {
        (self.network, self.mode) = (network, mode)
        // Where containers have no network of their own, the other one is on a bridge all the same.
        switch mode {
        case .internalBridge: try engine.makeNetwork("lane", "--internal")
        case .bridgeIPv6, .hostIPv6: try engine.makeNetwork("lane", "--ipv6")
        case .task: try engine.makeNetwork("lane", "--driver", "routed")
        case .taskIPv6: try engine.makeNetwork("lane", "--driver", "routed", "--ipv6")
        case .lanTask:
            try engine.makeNetwork(
                "lane", "--driver", "macvlan", "--parent", TestNetwork.interface, "--subnet", "198.51.100.0/24",
                "--gateway", "198.51.100.2", "--ip-range", "198.51.100.128/25")
        default: try engine.makeNetwork("lane")
        }
        let isIPv6 = mode.family == .ipv6
        let addressing = try engine.addressing(of: "lane").first { $0.gateway.contains(":") == isIPv6 }
        gateway = addressing?.gateway ?? ""
        if mode != .lanTask, let subnet = addressing?.subnet {
            // The other host knows the way to containers: that they are closed must not hang on that.
            try network.peer("ip", isIPv6 ? "-6" : "-4", "route", "add", subnet, "via", mode.family.host)
        }
        if mode.isTask {
            name = "lane"
            let tasks = try ["web", "other"].map { try engine.task($0, "--network", "lane") }
            (web, other) = (tasks[0].container, tasks[1].container)
            addresses = tasks.map { $0.address(mode.family) }
            return
        }
        name = mode.isBridge ? "lane" : mode == .none ? "none" : "host"
        let port = Self.port
        web =
            mode.isBridge
            ? try engine.container("web", "--network", name, "-p", "\(port):80", "-p", "\(port):80/udp")
            : try engine.container("web", "--network", name)
        other = try engine.container("other", "--network", "lane")
        addresses = mode.isBridge ? try [web, other].map { try $0.address(mode.family, in: "lane") } : ["", ""]
    }

    private var family: TestNetwork.Family { mode.family }
    private var innerPort: UInt16 { mode.isBridge || mode.isTask ? 80 : Self.port }

    /// The client, and the address that it uses.
    private func path(of direction: Direction) throws -> (client: TestNamespace, destination: Endpoint) {
        switch direction {
        case .peer: (network.peer, Endpoint(family.host, Self.port))
        case .hostAddress: (network.host, Endpoint(family.host, Self.port))
        case .loopback: (network.host, Endpoint(family.loopback, Self.port))
        case .bridgeAddress: (network.host, Endpoint(gateway, Self.port))
        case .neighbour: (try other.namespace, Endpoint(addresses[0], innerPort))
        case .throughHost: (try other.namespace, Endpoint(family.host, Self.port))
        case .itself: (try web.namespace, Endpoint(family.host, Self.port))
        case .outwards: (try web.namespace, Endpoint(family.peer, 7000))
        case .ownAddress: (network.host, Endpoint(addresses[0], innerPort))
        case .ownAddressFromPeer: (network.peer, Endpoint(addresses[0], innerPort))
        }
    }

    /// Tries a direction.
    ///
    /// - Returns: the client's address as the service saw it; nil when it was not reached.
    func source(_ direction: Direction, _ transport: Transport, within bound: Bound = .patiently) throws -> String? {
        let (client, destination) = try path(of: direction)
        let server: TestServer
        switch direction {
        case .outwards: server = try TestServer(transport, family.any, destination.port, in: network.peer)
        // UDP answers come from the address that was asked only where the service listens on that one alone.
        case _ where mode == .host || mode == .hostIPv6:
            server = try TestServer(transport, destination.host, innerPort, in: web.namespace)
        default: server = try TestServer(transport, family.any, innerPort, in: web.namespace)
        }
        return try server.source(ofClientIn: client, to: destination, within: bound)
    }

    /// The client's own address on the way to the service.
    func ownAddress(_ direction: Direction) -> String? {
        switch direction {
        case .peer, .ownAddressFromPeer: family.peer
        case .hostAddress: family.host
        case .bridgeAddress, .ownAddress: gateway
        case .neighbour: addresses[1]
        case .outwards: mode.isBridge || mode.isTask ? addresses[0] : mode == .none ? nil : family.host
        default: nil
        }
    }
}

/// What is reached in which mode, as markdown.
struct DirectionTable {
    /// The transports that get through; nil where the direction does not exist.
    private var cells: [DirectionMode: [Direction: (reached: [Transport], keepsAddress: Bool)]] = [:]

    /// Tries a direction in a place, with both transports.
    mutating func fill(_ mode: DirectionMode, _ direction: Direction, in place: DirectionPlace) throws {
        guard mode.has(direction) else { return }
        // What should be reached gets all the time that it needs.
        let isClosed = mode == .internalBridge || mode == .none || direction == .ownAddressFromPeer
        let bound: Bound = isClosed || mode == .lanTask && direction == .ownAddress ? .briefly : .patiently
        var sources: [Transport: String] = [:]
        for transport in Transport.allCases {
            sources[transport] = try place.source(direction, transport, within: bound)
        }
        let own = place.ownAddress(direction)
        let reached = Transport.allCases.filter { sources[$0] != nil }
        cells[mode, default: [:]][direction] = (reached, !reached.isEmpty && sources.values.allSatisfy { $0 == own })
    }

    /// Whether TCP and UDP get through; nil where the direction does not exist.
    func isReached(_ mode: DirectionMode, _ direction: Direction) -> Bool? {
        cells[mode]?[direction].map { $0.reached.count == Transport.allCases.count }
    }

    /// Whether neither gets through.
    func isClosed(_ mode: DirectionMode, _ direction: Direction) -> Bool {
        cells[mode]?[direction].map { $0.reached.isEmpty } ?? true
    }

    private func text(_ mode: DirectionMode, _ direction: Direction) -> String {
        guard let cell = cells[mode]?[direction] else { return "–" }
        let reached =
            switch cell.reached {
            case []: "no"
            case [.tcp]: "TCP"
            case [.udp]: "UDP"
            default: "yes"
            }
        return cell.keepsAddress ? "\(reached)¹" : reached
    }

    var markdown: String {
        let header = "| | \(DirectionMode.allCases.map(\.rawValue).joined(separator: " | ")) |"
        let line = "| --- |" + DirectionMode.allCases.map { _ in " --- |" }.joined()
        let rows = Direction.allCases.map { direction in
            "| \(direction.rawValue) | "
                + DirectionMode.allCases.map { text($0, direction) }.joined(separator: " | ") + " |"
        }
        let note = "¹ and the service sees the client's own address"
        return ([header, line] + rows + ["", note, ""]).joined(separator: "\n")
    }

    /// Writes the table to the file that `NESTBOX_DIRECTIONS_TABLE` names.
    func writeIfWanted() throws {
        guard let path = getenv("NESTBOX_DIRECTIONS_TABLE").map({ String(cString: $0) }), !path.isEmpty else { return }
        try AtomicFile.write(Array(markdown.utf8), to: path, mode: 0o644)
    }
}
