internal import ArgumentParser
internal import ContainerNetwork
internal import LinuxNetwork
internal import Nestbox
internal import OCISpec

/// `nestbox network ls`.
struct NetworkList: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "ls", abstract: "List networks.", usage: "nestbox network ls [<flags>]")
    static let verb = "network ls"
    static let switches: [String: Character?] = ["quiet": "q", "no-trunc": nil]

    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false

    @Flag(name: .customLong("no-trunc"), help: "Do not shorten ids.")
    var noTruncation = false

    @Option(
        name: .shortAndLong,
        help: .init("name=TEXT, id=PREFIX or label=KEY[=VALUE]. May be repeated.", valueName: "key=value"))
    var filter: [String] = []

    @Option(name: .long, help: .init("table, json, or a template such as '{{.Name}}'.", valueName: "format"))
    var format: String?

    private static let headers: JSONObject = [
        "ID": "NETWORK ID", "Name": "NAME", "Driver": "DRIVER", "Scope": "SCOPE", "Subnets": "SUBNETS",
        "IPv6": "IPV6", "Internal": "INTERNAL", "Labels": "LABELS", "CreatedAt": "CREATED AT",
    ]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let listFormat = try ListFormat(
            parsing: quiet ? "{{.ID}}" : format,
            table: #"{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}\t{{.Subnets}}"#)
        let conditions = try filter.map { try NameText.keyValue($0, option: "--filter", required: true) }
        let all = try globals.engine().networks { StandardError.line("warning: \($0)") }
        let networks = try all.filter { network in
            try conditions.allSatisfy { try Self.matches(network, $0.0, $0.1) }
        }
        let rows = networks.map { network -> JSONValue in
            [
                "ID": .string(noTruncation ? network.id : String(network.id.prefix(12))),
                "Name": .string(network.name), "Driver": network.driver.json, "Scope": "local",
                "Subnets": .string(network.subnets.map { "\($0.network)" }.joined(separator: ",")),
                "IPv6": .string(String(network.subnet(.v6) != nil)), "Internal": .string(String(network.isInternal)),
                "Labels": .string(
                    network.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")),
                "CreatedAt": .string(network.created),
            ]
        }
        try StandardOutput.write(try listFormat.text(of: rows, headers: Self.headers))
        return 0
    }

    private static func matches(_ network: NetworkDefinition, _ key: String, _ value: String) throws -> Bool {
        switch key {
        case "name": return network.name.contains(value)
        case "id": return network.id.hasPrefix(value)
        case "driver": return value == network.driver.rawValue
        case "label":
            let parts = value.split(separator: "=", maxSplits: 1).map(String.init)
            guard let label = network.labels[parts.first ?? ""] else { return false }
            return parts.count < 2 || label == parts[1]
        default:
            throw ConfigurationError(
                "--filter", key, "there is no such key", accepted: "filter by name, id, driver or label")
        }
    }
}
