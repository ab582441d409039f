internal import ArgumentParser
internal import ContainerNetwork
internal import LinuxNetwork
internal import Nestbox
internal import OCISpec

/// `nestbox security-group`.
struct SecurityGroupGroup: CommandGroup {
    static let commands: [any NestboxCommand.Type] = [
        SecurityGroupCreate.self, SecurityGroupList.self, SecurityGroupInspect.self, SecurityGroupAuthorize.self,
        SecurityGroupRevoke.self, SecurityGroupRemove.self,
    ]
    static let configuration = CommandConfiguration.group(
        name: "security-group", abstract: "Say what reaches tasks, and what they reach.", commands: commands)
}

/// `nestbox security-group create`.
struct SecurityGroupCreate: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "create", abstract: "Make a security group.", usage: "nestbox security-group create [<flags>] <group>",
        discussion: "Nothing reaches the tasks of a new group, and they reach everything.")
    static let verb = "security-group create"
    static let switches: [String: Character?] = [:]

    @Option(name: .long, help: .init("What it is for.", valueName: "text"))
    var description: String?

    @Argument(help: "The group's name.")
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let group = try globals.engine().createSecurityGroup(
            try NetworkText.name(name, option: "GROUP"), details: description ?? "")
        try StandardOutput.line(group.name)
        return 0
    }
}

/// `nestbox security-group ls`.
struct SecurityGroupList: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "ls", abstract: "List security groups.", usage: "nestbox security-group ls [<flags>]")
    static let verb = "security-group ls"
    static let switches: [String: Character?] = ["quiet": "q"]

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false

    @Option(name: .long, help: .init("table, json, or a template such as '{{.Name}}'.", valueName: "format"))
    var format: String?

    private static let headers: JSONObject = [
        "Name": "GROUP", "Ingress": "INGRESS", "Egress": "EGRESS", "Description": "DESCRIPTION",
    ]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let listFormat = try ListFormat(
            parsing: quiet ? "{{.Name}}" : format, table: #"{{.Name}}\t{{.Ingress}}\t{{.Egress}}\t{{.Description}}"#)
        let rows = try globals.engine().securityGroups().map { group -> JSONValue in
            [
                "Name": .string(group.name), "Description": .string(group.details),
                "Ingress": .string(group.ingress.map(\.text).joined(separator: ", ")),
                "Egress": .string(group.egress.map(\.text).joined(separator: ", ")),
            ]
        }
        try StandardOutput.write(try listFormat.text(of: rows, headers: Self.headers))
        return 0
    }
}

/// `nestbox security-group inspect`.
struct SecurityGroupInspect: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "inspect", abstract: "Show all about security groups.",
        usage: "nestbox security-group inspect [<flags>] <group> ...")
    static let verb = "security-group inspect"
    static let switches: [String: Character?] = [:]

    @Option(name: .shortAndLong, help: .init("json, or a template such as '{{.ingress}}'.", valueName: "format"))
    var format: String?

    @Argument(help: "Names of groups.")
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Inspection.show(names, format: format) { try engine.securityGroup($0).json }
    }
}

/// `nestbox security-group rm`.
struct SecurityGroupRemove: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "rm", abstract: "Remove security groups that no task is in.",
        usage: "nestbox security-group rm <group> ...")
    static let verb = "security-group rm"
    static let switches: [String: Character?] = [:]

    @Argument(help: "Names of groups.")
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Each.of(names) { name in
            try engine.removeSecurityGroup(name)
            try StandardOutput.line(name)
        }
    }
}

extension SecurityGroup.Rule {
    /// `tcp 80 from 0.0.0.0/0`, without the word that says which way.
    var text: String {
        let range = ports.map { $0.count == 1 ? " \($0.lowerBound)" : " \($0.lowerBound)-\($0.upperBound)" } ?? ""
        switch peer {
        case .network(let network): return "\(kind.rawValue)\(range) \(network)"
        case .group(let name): return "\(kind.rawValue)\(range) group \(name)"
        }
    }
}
