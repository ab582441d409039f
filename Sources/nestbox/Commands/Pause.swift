internal import ArgumentParser
internal import Nestbox

/// `nestbox pause`.
struct Pause: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Freeze all processes of containers where they stand.", usage: "nestbox pause <container> ...")
    static let switches: [String: Character?] = [:]

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var containers: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Each.of(containers) { name in
            try engine.pause(try engine.container(name))
            try StandardOutput.line(name)
        }
    }
}

/// `nestbox unpause`.
struct Unpause: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Let the processes of paused containers run on.", usage: "nestbox unpause <container> ...")
    static let switches: [String: Character?] = [:]

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var containers: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Each.of(containers) { name in
            try engine.unpause(try engine.container(name))
            try StandardOutput.line(name)
        }
    }
}
