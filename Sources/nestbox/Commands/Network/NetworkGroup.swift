internal import ArgumentParser

/// `nestbox network`.
struct NetworkGroup: CommandGroup {
    static let commands: [any NestboxCommand.Type] = [
        NetworkCreate.self, NetworkList.self, NetworkInspect.self, NetworkRemove.self, NetworkPrune.self,
        NetworkConnect.self, NetworkDisconnect.self,
    ]
    static let configuration = CommandConfiguration.group(
        name: "network", abstract: "Make and remove networks, and put containers on them.", commands: commands)
}
