/// A condition on events, as in `events --filter`: several of one kind are alternatives, different kinds must all hold; every
/// `label` must hold.
public enum EventFilter: Sendable, Hashable {
    /// It happened to something of this kind.
    case kind(String)
    /// This has happened.
    case event(String)
    /// It happened to the container, image, network or volume of this kind with this name, id or beginning of an id.
    case actor(kind: String, name: String)
    /// It happened to something with this label, with this value where one is given.
    case label(String, value: String?)

    private static let kinds = ["container", "image", "network", "volume"]

    /// Reads `key=value`.
    ///
    /// - Throws: `ConfigurationError` that lists the keys there are.
    public init(_ text: String) throws(ConfigurationError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let accepted = "filter by container, event, image, label, network, type or volume, like event=die"
        guard parts.count == 2, !parts[1].isEmpty else {
            throw ConfigurationError("--filter", text, "it has no key or no value", accepted: accepted)
        }
        switch parts[0] {
        case "type":
            guard Self.kinds.contains(parts[1]) else {
                throw ConfigurationError(
                    "--filter", text, "there is no such type", accepted: "give container, image, network or volume")
            }
            self = .kind(parts[1])
        case "event": self = .event(parts[1])
        case "container", "image", "network", "volume": self = .actor(kind: parts[0], name: parts[1])
        case "label":
            let label = parts[1].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            self = .label(String(label[0]), value: label.count > 1 ? String(label[1]) : nil)
        default: throw ConfigurationError("--filter", text, "there is no such key", accepted: accepted)
        }
    }

    private var group: String {
        switch self {
        case .kind: "type"
        case .event: "event"
        case .actor(let kind, _): kind
        case .label: "label"
        }
    }

    private func holds(for event: Event) -> Bool {
        switch self {
        case .kind(let kind): return event.kind == kind
        case .event(let action): return event.action == action || event.plainAction == action
        case .actor("image", let name) where event.kind == "container":
            return event.attributes["image"] == name || event.attributes["image"] == name + ":latest"
        case .actor("container", let name) where event.kind == "network":
            return event.attributes["container"]?.hasPrefix(name) ?? false
        case .actor(let kind, let name):
            let bare = event.id.hasPrefix("sha256:") ? String(event.id.dropFirst(7)) : event.id
            return event.kind == kind
                && (event.id == name || bare.hasPrefix(name) && kind != "volume" || event.attributes["name"] == name)
        case .label(let name, let value):
            guard let actual = event.attributes[name] else { return false }
            return value.map { $0 == actual } ?? true
        }
    }

    /// Whether an event satisfies the filters.
    static func matches(_ event: Event, _ filters: [EventFilter]) -> Bool {
        for filter in filters {
            if case .label = filter {
                if !filter.holds(for: event) { return false }
            } else if !filters.contains(where: { $0.group == filter.group && $0.holds(for: event) }) {
                return false
            }
        }
        return true
    }
}
