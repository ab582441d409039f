internal import OCISpec

/// A condition on volumes, as in `volume ls --filter`: several of one kind are alternatives, different kinds must all hold;
/// every `label` must hold.
public enum VolumeFilter: Sendable, Hashable {
    /// This is a part of its name.
    case name(String)
    /// It has this label, with this value where one is given.
    case label(String, value: String?)
    /// Whether no container uses it.
    case dangling(Bool)
    /// What keeps it; there is `local` only.
    case driver(String)

    /// Parses `key=value`.
    ///
    /// - Throws: `ConfigurationError` that lists the keys there are.
    public init(parsing text: String, option: String) throws(ConfigurationError) {
        let (key, value) = try NameText.keyValue(text, option: option, required: true)
        switch key {
        case "name": self = .name(value)
        case "label":
            let parts = value.parts(UInt8(ascii: "="), maxSplits: 1)
            self = .label(parts[0], value: parts.count == 2 ? parts[1] : nil)
        case "dangling": self = .dangling(try OptionNumber.boolean(value, option: "\(option) dangling"))
        case "driver": self = .driver(value)
        default:
            throw ConfigurationError(
                option, text, "there is no such filter", accepted: "give name=, label=, dangling= or driver=")
        }
    }

    private var kind: Int {
        switch self {
        case .name: 0
        case .label: 1
        case .dangling: 2
        case .driver: 3
        }
    }

    private func holds(for volume: Volume, isUsed: Bool) -> Bool {
        switch self {
        case .name(let part): volume.name.contains(part)
        case .label(let key, let value): volume.labels[key].map { value == nil || value == $0 } ?? false
        case .dangling(let isDangling): isDangling != isUsed
        case .driver(let driver): driver == "local"
        }
    }

    /// Whether a volume satisfies the filters.
    static func matches(_ volume: Volume, isUsed: Bool, _ filters: [VolumeFilter]) -> Bool {
        filters.allSatisfy { filter in
            if case .label = filter { return filter.holds(for: volume, isUsed: isUsed) }
            return filters.contains { $0.kind == filter.kind && $0.holds(for: volume, isUsed: isUsed) }
        }
    }
}
