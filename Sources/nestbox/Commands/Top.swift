internal import ArgumentParser
internal import Nestbox

/// `nestbox top`.
struct Top: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Show the processes of a container.", usage: "nestbox top <container> [-o <column>,...]",
        discussion:
            "Pids and users are the host's. No ps(1) is run: of its options there is -o with columns of "
            + ProcessColumn.allCases.map(\.rawValue).joined(separator: ",") + ".")
    static let switches: [String: Character?] = [:]
    static let isInterspersed = false

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var container: String

    @Argument(help: .init("Options of ps(1).", valueName: "option"))
    var psOptions: [String] = []

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let columns = try [ProcessColumn](psOptions: psOptions)
        let engine = try globals.engine()
        try StandardOutput.write(try engine.processes(of: try engine.container(container), columns: columns).text)
        return 0
    }
}
