internal import ArgumentParser
internal import ImageStore
internal import Nestbox
internal import OCISpec

/// `nestbox inspect`.
struct Inspect: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Show all about containers or images.", usage: "nestbox inspect [<flags>] <name> ...")
    static let switches: [String: Character?] = [:]

    @Option(name: .shortAndLong, help: .init("json, or a template such as '{{.State.Status}}'.", valueName: "format"))
    var format: String?

    @Option(
        name: .long, help: .init("Look at these only: container or image.", valueName: "type"),
        completion: .list(["container", "image"]))
    var type: String?

    @Argument(
        help: .init("Containers or images: names, ids, or the beginnings of ids.", valueName: "name"),
        completion: .objectName)
    var names: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        if let type, type != "container", type != "image" {
            throw ConfigurationError("--type", type, "there is no such type", accepted: "give container or image")
        }
        let engine = try globals.engine()
        return try Inspection.show(names, format: format) { try look(for: $0, engine) }
    }

    private func look(for name: String, _ engine: Engine) throws -> JSONValue {
        do {
            guard type != "image" else { return ImageReport(try engine.images.image(named: name)).inspection }
            return try engine.inspect(try engine.container(name))
        } catch EngineError.noSuchContainer where type == nil {
            do {
                return ImageReport(try engine.images.image(named: name)).inspection
            } catch ImageStoreError.noImage {
                throw CommandFailure("no such container or image: \(name)", exitCode: 1)
            }
        }
    }
}
