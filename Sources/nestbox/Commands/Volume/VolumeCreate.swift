internal import ArgumentParser
internal import Nestbox

/// `nestbox volume create`.
struct VolumeCreate: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "create", abstract: "Make a volume.", usage: "nestbox volume create [<flags>] [<name>]",
        discussion:
            "Prints the volume's name: 64 random digits when none is given. One that is there already stays as it is.")
    static let verb = "volume create"
    static let switches: [String: Character?] = [:]

    @Option(
        name: .shortAndLong, help: .init("local, which is also the default.", valueName: "driver"),
        completion: .list(["local"]))
    var driver: String?

    @Option(name: .long, help: .init("Set a label. May be repeated.", valueName: "KEY=VALUE"))
    var label: [String] = []

    @Argument(help: "The volume's name.")
    var name: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        if let driver, driver != "local" {
            throw ConfigurationError("--driver", driver, "there is no such driver", accepted: "give local")
        }
        var labels: [String: String] = [:]
        for text in label {
            let (key, value) = try NameText.keyValue(text, option: "--label", required: false)
            labels[key] = value
        }
        // As in Docker, an empty name is none.
        let given = name.flatMap { $0.isEmpty ? nil : $0 }
        try StandardOutput.line(try globals.engine().createVolume(given, labels: labels).name)
        return 0
    }
}
