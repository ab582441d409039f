internal import ArgumentParser
internal import ContainerNetwork
internal import LinuxNetwork
internal import Nestbox

/// `nestbox network connect`.
struct NetworkConnect: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "connect", abstract: "Put a container on one more network.",
        usage: "nestbox network connect [<flags>] <network> <container>")
    static let verb = "network connect"
    static let switches: [String: Character?] = [:]

    @Option(name: .long, help: .init("Its IPv4 address there.", valueName: "address"))
    var ip: String?

    @Option(name: .long, help: .init("Its IPv6 address there.", valueName: "address"))
    var ip6: String?

    @Option(name: .long, help: .init("One more name there. May be repeated.", valueName: "name"))
    var alias: [String] = []

    @Argument(help: .init("A name, an id, or the beginning of an id.", valueName: "network"), completion: .networkName)
    var network: String

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var container: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        var request = EndpointRequest(network: try engine.network(network).name)
        if let ip { request.addresses.append(try NetworkText.address(ip, option: "--ip")) }
        if let ip6 { request.addresses.append(try NetworkText.address(ip6, option: "--ip6")) }
        for name in alias { request.aliases.append(try NameText.hostname(name, option: "--alias")) }
        Warnings.show(try engine.connect(try engine.container(container), to: request))
        return 0
    }
}

/// `nestbox network disconnect`.
struct NetworkDisconnect: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "disconnect", abstract: "Take a container off a network.",
        usage: "nestbox network disconnect [<flags>] <network> <container>")
    static let verb = "network disconnect"
    static let switches: [String: Character?] = ["force": "f"]

    @Flag(name: .shortAndLong, help: "Accepted for Docker's sake.")
    var force = false

    @Argument(help: .init("A name, an id, or the beginning of an id.", valueName: "network"), completion: .networkName)
    var network: String

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var container: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        Warnings.show(
            try engine.disconnect(try engine.container(container), from: try engine.network(network)))
        return 0
    }
}
