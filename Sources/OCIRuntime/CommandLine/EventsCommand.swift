internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// `events`: prints what a container uses, once or again and again, and when its memory was used up.
enum EventsCommand {
    static let command = Subcommand(options: [.value("interval"), .flag("stats")]) {
        options, global throws(LaunchError) in
        let container = try options.container(global)
        let pause = try duration(options["interval"] ?? "5s")
        guard container.status() != .stopped else {
            throw LaunchError("container with id \(container.record.id) is not running")
        }
        let cgroup = try container.requiredCgroup()
        if options.has("stats") {
            try tell("stats", container, ContainerStatistics(cgroup).json)
            return 0
        }
        var kills = killCount(cgroup)
        var next = Int64(0)
        // A tenth of a second: nothing else tells of an OOM kill on every kernel.
        while container.status() != .stopped {
            let now = killCount(cgroup)
            if now > kills { try tell("oom", container, nil) }
            kills = now
            if Uptime.milliseconds() >= next {
                try tell("stats", container, ContainerStatistics(cgroup).json)
                next = Uptime.milliseconds() + pause
            }
            usleep(100_000)
        }
        return 0
    }

    private static func killCount(_ cgroup: Cgroup) -> Int { (try? cgroup.oomKillCount()) ?? 0 }

    private static func tell(
        _ type: String, _ container: FoundContainer, _ data: JSONValue?
    ) throws(LaunchError) {
        var object = JSONObject()
        object.set("type", to: type)
        object.set("id", to: container.record.id)
        object.set("data", to: data)
        try Output.write(JSONValue.object(object).serialized() + [UInt8(ascii: "\n")])
    }

    /// Milliseconds of `5s`, `500ms` or `1m`.
    private static func duration(_ text: String) throws(LaunchError) -> Int64 {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let factor: Int64? =
            switch text.dropFirst(digits.count) {
            case "ms": 1
            case "s": 1000
            case "m": 60_000
            default: nil
            }
        guard let number = Int64(digits), number > 0, number < 1 << 32, let factor else {
            throw LaunchError("invalid value \"\(text)\" for interval: use a time such as 5s")
        }
        return number * factor
    }
}
