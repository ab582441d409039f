internal import ArgumentParser
internal import Nestbox
internal import OCISpec

/// `nestbox events`.
struct Events: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Show what happens to containers, images, networks and volumes.", usage: "nestbox events [<flags>]",
        discussion:
            "Without --since only what happens from now on. The last megabytes are remembered until the machine is "
            + "restarted.")
    static let switches: [String: Character?] = [:]

    @Option(
        name: .shortAndLong,
        help: .init("A condition like event=die or container=web. May be repeated.", valueName: "key=value"))
    var filter: [String] = []

    @Option(
        name: .long,
        help: .init("What has happened since: a time, or 10m for ten minutes ago.", valueName: "time"))
    var since: String?

    @Option(
        name: .long, help: .init("Nothing younger: a time, or 10m for ten minutes ago.", valueName: "time"))
    var until: String?

    @Option(
        name: .long, help: .init("json, or a template such as '{{.Type}} {{.Action}}'.", valueName: "format"))
    var format: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let now = Caller.now
        var options = EventOptions(filters: try filter.map { try EventFilter($0) })
        options.since = try since.map { try MomentText.parse($0, option: "--since", now: now) }
        options.until = try until.map { try MomentText.parse($0, option: "--until", now: now) }
        let template = format == "json" ? nil : try format.map { try Template(parsing: $0, unescape: true) }
        let reader = try globals.engine().events(options)
        while let event = try reader.next() {
            let line = try template?.render(event.json)
            try StandardOutput.line(
                line ?? (format == nil ? event.description : String(decoding: event.json.serialized(), as: UTF8.self)))
        }
        return 0
    }
}
