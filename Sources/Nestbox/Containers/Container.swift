public import OCIRuntime

/// A container as it was when it was looked at: what it was made of, and where in its life it is.
public struct Container: Sendable, Hashable {
    let record: ContainerRecord
    /// What its supervisor has recorded, repaired where a crash had left it wrong.
    public let state: ContainerState
    /// Whether all its processes are frozen, as the kernel says.
    public internal(set) var isPaused = false

    /// How its health is; nil: nobody finds out.
    public internal(set) var health: HealthRecord?

    init(record: ContainerRecord, state: ContainerState) {
        self.record = record
        self.state = state
    }

    /// 64 hexadecimal digits.
    public var id: String { record.id }
    /// Its name, without a slash.
    public var name: String { record.name }
    /// What was asked for.
    public var configuration: ContainerConfiguration { record.configuration }
    /// The digest of its image's configuration.
    public var imageID: String { record.imageID }
    /// When it was made, RFC 3339 in UTC.
    public var created: String { record.created }
    /// Its labels: the image's, and the caller's over them.
    public var labels: [String: String] {
        record.settings.labels.merging(record.configuration.labels) { _, given in given }
    }
    /// The program and its arguments that it runs.
    public var arguments: [String] {
        let input = SpecificationInput(
            id: id, configuration: configuration, image: record.settings, facts: HostFacts(),
            files: ContainerPaths(folder: "", runFolder: ""))
        return (try? input.arguments()) ?? []
    }
    /// The ids its user namespace maps to; nil: it lives in the host's.
    public var idRange: IDRange? { record.idRange }
    /// The names of the volumes mounted in it.
    public var volumeNames: [String] { record.volumes.map(\.name) }
    /// Its cgroup below the root of every hierarchy.
    public var cgroupPath: String { record.cgroupPath }

    /// Whether its first process runs, be it paused or not.
    public var isRunning: Bool { state.status == .running }
    /// Whether its supervisor waits to start it again.
    public var isRestarting: Bool { state.status == .restarting }
    /// Whether it runs, or is going to without anybody's doing.
    public var isActive: Bool { state.isActive }
    /// Where in its life it is, in one word: `created`, `running`, `paused`, `restarting` or `exited`.
    public var status: String { isPaused ? "paused" : state.status.rawValue }
}

/// Which container something is about.
public struct ContainerIdentity: Sendable, Hashable {
    /// 64 hexadecimal digits.
    public let id: String
    /// Its name, without a slash.
    public let name: String
}
