internal import ArgumentParser
internal import ContainerNetwork
internal import LinuxNetwork
internal import Nestbox
internal import OCISpec

/// `nestbox task-net`.
struct TaskNetworkGroup: CommandGroup {
    static let commands: [any NestboxCommand.Type] = [
        TaskNetworkCreate.self, TaskNetworkList.self, TaskNetworkInspect.self, TaskNetworkUpdate.self,
        TaskNetworkRemove.self,
    ]
    static let configuration = CommandConfiguration.group(
        name: "task-net", abstract: "Give tasks an address each, which their containers share (Amazon's awsvpc).",
        commands: commands)
}

/// `nestbox task-net create`.
struct TaskNetworkCreate: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "create", abstract: "Make a task's network.", usage: "nestbox task-net create [<flags>] <task>",
        discussion: "Prints the task's addresses. Its containers are run with --network task:<task>.")
    static let verb = "task-net create"
    static let switches: [String: Character?] = [:]

    @Option(
        name: [.long, .customLong("subnet")],
        help: .init("A network for tasks (default \"tasks\", made when it is missing).", valueName: "network"),
        completion: .networkName)
    var network: String?

    @Option(name: .long, help: .init("Its IPv4 address.", valueName: "address"))
    var ip: String?

    @Option(name: .long, help: .init("Its IPv6 address.", valueName: "address"))
    var ip6: String?

    @Option(name: .long, help: .init("Its MAC address.", valueName: "address"))
    var macAddress: String?

    @Option(name: .long, help: .init("One more name on the network. May be repeated.", valueName: "name"))
    var alias: [String] = []

    @Option(
        name: .long, help: .init("A group that it is in; none: all is allowed. May be repeated.", valueName: "group"))
    var securityGroup: [String] = []

    @Argument(help: "The task's name.")
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        var request = TaskNetworkRequest(name: try NetworkText.name(name, option: "TASK"))
        if let network { request.endpoint.network = try NetworkText.name(network, option: "--network") }
        for (text, option) in [(ip, "--ip"), (ip6, "--ip6")] {
            if let text { request.endpoint.addresses.append(try NetworkText.address(text, option: option)) }
        }
        if let macAddress {
            request.endpoint.linkAddress = try NetworkText.linkAddress(macAddress, option: "--mac-address")
        }
        request.endpoint.aliases = try alias.map { try NameText.hostname($0, option: "--alias") }
        request.securityGroups = securityGroup
        let task = try globals.engine().createTaskNetwork(request)
        for address in task.endpoint.addresses { try StandardOutput.line("\(address)") }
        return 0
    }
}

/// `nestbox task-net ls`.
struct TaskNetworkList: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "ls", abstract: "List tasks' networks.", usage: "nestbox task-net ls [<flags>]")
    static let verb = "task-net ls"
    static let switches: [String: Character?] = ["quiet": "q"]

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false

    @Option(name: .long, help: .init("table, json, or a template such as '{{.Name}}'.", valueName: "format"))
    var format: String?

    private static let headers: JSONObject = [
        "Name": "TASK", "Network": "NETWORK", "Addresses": "ADDRESSES", "MacAddress": "MAC ADDRESS",
        "SecurityGroups": "SECURITY GROUPS",
    ]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let listFormat = try ListFormat(
            parsing: quiet ? "{{.Name}}" : format,
            table: #"{{.Name}}\t{{.Network}}\t{{.Addresses}}\t{{.MacAddress}}\t{{.SecurityGroups}}"#)
        let rows = try globals.engine().taskNetworks().map { task -> JSONValue in
            [
                "Name": .string(task.name), "Network": .string(task.endpoint.network),
                "Addresses": .string(task.endpoint.addresses.map(\.description).joined(separator: ",")),
                "MacAddress": task.endpoint.linkAddress.json,
                "SecurityGroups": .string(task.securityGroups.joined(separator: ",")),
            ]
        }
        try StandardOutput.write(try listFormat.text(of: rows, headers: Self.headers))
        return 0
    }
}

/// `nestbox task-net inspect`.
struct TaskNetworkInspect: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "inspect", abstract: "Show all about tasks' networks.",
        usage: "nestbox task-net inspect [<flags>] <task> ...")
    static let verb = "task-net inspect"
    static let switches: [String: Character?] = [:]

    @Option(name: .shortAndLong, help: .init("json, or a template such as '{{.endpoint}}'.", valueName: "format"))
    var format: String?

    @Argument(help: "Names of tasks.")
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Inspection.show(names, format: format) { try engine.taskNetwork($0).json }
    }
}

/// `nestbox task-net update`.
struct TaskNetworkUpdate: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "update", abstract: "Put a task into other security groups, while it runs.",
        usage: "nestbox task-net update [<flags>] <task>")
    static let verb = "task-net update"
    static let switches: [String: Character?] = [:]

    @Option(name: .long, help: .init("A group that it is in from now on. May be repeated.", valueName: "group"))
    var securityGroup: [String] = []

    @Argument(help: "The task's name.")
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        try engine.setSecurityGroups(securityGroup, of: try engine.taskNetwork(name))
        return 0
    }
}

/// `nestbox task-net rm`.
struct TaskNetworkRemove: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "rm", abstract: "Remove tasks' networks that no container uses.",
        usage: "nestbox task-net rm <task> ...")
    static let verb = "task-net rm"
    static let switches: [String: Character?] = [:]

    @Argument(help: "Names of tasks.")
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Each.of(names) { name in
            try engine.removeTaskNetwork(try engine.taskNetwork(name))
            try StandardOutput.line(name)
        }
    }
}
