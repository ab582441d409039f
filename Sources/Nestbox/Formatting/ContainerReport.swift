internal import OCIRuntime
public import OCISpec

/// A container as `ps` lists it.
public struct ContainerReport: Sendable {
    private let container: Container
    private let now: Timestamp
    private let isShortened: Bool
    private let ports: String

    /// - Parameters:
    ///   - container: The container.
    ///   - now: What ages count to.
    ///   - isShortened: Whether ids have 12 digits and commands 20 characters.
    ///   - ports: its published ports.
    public init(_ container: Container, now: Timestamp, isShortened: Bool, ports: String = "") {
        self.ports = ports
        self.container = container
        self.now = now
        self.isShortened = isShortened
    }

    /// The template of the usual table.
    public static let table =
        #"{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"#

    /// The fields' column titles.
    public static let headers: JSONObject = [
        "ID": "CONTAINER ID", "Image": "IMAGE", "Command": "COMMAND", "CreatedAt": "CREATED AT",
        "RunningFor": "CREATED",
        "Status": "STATUS", "State": "STATE", "Ports": "PORTS", "Names": "NAMES", "Labels": "LABELS",
        "Mounts": "MOUNTS",
        "LocalVolumes": "LOCAL VOLUMES", "Networks": "NETWORKS",
    ]

    /// The fields.
    public var row: JSONValue {
        let created = try? Timestamp(container.created)
        let mounts = container.configuration.mounts.compactMap { $0.kind == .bind ? $0.source : nil }
        let labels = container.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return [
            "ID": .string(isShortened ? String(container.id.prefix(12)) : container.id),
            "Image": .string(container.configuration.image),
            "Command": .string(
                HumanText.quoted(container.arguments.joined(separator: " "), limit: isShortened ? 20 : nil)),
            "CreatedAt": .string(created.map(HumanText.moment) ?? container.created),
            "RunningFor": .string(age(created) + " ago"),
            "Status": .string(status), "State": .string(container.status), "Ports": .string(ports),
            "Names": .string(container.name), "Labels": .string(labels.joined(separator: ",")),
            // What the template's `.Label "key"` looks up.
            "Label": container.labels.json,
            "Mounts": .string((container.volumeNames + mounts).joined(separator: ",")),
            "LocalVolumes": .string(String(container.volumeNames.count)),
            "Networks": .string(container.configuration.network.text),
        ]
    }

    /// `Up 5 minutes`, `Up 5 minutes (Paused)`, `Exited (0) About an hour ago`, `Created`.
    private var status: String {
        switch container.state.status {
        case .created: "Created"
        case .running:
            "Up \(age(container.state.startedAt.flatMap { try? Timestamp($0) }))"
                + (container.isPaused ? " (Paused)" : Self.text(container.health))
        case .restarting: ended("Restarting")
        case .exited: ended("Exited")
        }
    }

    private func ended(_ word: String) -> String {
        let finished = container.state.finishedAt.flatMap { try? Timestamp($0) }
        return "\(word) (\(container.state.exitCode ?? 0)) \(age(finished)) ago"
    }

    private static func text(_ health: HealthRecord?) -> String {
        switch health?.status {
        case nil: ""
        case .starting: " (health: starting)"
        case .healthy: " (healthy)"
        case .unhealthy: " (unhealthy)"
        }
    }

    private func age(_ moment: Timestamp?) -> String {
        guard let moment else { return "some time" }
        return HumanText.duration(seconds: now.seconds - moment.seconds)
    }
}
