internal import ArgumentParser
internal import Nestbox

/// `nestbox port`.
struct Port: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "List a container's published ports.", usage: "nestbox port <container> [<port>[/<protocol>]]")
    static let switches: [String: Character?] = [:]

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "container"),
        completion: .containerName)
    var container: String

    @Argument(help: .init("A port of the container, tcp unless it says otherwise.", valueName: "port"))
    var port: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        let lines = try engine.publishedPorts(of: try engine.container(container))
        guard let port else {
            try StandardOutput.write(lines.map { "\($0.containerPort) -> \($0.host)\n" }.joined())
            return 0
        }
        let wanted = port.contains("/") ? port.lowercased() : port + "/tcp"
        let found = lines.filter { $0.containerPort == wanted }
        guard !found.isEmpty else {
            throw CommandFailure("port \(wanted) of container \(container) is not published", exitCode: 1)
        }
        try StandardOutput.write(found.map { $0.host + "\n" }.joined())
        return 0
    }
}
