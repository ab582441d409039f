internal import ArgumentParser
internal import ContainerNetwork
internal import Nestbox

/// `nestbox network rm`.
struct NetworkRemove: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "rm", abstract: "Remove networks that no container is on.",
        usage: "nestbox network rm [<flags>] <network> ...",
        discussion: "The default network can be removed, too: it is made again when a container needs it.")
    static let verb = "network rm"
    static let switches: [String: Character?] = ["force": "f"]

    @Flag(name: .shortAndLong, help: "Say nothing of networks that do not exist.")
    var force = false

    @Argument(help: .init("Names, ids, or the beginnings of ids.", valueName: "network"), completion: .networkName)
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Each.of(names) { name in
            if force, try !engine.networks().contains(where: { $0.name == name || $0.id.hasPrefix(name) }) { return }
            try engine.removeNetwork(try engine.network(name))
            try StandardOutput.line(name)
        }
    }
}

/// `nestbox network prune`.
struct NetworkPrune: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "prune", abstract: "Remove all networks that no container is on, but for the default one.",
        usage: "nestbox network prune [<flags>]")
    static let verb = "network prune"
    static let switches: [String: Character?] = ["force": "f"]

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        guard try force || Confirmation.isGiven("This will remove all networks that no container is on.") else {
            return 0
        }
        let names = try globals.engine().pruneNetworks()
        if !names.isEmpty { try StandardOutput.write("Deleted Networks:\n" + names.map { $0 + "\n" }.joined()) }
        return 0
    }
}
