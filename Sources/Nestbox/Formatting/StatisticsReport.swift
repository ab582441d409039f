public import OCISpec

/// A container as `stats` shows it.
public struct StatisticsReport: Sendable {
    private let sample: ContainerSample
    private let earlier: ContainerStatistics?
    private let isShortened: Bool
    private let name: String?

    /// - Parameters:
    ///   - sample: The container and what it uses.
    ///   - earlier: An earlier reading; nil: there is none, and what it uses of processors is not known yet.
    ///   - isShortened: Whether ids have 12 digits.
    ///   - name: What it was asked for by; nil: it was not asked for.
    public init(_ sample: ContainerSample, since earlier: ContainerStatistics?, isShortened: Bool, name: String? = nil)
    {
        self.sample = sample
        self.earlier = earlier
        self.isShortened = isShortened
        self.name = name
    }

    /// The template of the usual table.
    public static let table =
        #"{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"#

    /// The fields' column titles.
    public static let headers: JSONObject = [
        "BlockIO": "BLOCK I/O", "CPUPerc": "CPU %", "Container": "CONTAINER", "ID": "CONTAINER ID", "MemPerc": "MEM %",
        "MemUsage": "MEM USAGE / LIMIT", "Name": "NAME", "NetIO": "NET I/O", "PIDs": "PIDS",
    ]

    /// The fields.
    public var row: JSONValue {
        let container = sample.container
        let id = isShortened ? String(container.id.prefix(12)) : container.id
        let used = sample.statistics
        let share = used.flatMap { used in earlier.flatMap { used.cpuPercentage(since: $0) } }
        // One that does not run uses nothing; of one that has just started nobody knows yet.
        let cpu = used == nil ? HumanText.percentage(0) : share.map(HumanText.percentage) ?? "--"
        return [
            "BlockIO": .string(Self.sizes(used?.blockRead, used?.blockWritten)), "CPUPerc": .string(cpu),
            "Container": .string(name ?? id), "ID": .string(id),
            "MemPerc": .string(HumanText.percentage(used?.memoryPercentage ?? 0)),
            "MemUsage": .string(
                "\(HumanText.binarySize(used?.memory ?? 0)) / \(HumanText.binarySize(used?.memoryLimit ?? 0))"),
            "Name": .string(container.name), "NetIO": .string(Self.sizes(used?.networkReceived, used?.networkSent)),
            "PIDs": .string(String(used?.processes ?? 0)),
        ]
    }

    private static func sizes(_ first: UInt64?, _ second: UInt64?) -> String {
        "\(HumanText.size(Int64(clamping: first ?? 0))) / \(HumanText.size(Int64(clamping: second ?? 0)))"
    }
}

extension HumanText {
    /// A share with two digits after the point: `12.50%`.
    static func percentage(_ value: Double) -> String {
        let hundredths = UInt64(max(0, min(value, 1e12)) * 100 + 0.5)
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)%"
    }

    /// A size with four significant digits and units of 1,024: `0B`, `15.5MiB`, `1.25GiB`.
    static func binarySize(_ bytes: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var unit = 0
        var scale = 1.0
        while unit + 1 < units.count, Double(bytes) >= scale * 1024 {
            scale *= 1024
            unit += 1
        }
        let value = Double(bytes) / scale
        // The digits after the point that four significant digits leave.
        let places = value >= 1000 ? 1 : (value >= 100 ? 10 : (value >= 10 ? 100 : 1000))
        let rounded = Int((value * Double(places)).rounded())
        var fraction = String(rounded % places + places).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return "\(rounded / places)" + (fraction.isEmpty ? "" : "." + fraction) + units[unit]
    }
}
