internal import ArgumentParser
internal import Nestbox

/// `nestbox volume rm`.
struct VolumeRemove: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "rm", abstract: "Remove volumes that no container uses, with all that is in them.",
        usage: "nestbox volume rm [<flags>] <volume> ...")
    static let verb = "volume rm"
    static let switches: [String: Character?] = ["force": "f"]

    @Flag(name: .shortAndLong, help: "A name that no volume has is no error.")
    var force = false

    @Argument(help: .init("Names of volumes.", valueName: "volume"), completion: .volumeName)
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Each.of(names) { name in
            do {
                try engine.removeVolume(name)
            } catch EngineError.noSuchVolume where force {
                // As in Docker, its name is printed all the same.
            }
            try StandardOutput.line(name)
        }
    }
}

/// `nestbox volume prune`.
struct VolumePrune: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "prune", abstract: "Remove the volumes that nobody has named and no container uses.",
        usage: "nestbox volume prune [<flags>]")
    static let verb = "volume prune"
    static let switches: [String: Character?] = ["all": "a", "force": "f"]

    @Flag(name: .shortAndLong, help: "Also those that have a name.")
    var all = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false

    @Option(
        name: .long,
        help: .init("label=KEY[=VALUE] or label!=KEY[=VALUE]. May be repeated: all must hold.", valueName: "key=value"))
    var filter: [String] = []

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let filters = try filter.map { try PruneFilter(parsing: $0, option: "--filter", now: nil) }
        let what = all ? "all local volumes" : "anonymous local volumes"
        guard try force || Confirmation.isGiven("This will remove \(what) not used by at least one container.") else {
            return 0
        }
        let pruning = try globals.engine().pruneVolumes(all: all, filters: filters)
        return try PruneOutput.write(
            "Deleted Volumes:", pruning.removed, reclaimed: pruning.reclaimed, failures: pruning.failures)
    }
}
