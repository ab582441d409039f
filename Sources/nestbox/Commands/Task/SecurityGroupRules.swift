internal import ArgumentParser
internal import ContainerNetwork
internal import LinuxNetwork
internal import Nestbox

/// A rule of a security group as flags.
struct RuleOptions: ParsableArguments {
    @Flag(name: .long, help: "About what the tasks reach, and not what reaches them.")
    var egress = false

    @Option(
        name: .long, help: .init("all, tcp, udp or icmp (default all).", valueName: "protocol"),
        completion: .list(["all", "tcp", "udp", "icmp"]))
    var `protocol`: String?

    @Option(name: .long, help: .init("Destination ports (default all).", valueName: "port[-port]"))
    var port: String?

    @Option(name: .long, help: .init("The addresses of the other side. May be repeated.", valueName: "network"))
    var cidr: [String] = []

    @Option(name: .long, help: .init("The tasks of a group as the other side. May be repeated.", valueName: "group"))
    var sourceGroup: [String] = []

    /// The list of a group that the rules stand in.
    var list: WritableKeyPath<SecurityGroup, [SecurityGroup.Rule]> { egress ? \.egress : \.ingress }

    /// The rules, one for each other side.
    func rules() throws -> [SecurityGroup.Rule] {
        let kind = try `protocol`.map { text in
            guard let kind = SecurityGroup.Kind(rawValue: text == "-1" ? "all" : text) else {
                throw ConfigurationError(
                    "--protocol", text, "there is no such protocol", accepted: "give all, tcp, udp or icmp")
            }
            return kind
        }
        var ports: ClosedRange<UInt16>?
        if let port {
            let ends = port.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last
            else {
                throw ConfigurationError("--port", port, "it is no port and no range", accepted: "give 80 or 8000-8010")
            }
            guard kind == .tcp || kind == .udp else {
                throw ConfigurationError(
                    "--port", port, "only tcp and udp have ports", accepted: "give --protocol, too")
            }
            ports = first...last
        }
        let peers =
            try cidr.map { SecurityGroup.Peer.network(try NetworkText.network($0, option: "--cidr").network) }
            + sourceGroup.map { .group(try NetworkText.name($0, option: "--source-group")) }
        guard !peers.isEmpty else {
            throw ConfigurationError(
                "--cidr", "", "the rule has no other side", accepted: "give --cidr or --source-group")
        }
        return peers.map { SecurityGroup.Rule(kind ?? .all, ports: ports, peer: $0) }
    }
}

/// `nestbox security-group authorize`.
struct SecurityGroupAuthorize: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "authorize", abstract: "Allow something, while the tasks run.",
        usage: "nestbox security-group authorize [<flags>] <group>")
    static let verb = "security-group authorize"
    static let switches: [String: Character?] = ["egress": nil]

    @OptionGroup var options: RuleOptions

    @Argument(help: "The group's name.")
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let rules = try options.rules()
        try globals.engine().changeSecurityGroup(name) { group in
            for rule in rules where !group[keyPath: options.list].contains(rule) {
                group[keyPath: options.list].append(rule)
            }
        }
        return 0
    }
}

/// `nestbox security-group revoke`.
struct SecurityGroupRevoke: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "revoke", abstract: "Allow something no longer, while the tasks run.",
        usage: "nestbox security-group revoke [<flags>] <group>")
    static let verb = "security-group revoke"
    static let switches: [String: Character?] = ["egress": nil]

    @OptionGroup var options: RuleOptions

    @Argument(help: "The group's name.")
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let rules = try options.rules()
        try globals.engine().changeSecurityGroup(name) { group in
            for rule in rules {
                guard group[keyPath: options.list].contains(rule) else {
                    throw CommandFailure("group \(name) has no such rule: \(rule.text)", exitCode: 1)
                }
                group[keyPath: options.list].removeAll { $0 == rule }
            }
        }
        return 0
    }
}
