internal import ArgumentParser
internal import ContainerNetwork
internal import LinuxNetwork
internal import Nestbox

/// `nestbox network create`.
struct NetworkCreate: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "create", abstract: "Make a network.", usage: "nestbox network create [<flags>] <name>",
        discussion:
            "Prints the network's id. Subnets that are not given are chosen so that nothing of the host's overlaps.")
    static let verb = "network create"
    static let switches: [String: Character?] = ["internal": nil, "ipv6": nil, "isolated": nil, "attachable": nil]

    @Option(
        name: .shortAndLong,
        help: .init("bridge for containers, routed or macvlan for tasks (default bridge).", valueName: "driver"),
        completion: .list(["bridge", "routed", "macvlan"]))
    var driver: String?

    @Option(name: .long, help: .init("A subnet; one of each family. May be repeated.", valueName: "network"))
    var subnet: [String] = []

    @Option(name: .long, help: .init("The host's address in a subnet. May be repeated.", valueName: "address"))
    var gateway: [String] = []

    @Option(
        name: .long,
        help: .init("The part of a subnet that addresses come from. May be repeated.", valueName: "network"))
    var ipRange: [String] = []

    @Flag(name: .long, help: "Containers reach nothing outside of it.")
    var `internal` = false

    @Flag(name: .long, help: "Containers do not reach each other.")
    var isolated = false

    @Flag(name: .long, help: "With IPv6 addresses, too.")
    var ipv6 = false

    @Flag(name: .long, help: "Accepted for Docker's sake.")
    var attachable = false

    @Option(name: .long, help: .init("The host's interface of a macvlan network.", valueName: "interface"))
    var parent: String?

    @Option(name: .long, help: .init("The most bytes in a packet.", valueName: "bytes"))
    var mtu: String?

    @Option(
        name: [.customShort("o"), .customLong("opt")],
        help: .init(
            "com.docker.network.driver.mtu=N, com.docker.network.bridge.enable_ip_masquerade=BOOL, "
                + "com.docker.network.bridge.enable_icc=BOOL or isolate=BOOL. May be repeated.", valueName: "key=value")
    )
    var opt: [String] = []

    @Option(name: .long, help: .init("Set a label. May be repeated.", valueName: "KEY=VALUE"))
    var label: [String] = []

    @Argument(help: "The network's name.")
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        try StandardOutput.line(try globals.engine().createNetwork(try request()).id)
        return 0
    }

    private func request() throws -> NetworkRequest {
        var request = NetworkRequest(name: try NetworkText.name(name, option: "NAME"))
        if let driver {
            guard let known = NetworkDriver(rawValue: driver) else {
                throw ConfigurationError(
                    "--driver", driver, "there is no such driver", accepted: "give bridge, routed or macvlan")
            }
            request.driver = known
        }
        request.parent = parent
        guard !["host", "none", "default"].contains(name) else {
            throw ConfigurationError("NAME", name, "it stands for a mode of --network", accepted: "choose another name")
        }
        request.subnets = try subnets()
        request.hasIPv6 = ipv6
        request.isInternal = `internal`
        request.isIsolated = isolated
        if let mtu { request.mtu = try Self.mtu(mtu, option: "--mtu") }
        for text in opt {
            let (key, value) = try NameText.keyValue(text, option: "--opt", required: true)
            try apply(key, value, to: &request)
            request.options[key] = value
        }
        guard (request.driver == .macvlan) == (request.parent != nil) else {
            throw ConfigurationError(
                "--parent", request.parent ?? "",
                "a macvlan network has an interface of the host, and no other network has",
                accepted: "give --driver macvlan and --parent together")
        }
        guard request.driver != .macvlan || !request.subnets.isEmpty else {
            throw ConfigurationError(
                "--subnet", "", "a macvlan network has addresses of its LAN",
                accepted: "give --subnet, --gateway and, for what is not the router's to give out, --ip-range")
        }
        for text in label {
            let (key, value) = try NameText.keyValue(text, option: "--label", required: false)
            request.labels[key] = value
        }
        return request
    }

    private func apply(_ key: String, _ value: String, to request: inout NetworkRequest) throws {
        switch key {
        case "com.docker.network.driver.mtu", "mtu": request.mtu = try Self.mtu(value, option: "--opt \(key)")
        case "com.docker.network.bridge.enable_ip_masquerade":
            request.masquerades = try OptionNumber.boolean(value, option: "--opt \(key)")
        case "com.docker.network.bridge.enable_icc":
            request.isIsolated = try !OptionNumber.boolean(value, option: "--opt \(key)")
        case "parent": request.parent = value
        case "isolate": request.isIsolated = try OptionNumber.boolean(value, option: "--opt \(key)")
        default:
            throw ConfigurationError(
                "--opt", key, "there is no such option",
                accepted: "see 'nestbox network create --help'")
        }
    }

    private static func mtu(_ text: String, option: String) throws -> UInt32 {
        // IPv6 needs 1,280 (RFC 8200, section 5), and IPv4 runs with 68 (RFC 791).
        UInt32(try OptionNumber.integer(text, option: option, in: 68...65535, meaning: "bytes"))
    }

    private func subnets() throws -> [Subnet] {
        var result: [Subnet] = []
        for text in subnet {
            let network = try NetworkText.network(text, option: "--subnet")
            let family = network.address.family
            guard network.prefixLength >= 4, network.prefixLength <= family.bits - 2 else {
                throw ConfigurationError("--subnet", text, "it has no room for containers, or too much of it")
            }
            guard !result.contains(where: { $0.network.address.family == family }) else {
                throw ConfigurationError(
                    "--subnet", text, "there is another \(family.rawValue) subnet", accepted: "give one")
            }
            result.append(Subnet(network))
        }
        for text in gateway {
            let address = try NetworkText.address(text, option: "--gateway")
            guard let index = result.firstIndex(where: { $0.network.contains(address) }) else {
                throw ConfigurationError("--gateway", text, "it lies in no --subnet", accepted: "give --subnet, too")
            }
            result[index].gateway = address
        }
        for text in ipRange {
            let range = try NetworkText.network(text, option: "--ip-range").network
            guard
                let index = result.firstIndex(where: {
                    $0.network.contains(range.first) && $0.network.contains(range.last)
                })
            else {
                throw ConfigurationError("--ip-range", text, "it lies in no --subnet", accepted: "give --subnet, too")
            }
            result[index].range = range
        }
        return result
    }
}
